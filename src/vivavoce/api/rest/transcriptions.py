"""`POST /v1/audio/transcriptions` and `/v1/audio/translations`: a file of speech to text.

Long files go through the recogniser piece by piece, so that live conversations are served in between.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from vivavoce.api.auth import Keys, locked
from vivavoce.api.body import read_form, while_connected
from vivavoce.api.fields import missing
from vivavoce.api.problems import answering_engines, problem, warming_up
from vivavoce.api.realtime.turn_events import wire_logprobs
from vivavoce.api.rest import diarization, transcripts
from vivavoce.api.rest.diarization import Voices
from vivavoce.api.rest.transcription_request import Asked, Chunking, read_asked
from vivavoce.api.rest.transcripts import Transcript
from vivavoce.audio.cut import cut
from vivavoce.audio.files import read_sound
from vivavoce.audio.pcm import Pcm
from vivavoce.audio.speakers import speech_in
from vivavoce.conversation.words import Word
from vivavoce.errors import ModelUnavailable, TurnError
from vivavoce.ports import (
    HEARING_RATE,
    HOP,
    Engines,
    SpeakerEncoder,
    Transcriber,
    Transcription,
    TranscriptionHint,
    Urgency,
    VoiceActivityDetector,
)

LONGEST = 2 * 3600.0
"""Seconds of one file."""
PIECE = 25.0
"""Seconds that the recogniser takes at once."""
AT_ONCE = 2
"""Files that are decoded and recognised side by side; the others wait."""
WAITING = 16


Encoder = Callable[[], Awaitable[SpeakerEncoder]]


async def no_encoder() -> SpeakerEncoder:
    raise ModelUnavailable("Voices cannot be told apart here.", "choose another response_format than diarized_json")


def transcription_routes(
    engines: Callable[[], Engines | None], keys: Keys, encoder: Encoder = no_encoder
) -> list[Route]:
    """`engines`: None while they are not warm. `encoder`: loads it on the first call; raises ModelUnavailable."""
    queue = asyncio.Semaphore(AT_ONCE)
    waiting: set[Request] = set()

    async def answer(request: Request, *, translate: bool) -> Response:
        ready = engines()
        if ready is None:
            return warming_up()
        if len(waiting) >= WAITING:
            message = f"{WAITING} files wait for their transcription already."
            return problem(429, message, code="too_many_requests", headers={"Retry-After": "5"})
        waiting.add(request)
        try:
            async with read_form(request) as form:
                asked = read_asked(form, translate=translate)
                return await while_connected(request, _transcribed(ready, encoder, asked, form, queue))
        finally:
            waiting.discard(request)

    async def transcribe(request: Request) -> Response:
        return await answer(request, translate=False)

    async def translate(request: Request) -> Response:
        return await answer(request, translate=True)

    return [
        Route("/v1/audio/transcriptions", locked(keys, transcribe), methods=["POST"]),
        Route("/v1/audio/translations", locked(keys, translate), methods=["POST"]),
    ]


# --- the answer


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A part of the sound, `start` seconds into it."""

    start: float
    sound: Pcm


@dataclass(frozen=True, slots=True)
class _Work:
    """`pieces`: what is heard, as it comes; `voices`: who speaks when, where that was asked for."""

    asked: Asked
    seconds: float
    pieces: AsyncGenerator[Transcription, None]
    voices: Voices | None = None


async def _transcribed(
    engines: Engines, encoder: Encoder, asked: Asked, form: FormData, queue: asyncio.Semaphore
) -> Response:
    async with queue, answering_engines():
        sound = await _sound(form)
        voices = None
        if asked.format == "diarized_json":
            voices = await diarization.voices_in(sound, engines.vad, await encoder(), asked.known)
        pieces = _heard(engines.stt, asked.hint, await _chunks(sound, asked.chunking, engines.vad))
        work = _Work(asked, sound.seconds, pieces, voices)
        if asked.stream:
            first = await anext(pieces, None)  # what fails now is an answer with a status
            return StreamingResponse(_as_events(first, work, queue), media_type="text/event-stream")
        async with aclosing(pieces):
            heard = [piece async for piece in pieces]
    return _formatted(work, heard)


async def _sound(form: FormData) -> Pcm:
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise missing("file", "send the sound as a file of the form")
    data = await file.read()
    return await asyncio.to_thread(read_sound, data, HEARING_RATE, longest=LONGEST)


