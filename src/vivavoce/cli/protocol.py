"""What a client of the Realtime protocol is told: events become answers, times and sound."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from vivavoce.audio.codecs import from_pcm16
from vivavoce.audio.pcm import Pcm
from vivavoce.cli.clips import RATE, first_audible
from vivavoce.cli.ear import Ear

OPENER_WORDS = 2

Json = dict[str, Any]


@dataclass(slots=True)
class Answer:
    """One response as the client saw it. Times are of the clock; `latency_ms`: the server's own account."""

    id: str
    created: float
    words: str = ""
    status: str = "in_progress"
    problem: str = ""
    latency_ms: dict[str, float | None] = field(default_factory=dict[str, float | None])
    draft: dict[str, Any] = field(default_factory=dict[str, Any])
    """The server's account of its drafts."""
    goes_on: bool = False
    """It ended with a call of a tool at the server, whose result is told in another one."""
    content_at: float | None = None
    """When the sound behind an opener begins to play; of an answer without one, its first sound."""

    @property
    def ended(self) -> bool:
        return self.status != "in_progress"


@dataclass(slots=True)
class Protocol:
    """All that the server told, in order. Times are of the clock; `ear` hears the sound."""

    ear: Ear = field(default_factory=Ear)
    answers: dict[str, Answer] = field(default_factory=dict[str, Answer])
    speech_started: list[float] = field(default_factory=list[float])
    speech_stopped: list[float] = field(default_factory=list[float])
    playback: list[tuple[str, float, str]] = field(default_factory=list[tuple[str, float, str]])
    """When the client was to duck ("ducked"), to pause ("held") or to go on ("resumed"), and why."""
    transcripts: list[str] = field(default_factory=list[str])
    awaited_transcripts: int = 0
    problems: list[str] = field(default_factory=list[str])
    session: Json | None = None
    configured: bool = False
    ended: str | None = None

    def take(self, event: Json, at: float) -> None:
        """Note an event that came at the time `at`."""
        handler = _HANDLERS.get(event.get("type", ""))
        if handler:
            handler(self, event, at)

    def _on_session(self, event: Json, at: float) -> None:
        self.session = event["session"]
        self.configured |= event["type"] == "session.updated"

    def _on_speech_started(self, event: Json, at: float) -> None:
        self.speech_started.append(at)
        self.ear.flush(at)

    def _on_speech_stopped(self, event: Json, at: float) -> None:
        self.speech_stopped.append(at)

    def _on_playback(self, event: Json, at: float) -> None:
        what = event["type"].rpartition(".")[2]
        self.playback.append((what, at, event.get("reason", "")))
        if what == "held":
            self.ear.hold(at)
        if what == "resumed":
            self.ear.resume(at)

    def _on_committed(self, event: Json, at: float) -> None:
        self.awaited_transcripts += 1

    def _on_transcript(self, event: Json, at: float) -> None:
        self.transcripts.append(event.get("transcript", ""))

    def _on_created(self, event: Json, at: float) -> None:
        response = event["response"]["id"]
        self.answers[response] = Answer(response, at)

    def _on_audio(self, event: Json, at: float) -> None:
        answer = self.answers[event["response_id"]]
        samples = from_pcm16(base64.b64decode(event["delta"]))
        if answer.content_at is None and not is_opener(answer.words):
            audible = first_audible(Pcm(samples, RATE))
            answer.content_at = None if audible is None else max(at, self.ear.end) + audible
        self.ear.hear(answer.id, samples, at)

    def _on_words(self, event: Json, at: float) -> None:
        self.answers[event["response_id"]].words += event["delta"]

    def _on_done(self, event: Json, at: float) -> None:
        response = event["response"]
        answer = self.answers[response["id"]]
        answer.status = response["status"]
        answer.goes_on = [item.get("type") for item in response.get("output") or ()][-1:] == ["mcp_call"]
        answer.latency_ms = (event.get("vivavoce") or {}).get("latency_ms") or {}
        answer.draft = (event.get("vivavoce") or {}).get("draft") or {}
        error = (response.get("status_details") or {}).get("error") or {}
        answer.problem = error.get("message") or error.get("code") or ""

    def _on_error(self, event: Json, at: float) -> None:
        self.problems.append(event["error"].get("message", "unknown error"))


_HANDLERS: dict[str, Callable[[Protocol, Json, float], None]] = {
    "session.created": Protocol._on_session,
    "session.updated": Protocol._on_session,
    "input_audio_buffer.speech_started": Protocol._on_speech_started,
    "input_audio_buffer.speech_stopped": Protocol._on_speech_stopped,
    "vivavoce.output_audio.ducked": Protocol._on_playback,
    "vivavoce.output_audio.held": Protocol._on_playback,
    "vivavoce.output_audio.resumed": Protocol._on_playback,
    "input_audio_buffer.committed": Protocol._on_committed,
    "conversation.item.input_audio_transcription.completed": Protocol._on_transcript,
    "conversation.item.input_audio_transcription.failed": Protocol._on_transcript,
    "response.created": Protocol._on_created,
    "response.output_audio.delta": Protocol._on_audio,
    "response.output_audio_transcript.delta": Protocol._on_words,
    "response.output_text.delta": Protocol._on_words,
    "response.done": Protocol._on_done,
    "error": Protocol._on_error,
}


def is_opener(words: str) -> bool:
    """Whether an answer is no more so far than a word or two for which nobody has to think ("Well,", "Of course!")."""
    said = words.strip()
    return bool(said) and said[-1] in ",!" and len(said.split()) <= OPENER_WORDS
