"""A Realtime server that follows a script to the millisecond, to calibrate clients against.

It shares no code with the product. It finds the end of the speech from the sound itself: the tests send
tones that end at a sample, so the instant at which that sample was captured is known here too. What it did
when, it notes in `Script.truth_ms`: on a busy machine it sleeps too long, and a client has to read that.
"""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from time import monotonic
from typing import Any

import numpy as np
from tests.waiting import PATIENCE
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

RATE = 24_000
LOUD = 0.02  # above any room noise, below any tone of the tests
QUIET_SECONDS = 0.2
LEADING_SILENCE = 0.1
"""Seconds of silence before the first audible sample of an answer: a client must count them as silence."""


@dataclass
class Script:
    """What the server does. Times in s after the last loud sample, or after the onset of an interruption."""

    delay: float = 0.5
    """The first audible sample of the answer plays at this time."""
    answer_seconds: float = 0.4
    early: float | None = None
    """Answer that many seconds after the onset of the question instead: a cut-in."""
    silent: bool = False
    stop_after: float = 0.1
    """Interrupted, it says so and stops after this time."""
    refuse: str | None = None
    """Message of an error instead of an answer."""
    truth_ms: list[float] = field(default_factory=list)
    """What really passed from each last loud sample to the first audible one, or from onset to stop."""
    sessions: int = 0
    """How many were opened."""
    events: list[dict[str, Any]] = field(default_factory=list)
    """All that clients sent, without the sound."""


class Conversation:
    def __init__(self, socket: ServerConnection, script: Script) -> None:
        self.socket, self.script = socket, script
        script.sessions += 1
        self.samples = 0
        self.began = float("inf")
        self.loud_until = 0.0
        self.speaking = False
        self.answering: asyncio.Task[None] | None = None
        self.count = 0

    async def tell(self, kind: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": kind, "event_id": "e", **fields}))

    async def run(self) -> None:
        await self.tell("session.created", session={"id": "sess_1"})
        async for message in self.socket:
            event = json.loads(message)
            if event["type"] == "input_audio_buffer.append":
                await self.hear(np.frombuffer(base64.b64decode(event["audio"]), "<i2") / 32768)
                continue
            self.script.events.append(event)
            if event["type"] == "session.update":
                await self.tell("session.updated", session=event["session"])
            elif event["type"] == "response.create":
                self.start_answer(monotonic() + self.script.delay)
        if self.answering:
            self.answering.cancel()

    async def hear(self, frame: np.ndarray) -> None:
        now = monotonic()
        start, self.samples = self.samples, self.samples + len(frame)
        # The frame that took the shortest way here tells best when the first sample was captured.
        self.began = min(self.began, now - self.samples / RATE)
        loud = np.flatnonzero(np.abs(frame) > LOUD)
        if len(loud):
            self.loud_until = self.began + (start + int(loud[-1]) + 1) / RATE
            if not self.speaking:
                self.speaking = True
                await self.on_onset(self.began + (start + int(loud[0])) / RATE, start)
        elif self.speaking and now - self.loud_until > QUIET_SECONDS:
            self.speaking = False
            await self.on_end(self.loud_until)

    async def on_onset(self, onset: float, start: int) -> None:
        if self.answering and not self.answering.done():
            await asyncio.sleep(onset + self.script.stop_after - monotonic())
            self.answering.cancel()
            self.script.truth_ms.append((monotonic() - onset) * 1000)
            await self.tell("input_audio_buffer.speech_started", item_id="item_2", audio_start_ms=start // 24)
            await self.end_response("cancelled")
            self.script.silent = True
            return
        await self.tell("input_audio_buffer.speech_started", item_id="item_1", audio_start_ms=start // 24)
        if self.script.early is not None:
            self.start_answer(onset + self.script.early)

    async def on_end(self, last: float) -> None:
        await self.tell("input_audio_buffer.speech_stopped", item_id="item_1", audio_end_ms=self.samples // 24)
        await self.tell("input_audio_buffer.committed", item_id="item_1")
        await self.tell(
            "conversation.item.input_audio_transcription.completed",
            item_id="item_1",
            content_index=0,
            transcript="What time is it?",
        )
        if self.script.refuse:
            await self.tell("error", error={"type": "server_error", "message": self.script.refuse})
        elif self.script.early is None and not self.script.silent:
            self.start_answer(last + self.script.delay)

    def start_answer(self, audible_at: float) -> None:
        self.count += 1
        self.answering = asyncio.create_task(self.answer(audible_at))

    async def answer(self, audible_at: float) -> None:
        response = f"resp_{self.count}"
        await asyncio.sleep(audible_at - LEADING_SILENCE - monotonic() - 0.02)
        await self.tell("response.created", response={"id": response, "status": "in_progress"})
        await asyncio.sleep(audible_at - LEADING_SILENCE - monotonic())
        place = {"response_id": response, "item_id": "item_a", "output_index": 0, "content_index": 0}
        await self.tell("response.output_audio_transcript.delta", delta="It is noon.", **place)
        times = np.arange(round(self.script.answer_seconds * RATE)) / RATE
        tone = 0.3 * np.sin(2 * np.pi * 330 * times)
        sound = np.concatenate([np.zeros(round(LEADING_SILENCE * RATE)), tone])
        pieces = np.split(sound, range(round(LEADING_SILENCE * RATE), len(sound), 2400))
        began, sent = monotonic(), 0.0
        for number, piece in enumerate(pieces):
            await asyncio.sleep(began + sent - 0.2 - monotonic())  # at most 0.2 s ahead of real time
            if number == 1:
                self.script.truth_ms.append((max(began + LEADING_SILENCE, monotonic()) - self.loud_until) * 1000)
            data = base64.b64encode((piece * 32767).astype("<i2").tobytes()).decode()
            await self.tell("response.output_audio.delta", delta=data, **place)
            sent += len(piece) / RATE
        await self.end_response("completed")

    async def end_response(self, status: str) -> None:
        reason = {"type": "cancelled", "reason": "turn_detected"} if status == "cancelled" else None
        response = {"id": f"resp_{self.count}", "status": status, "status_details": reason}
        stages = {
            "endpoint": 200.0,
            "transcript": 230.0,
            "first_token": 300.0,
            "first_clause": 350.0,
            "first_sound": 400.0,
        }
        await self.tell("response.done", response=response, vivavoce={"latency_ms": stages})


def _health(connection: ServerConnection, request: Request) -> Response | None:
    if request.path == "/health":
        return connection.respond(HTTPStatus.OK, "ok\n")
    return None


@contextmanager
def mock_server(script: Script) -> Iterator[str]:
    """A server in a thread of its own; gives its URL."""
    loop = asyncio.new_event_loop()
    ready, stopping, port = threading.Event(), asyncio.Event(), 0

    async def main() -> None:
        nonlocal port

        async def converse(socket: ServerConnection) -> None:
            await Conversation(socket, script).run()

        async with serve(converse, "127.0.0.1", 0, process_request=_health, compression=None) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            ready.set()
            await stopping.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(main()))
    thread.start()
    assert ready.wait(PATIENCE)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join(PATIENCE)
        loop.close()