async def _chunks(sound: Pcm, chunking: Chunking | None, vad: VoiceActivityDetector) -> list[_Chunk]:
    """What the recogniser takes at once: as long as may be, or each stretch of speech alone."""
    if chunking is None:
        return _cut(_Chunk(0.0, sound))
    voice = await diarization.voice_in(sound, vad)
    pause, padding = chunking.silence_duration_ms / 1000, chunking.prefix_padding_ms / 1000
    chunks: list[_Chunk] = []
    end = 0.0
    for span in speech_in(voice, HOP / HEARING_RATE, voiced_from=chunking.threshold, pause=pause):
        start, end = max(end, span.start - padding), min(sound.seconds, span.end + pause / 2)
        chunks += _cut(_Chunk(start, sound.cut(start, end)))
    return chunks


def _cut(chunk: _Chunk) -> list[_Chunk]:
    cuts: list[_Chunk] = []
    position = chunk.start
    for piece in cut(chunk.sound, PIECE):
        cuts.append(_Chunk(position, piece))
        position += piece.seconds
    return cuts


def pieces_of(stt: Transcriber, hint: TranscriptionHint, sound: Pcm) -> AsyncGenerator[Transcription, None]:
    """What is heard in each piece, with the times of its words in the whole."""
    return _heard(stt, hint, _cut(_Chunk(0.0, sound)))


async def _heard(
    stt: Transcriber, hint: TranscriptionHint, chunks: Iterable[_Chunk]
) -> AsyncGenerator[Transcription, None]:
    """The first words settle the language. Where an engine tells no times, the words of a chunk last as long as it."""
    for chunk in chunks:
        heard = await stt.transcribe(chunk.sound, hint, Urgency.SOON)
        words = heard.words
        if hint.detail and heard.text and not words:
            words = (Word(f" {heard.text}", 0.0, chunk.sound.seconds),)
        words = tuple(Word(it.text, it.start + chunk.start, it.end + chunk.start, it.tokens) for it in words)
        yield replace(heard, words=words)
        hint = replace(hint, language=hint.language or heard.language)


def _whole(work: _Work, heard: list[Transcription]) -> Transcript:
    hint = work.asked.hint
    return Transcript(
        words=tuple(word for piece in heard for word in piece.words),
        text=" ".join(piece.text for piece in heard if piece.text),
        language=next((piece.language for piece in heard if piece.language), hint.language),
        seconds=work.seconds,
        task="translate" if hint.translate else "transcribe",
    )


def _formatted(work: _Work, heard: list[Transcription]) -> Response:
    asked, transcript = work.asked, _whole(work, heard)
    match asked.format:
        case "text":
            return PlainTextResponse(transcript.text + "\n")
        case "srt":
            return PlainTextResponse(transcripts.srt(transcript), media_type="application/x-subrip")
        case "vtt":
            return PlainTextResponse(transcripts.vtt(transcript), media_type="text/vtt")
        case "verbose_json":
            return JSONResponse(transcripts.verbose(transcript, words=asked.words, segments=asked.segments))
        case "diarized_json":
            return JSONResponse(transcripts.diarized(transcript, _segments(work, transcript.words, 0)))
    return JSONResponse(transcripts.plain(transcript, logprobs=asked.logprobs))


def _segments(work: _Work, words: tuple[Word, ...], first: int) -> list[dict[str, Any]]:
    """Who said what, counted from `first`; nothing where that was not asked for."""
    if work.voices is None:
        return []
    told = diarization.spoken(words, work.voices)
    return [transcripts.diarized_segment(first + place, it.speaker, it.segment) for place, it in enumerate(told)]


async def _as_events(first: Transcription | None, work: _Work, queue: asyncio.Semaphore) -> AsyncGenerator[bytes, None]:
    heard: list[Transcription] = []
    told = 0
    async with queue, aclosing(work.pieces):
        try:
            async for piece in _chained(first, work.pieces):
                delta = f" {piece.text}" if piece.text and any(it.text for it in heard) else piece.text
                heard.append(piece)
                if delta:
                    yield _event("transcript.text.delta", delta=delta, **_logprobs([piece], work.asked))
                for segment in _segments(work, piece.words, told):
                    yield _event(**segment)
                    told += 1
        except TurnError as error:
            yield _event("error", error={"type": "server_error", "code": "engine_failed", "message": str(error)})
            return
    whole = _whole(work, heard)
    usage = transcripts.wire_usage(whole)
    yield _event("transcript.text.done", text=whole.text, usage=usage, **_logprobs(heard, work.asked))


async def _chained(
    first: Transcription | None, rest: AsyncGenerator[Transcription, None]
) -> AsyncGenerator[Transcription, None]:
    if first is not None:
        yield first
    async for piece in rest:
        yield piece


def _logprobs(heard: list[Transcription], asked: Asked) -> dict[str, Any]:
    if not asked.logprobs:
        return {}
    tokens = (token for piece in heard for word in piece.words for token in word.tokens)
    return {"logprobs": wire_logprobs(tokens)}


def _event(type: str, **fields: object) -> bytes:
    return f"data: {json.dumps({'type': type, **fields})}\n\n".encode()
