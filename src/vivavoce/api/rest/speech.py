"""`POST /v1/audio/speech`: text to a sound file, sent while it is spoken."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from vivavoce.api.auth import Keys, locked
from vivavoce.api.body import in_thread, read_object
from vivavoce.api.fields import Fields, invalid, missing
from vivavoce.api.problems import answering_engines, warming_up
from vivavoce.audio.files import MEDIA_TYPES, Format, SoundWriter, sound_writer
from vivavoce.audio.pcm import Pcm
from vivavoce.audio.resample import Resampler
from vivavoce.errors import RequestError, TurnError
from vivavoce.ports import Engines, Synthesizer, Urgency
from vivavoce.text.clauses import ClauseCutter
from vivavoce.text.language import language_of
from vivavoce.text.spoken import pronounceable

RATE = 24_000
"""Hz of every file, as OpenAI's are."""
LONGEST_INPUT = 4096
FIRST_WORDS = 6
TOKENS_PER_SECOND = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, checked."""

    input: str
    voice: str
    format: Format
    speed: float
    stream: Literal["audio", "sse"]


def speech_routes(engines: Callable[[], Engines | None], keys: Keys) -> list[Route]:
    """`engines`: None while they are not warm."""

    async def speak(request: Request) -> Response:
        asked = read_asked(await read_object(request))
        ready = engines()
        if ready is None:
            return warming_up()
        writer = await in_thread(sound_writer, asked.format, RATE)
        pieces = _written(ready.tts, asked, writer)
        async with answering_engines():
            first = await anext(pieces, None)  # what fails before the first sound is an answer with a status
        body = _resumed(first, pieces)
        if asked.stream == "sse":
            return StreamingResponse(_as_events(body, asked), media_type="text/event-stream")
        return StreamingResponse(_bare(body), media_type=MEDIA_TYPES[asked.format])

    return [Route("/v1/audio/speech", locked(keys, speak), methods=["POST"])]


def read_asked(fields: Fields) -> Asked:
    """Raises RequestError."""
    fields.need_text("model", "give the name of a model; any will do")
    text = fields.need_text("input", "give the text to be spoken")
    if not text.strip():
        raise missing("input", "give the text to be spoken")
    if len(text) > LONGEST_INPUT:
        raise invalid("input", f"be at most {LONGEST_INPUT} characters long; it has {len(text)}")
    fields.text("instructions", None)
    return Asked(
        text,
        _voice(fields),
        fields.choice("response_format", tuple(MEDIA_TYPES), "mp3"),
        fields.number("speed", 1.0, 0.25, 4.0),
        fields.choice("stream_format", ("audio", "sse"), "audio"),
    )


def _voice(fields: Fields) -> str:
    if isinstance(fields.get("voice"), dict):
        return fields.need_object("voice").need_text("id")
    return fields.need_text("voice", "give the name of a voice, such as marin")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of the file. `seconds`: of sound that went into it."""

    data: bytes
    seconds: float


async def _written(tts: Synthesizer, asked: Asked, writer: SoundWriter) -> AsyncGenerator[_Piece, None]:
    """The file in parts, none of them empty."""
    resampler = Resampler(tts.rate, RATE)
    try:
        async with aclosing(_spoken(tts, asked)) as sounds:
            async for sound in sounds:
                data = await in_thread(writer.push, resampler.push(sound.samples))
                if data:
                    yield _Piece(data, sound.seconds)
        yield _Piece(await in_thread(writer.end), 0.0)
    finally:
        writer.close()


async def _spoken(tts: Synthesizer, asked: Asked) -> AsyncGenerator[Pcm, None]:
    language = language_of(asked.input, {voice.language for voice in tts.voices})
    cutter = ClauseCutter(FIRST_WORDS)
    urgency = Urgency.NOW
    for clause in [*cutter.push(asked.input), *cutter.finish()]:
        sounds = tts.synthesize(
            pronounceable(clause, language or "en"),
            voice=asked.voice,
            speed=asked.speed,
            language=language,
            urgency=urgency,
        )
        async with aclosing(sounds):
            async for sound in sounds:
                urgency = Urgency.SOON  # only the first is waited for
                yield sound


async def _resumed(first: _Piece | None, rest: AsyncGenerator[_Piece, None]) -> AsyncGenerator[_Piece, None]:
    async with aclosing(rest):
        if first is not None:
            yield first
        async for piece in rest:
            yield piece


async def _bare(pieces: AsyncGenerator[_Piece, None]) -> AsyncGenerator[bytes, None]:
    """A file that breaks off is the only way to say that it is not whole."""
    async with aclosing(pieces):
        async for piece in pieces:
            yield piece.data


async def _as_events(pieces: AsyncGenerator[_Piece, None], asked: Asked) -> AsyncGenerator[bytes, None]:
    seconds = 0.0
    async with aclosing(pieces):
        try:
            async for piece in pieces:
                seconds += piece.seconds
                if piece.data:
                    yield _event("speech.audio.delta", audio=base64.b64encode(piece.data).decode())
        except (TurnError, RequestError) as error:
            yield _event("error", error={"type": "server_error", "code": "speech_failed", "message": str(error)})
            return
    words, sound = len(asked.input.split()), round(seconds * TOKENS_PER_SECOND)
    usage = {"input_tokens": words, "output_tokens": sound, "total_tokens": words + sound}
    yield _event("speech.audio.done", usage=usage)


def _event(kind: str, **fields: object) -> bytes:
    return f"data: {json.dumps({'type': kind, **fields})}\n\n".encode()
