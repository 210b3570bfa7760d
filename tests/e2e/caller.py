"""A caller with the official OpenAI client: speaks at real time, keeps what comes back, checks every event."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count as numbers
from typing import Any

import numpy as np
from openai import AsyncOpenAI
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from vivavoce.audio.codecs import from_pcm16, to_pcm16
from vivavoce.audio.pcm import Pcm
from vivavoce.audio.resample import resample

RATE = 24_000
FRAME = 0.02
STRICT: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)


@dataclass
class Caller:
    connection: Any
    events: list[tuple[float, Any]] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> None:
        async for event in self.connection:
            STRICT.validate_python(event.to_dict(), strict=False)
            self.events.append((time.monotonic(), event))
            self._news.set()

    async def speak(self, sound: Pcm) -> float:
        """At real time, in frames of 20 ms; returns when the last audible sample was sent."""
        samples = resample(sound, RATE).samples
        audible = np.flatnonzero(np.abs(samples) > 0.01)
        last = (int(audible[-1]) if len(audible) else len(samples)) / RATE
        began, step = time.monotonic(), round(FRAME * RATE)
        for start in range(0, len(samples), step):
            await asyncio.sleep(max(0.0, began + start / RATE - time.monotonic()))
            audio = base64.b64encode(to_pcm16(samples[start : start + step])).decode()
            await self.connection.input_audio_buffer.append(audio=audio)
        return began + last

    @asynccontextmanager
    async def silent(self) -> AsyncIterator[None]:
        """Send silence, as an open microphone does, while the block runs."""

        async def keep_silent() -> None:
            while True:
                await self.speak(Pcm.silence(0.2, RATE))

        silence = asyncio.create_task(keep_silent())
        try:
            yield
        finally:
            silence.cancel()
            await asyncio.wait([silence])

    async def until(self, kind: str, *, count: int = 1, deadline: float = 90.0) -> Any:
        """The `count`-th event of a kind, waiting for it."""
        async with asyncio.timeout(deadline):
            while len(found := self.of(kind)) < count:
                self._news.clear()
                await self._news.wait()
        return found[count - 1]

    async def answered(self) -> Any:
        """The first response that was told to its end: one that began in a pause of the question is cancelled."""
        for number in numbers(1):
            response = (await self.until("response.done", count=number)).response
            if response.status == "completed":
                return response

    def of(self, kind: str) -> list[Any]:
        return [event for _, event in self.events if event.type == kind]

    def when(self, wanted: Callable[[Any], bool]) -> float:
        return next(at for at, event in self.events if wanted(event))

    @property
    def asked(self) -> str:
        """All that was understood of the caller."""
        return " ".join(e.transcript for e in self.of("conversation.item.input_audio_transcription.completed"))

    def sound(self, response_id: str | None = None) -> Pcm:
        """What was said, all deltas (of one response) joined."""
        deltas = [e for e in self.of("response.output_audio.delta") if response_id in (None, e.response_id)]
        return Pcm(from_pcm16(b"".join(base64.b64decode(e.delta) for e in deltas)), RATE)


@asynccontextmanager
async def call(url: str, **session: Any) -> AsyncIterator[Caller]:
    """A call to a server; `session` fills the first session.update."""
    client = AsyncOpenAI(base_url=f"{url}/v1", api_key="any")
    async with _connected(client) as connection:
        caller = Caller(connection)
        listening = asyncio.create_task(caller.listen())
        try:
            await connection.session.update(session={"type": "realtime", **session})
            await caller.until("session.updated")
            yield caller
            assert not listening.done() or not listening.exception(), "an event did not fit the official types"
        finally:
            listening.cancel()
            await asyncio.wait([listening])
            await client.close()


@asynccontextmanager
async def _connected(client: AsyncOpenAI) -> AsyncIterator[Any]:
    """A connection that has told `session.created`. A server that has its hands full is asked again: how many it takes
    in depends on how busy the machine is."""
    async with asyncio.timeout(90):
        while True:
            connection = await client.realtime.connect(model="gpt-realtime").enter()
            first = await connection.recv()
            STRICT.validate_python(first.to_dict(), strict=False)
            if first.type == "session.created":
                break
            assert first.type == "error" and first.error.code == "server_busy", first
            await connection.close()
            await asyncio.sleep(0.5)
    try:
        yield connection
    finally:
        await connection.close()
