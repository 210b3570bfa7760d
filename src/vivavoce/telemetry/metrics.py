"""What the operator watches, in a Prometheus registry of this server's own: two servers in one process stay apart.

Times are seconds, as Prometheus wants them. Nothing here is labelled with who spoke or what was said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from vivavoce.conversation.events import (
    DraftAccount,
    Event,
    Latency,
    ReplyAudio,
    ResponseEnded,
    TranscriptionFailed,
    TurnDecided,
)

CONTENT_TYPE = CONTENT_TYPE_LATEST
TURN_SECONDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.75, 0.9, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0)
"""Buckets around the targets: 0.6 and 0.9 s at the median, 1.5 s at the 95th percentile."""


class Metrics:
    """Counts and times of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._sessions_open = Gauge("vivavoce_sessions_open", "Sessions under way", registry=self.registry)
        self._sessions = self._counter("sessions", "Sessions opened")
        self._refused = self._counter("sessions_refused", "Sessions refused for want of room")
        self._responses = self._counter("responses", "Responses by how they ended", "ending", "reason")
        self._barge_ins = self._counter("barge_ins", "Responses that the user interrupted by speaking")
        self._requests_refused = self._counter("requests_refused", "Events of clients answered with an error", "code")
        self._heard = self._counter("audio_in_seconds", "Sound taken in from clients")
        self._heard_lately = 0.0
        """Seconds that are not counted yet: a counter and its lock for every frame of everybody are too dear."""
        self._spoken = self._counter("audio_out_seconds", "Speech sent to clients")
        self._unheard = self._counter("transcriptions_failed", "Turns of users whose words could not be recognised")
        self._turn = Histogram(
            "vivavoce_turn_seconds",
            "From the last voiced sample of the user to a stage of the answer",
            ["stage"],
            buckets=TURN_SECONDS,
            registry=self.registry,
        )
        self._decisions = self._counter("turn_decisions", "Decisions about the floor and why", "decision", "reason")
        self._drafts = self._counter("drafts", "Replies prepared before the turn was over", "outcome")
        self._draft_seconds = self._counter(
            "draft_seconds", "Head start of drafts that were played, and time of others", "outcome"
        )
        self._queued = Histogram(
            "vivavoce_queue_seconds",
            "How long work waited for an engine",
            ["engine", "urgency"],
            buckets=TURN_SECONDS,
            registry=self.registry,
        )
        self._minds_passed = self._counter(
            "minds_passed", "Minds that were passed over for the next, and why", "mind", "why"
        )
        self._loop_lag = Gauge(
            "vivavoce_event_loop_lag_seconds", "How late the event loop last was", registry=self.registry
        )

    def session_opened(self) -> None:
        self._sessions.inc()
        self._sessions_open.inc()

    def session_closed(self) -> None:
        self._sessions_open.dec()

    def session_refused(self) -> None:
        self._refused.inc()

    def request_refused(self, code: str | None) -> None:
        self._requests_refused.labels(code or "none").inc()

    def heard(self, seconds: float) -> None:
        """Sound came in; only from the event loop, as `exposition`."""
        self._heard_lately += seconds

    def observe(self, event: Event) -> None:
        """Count what one event of a conversation says."""
        match event:
            case ReplyAudio():
                self._spoken.inc(event.sound.seconds)
            case TranscriptionFailed():
                self._unheard.inc()
            case TurnDecided():
                self._decisions.labels(event.decision, event.reason).inc()
            case ResponseEnded():
                self._responses.labels(event.how, event.reason).inc()
                if event.reason == "barge_in":
                    self._barge_ins.inc()
                if event.latency is not None and event.latency.endpoint is not None:  # of a turn
                    self._observe_latency(event.latency)
                if event.draft is not None:
                    self._observe_draft(event.draft)

    def queued(self, engine: str, urgency: str, seconds: float) -> None:
        """Work waited so long for its engine; from any thread."""
        self._queued.labels(engine, urgency).observe(seconds)

    def mind_passed(self, mind: str, why: str) -> None:
        self._minds_passed.labels(mind, why).inc()

    def loop_was_late(self, seconds: float) -> None:
        self._loop_lag.set(seconds)

    def exposition(self) -> bytes:
        """Everything in Prometheus's text format."""
        self._heard.inc(self._heard_lately)
        self._heard_lately = 0.0
        return generate_latest(self.registry)

    def _observe_latency(self, latency: Latency) -> None:
        for stage, milliseconds in asdict(latency).items():
            if milliseconds is not None:
                self._turn.labels(stage).observe(milliseconds / 1000)

    def _observe_draft(self, draft: DraftAccount) -> None:
        self._drafts.labels("played").inc()
        self._drafts.labels("anticipated").inc(draft.anticipated)
        self._drafts.labels("content_valid").inc(draft.content_valid)
        self._drafts.labels("dropped").inc(max(0, draft.made - 1))
        self._draft_seconds.labels("played").inc(draft.head_start_ms / 1000)
        self._draft_seconds.labels("dropped").inc(draft.wasted_ms / 1000)

    def _counter(self, name: str, description: str, *labels: str) -> Counter:
        return Counter(f"vivavoce_{name}", description, labels, registry=self.registry)


async def measure_loop_lag(note: Callable[[float], None], interval: float = 0.5) -> None:
    """Until cancelled, note how much later than asked the event loop wakes a sleeper, every `interval` seconds."""
    loop = asyncio.get_running_loop()
    while True:
        asleep = loop.time()
        await asyncio.sleep(interval)
        note(max(0.0, loop.time() - asleep - interval))
