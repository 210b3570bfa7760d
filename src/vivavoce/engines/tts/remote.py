"""Any voice behind an OpenAI-compatible server (`/audio/speech`, streamed as 24 kHz PCM)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field

from openai import omit

from vivavoce.audio.codecs import from_pcm16
from vivavoce.audio.pcm import Pcm
from vivavoce.engines.openai_server import OpenAIServer
from vivavoce.models import ModelFiles
from vivavoce.ports import Urgency, Voice

RATE = 24_000
"""Hz of the "pcm" response format: 16-bit, little-endian, mono."""
CHUNK_BYTES = RATE // 10 * 2
"""A tenth of a second."""
LEAST_SECONDS = 0.2
"""Of sound after the first chunk, from which the server's pace is known."""


@dataclass(frozen=True, slots=True)
class Options:
    """`voice`: used for names that the server does not have. `voices`: the names it has. `language`: ISO
    639-1 of these voices. `timeout`: seconds a step."""

    base_url: str = "http://127.0.0.1:8080/v1"
    model: str = "tts-1"
    api_key: str = field(default="", repr=False)
    voice: str = "alloy"
    voices: tuple[str, ...] = ("alloy", "ash", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer")
    language: str = "en"
    timeout: float = 15.0
    max_retries: int = 1


def load(options: Options, models: ModelFiles) -> RemoteSynthesizer:
    """Nothing is loaded and nobody is asked yet: a server that is away fails the turn, not the start."""
    return RemoteSynthesizer(options)


class RemoteSynthesizer:
    """A Synthesizer."""

    def __init__(self, options: Options) -> None:
        self.name = options.model
        self.rate = RATE
        names = dict.fromkeys((options.voice, *options.voices))
        self.voices = tuple(Voice(name, options.language) for name in names)
        self._options = options
        self._server = OpenAIServer(options)

    async def synthesize(
        self, text: str, *, voice: str, speed: float = 1.0, language: str | None = None, urgency: Urgency = Urgency.NOW
    ) -> AsyncGenerator[Pcm, None]:
        """Speak one clause; the sound comes as the server sends it, or whole where that is slower than it is heard.
        Leaving early closes the connection."""
        request = self._server.client.audio.speech.with_streaming_response.create(
            model=self._options.model,
            voice=voice if any(voice == known.id for known in self.voices) else self._options.voice,
            input=text,
            response_format="pcm",
            speed=omit if speed == 1.0 else speed,
        )
        async with self._server.errors(), request as response:
            pieces = self._server.steps(aiter(response.iter_bytes(CHUNK_BYTES)))
            async with aclosing(pieces), aclosing(in_pace(_whole(pieces))) as sounds:
                async for samples in sounds:
                    yield Pcm(from_pcm16(samples), RATE)

    def close(self) -> None:
        self._server.close()


async def in_pace(pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The same bytes, as they come while they come faster than they are heard; else they are held until that is so or
    all are there, since a word must not break off."""
    now, held, came, began = asyncio.get_running_loop().time, b"", 0.0, 0.0
    async with aclosing(pieces):
        async for piece in pieces:
            held += piece
            if not began:
                began = now()  # what the first one took is the server's thinking, and not its pace
                continue
            came += len(piece) / 2 / RATE
            if came >= max(LEAST_SECONDS, now() - began):
                yield held
                held = b""
    if held:
        yield held


async def _whole(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The same bytes in pieces of whole 16-bit samples; half a sample at the end is dropped."""
    rest = b""
    async for piece in pieces:
        data = rest + piece
        even = len(data) & ~1
        rest = data[even:]
        if even:
            yield data[:even]
