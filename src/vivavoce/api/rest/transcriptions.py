"""`POST /v1/audio/transcriptions` and `/v1/audio/translations`: a file of speech to text.

Long files go through the recogniser piece by piece, so that live conversations are served in between.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from vivavoce.api.auth import Keys, locked
from vivavoce.api.body import read_form, while_connected
from vivavoce.api.fields import Fields, invalid, missing, string
from vivavoce.api.problems import answering_engines, problem, warming_up
from vivavoce.api.realtime.server_events import wire_logprobs
from vivavoce.api.rest import transcripts
from vivavoce.api.rest.transcripts import Transcript
from vivavoce.audio.cut import cut
from vivavoce.audio.files import read_sound
from vivavoce.audio.pcm import Pcm
from vivavoce.conversation.words import Word
from vivavoce.errors import RequestError, TurnError
from vivavoce.ports import HEARING_RATE, Engines, Transcriber, Transcription, TranscriptionHint, Urgency

LONGEST = 2 * 3600.0
"""Seconds of one file."""
PIECE = 25.0
"""Seconds that the recogniser takes at once."""
AT_ONCE = 2
"""Files that are decoded and recognised side by side; the others wait."""
WAITING = 16
FORMATS = ("json", "text", "srt", "vtt", "verbose_json")
MOST_WORDS = 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, checked. `words`, `segments`: of the verbose form."""

    hint: TranscriptionHint
    format: str
    words: bool = False
    segments: bool = True
    logprobs: bool = False
    stream: bool = False


def transcription_routes(engines: Callable[[], Engines | None], keys: Keys) -> list[Route]:
    """`engines`: None while they are not warm."""
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
                return await while_connected(request, _transcribed(ready.stt, asked, form, queue))
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


# --- what is asked


def read_asked(form: FormData, *, translate: bool) -> Asked:
    """Raises RequestError. Lists come as `name[]`, as OpenAI's clients write them, or as `name`."""
    fields = Fields(_plain_fields(form), "")
    fields.need_text("model", "give the name of a model; any will do")
    if not 0 <= _number(fields, "temperature") <= 1:
        raise invalid("temperature", "be a number from 0 to 1", fields.get("temperature"))
    language = fields.text("language", None)
    languages = fields.array("languages", string, most=100) or []
    format = _format(fields)
    logprobs = _includes(fields)
    words, segments = _granularities(fields, format)
    hint = TranscriptionHint(
        language=_code(language, "language") if language else None,
        prompt=fields.text("prompt", None),
        languages=tuple(_code(code, "languages") for code in languages),
        keywords=tuple(fields.array("keywords", string, most=MOST_WORDS) or ()),
        translate=translate,
        detail=logprobs or format in ("srt", "vtt", "verbose_json"),
    )
    return Asked(hint, format, words, segments, logprobs, stream=_flag(fields, "stream"))


def _plain_fields(form: FormData) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            continue
        if name.endswith("[]") or name in ("languages", "keywords", "include", "timestamp_granularities"):
            found.setdefault(name.removesuffix("[]"), []).append(value)
        else:
            found[name] = value
    return found


def _format(fields: Fields) -> str:
    if fields.get("response_format") == "diarized_json":
        raise RequestError(
            "Who speaks is not told apart here; choose verbose_json for the times of words and segments.",
            param="response_format",
            code="invalid_value",
        )
    return str(fields.choice("response_format", FORMATS, "json"))


def _includes(fields: Fields) -> bool:
    wanted = fields.array("include", string, most=10) or []
    for name in wanted:
        if name != "logprobs":
            raise invalid("include", "be logprobs", name)
    return bool(wanted)


def _granularities(fields: Fields, format: str) -> tuple[bool, bool]:
    """Whether words and segments are wanted."""
    wanted = fields.array("timestamp_granularities", string, most=10)
    if wanted is None:
        return False, True
    for name in wanted:
        if name not in ("word", "segment"):
            raise invalid("timestamp_granularities", "hold word, segment or both", name)
    if format != "verbose_json":
        raise RequestError(
            "timestamp_granularities needs response_format verbose_json.",
            param="timestamp_granularities",
            code="invalid_value",
        )
    return "word" in wanted, "segment" in wanted


def _code(language: str, param: str) -> str:
    """ISO 639-1, of a longer tag as well."""
    code = language.replace("_", "-").split("-")[0].lower()
    if not (2 <= len(code) <= 3 and code.isascii() and code.isalpha()):
        raise invalid(param, "be an ISO 639-1 code such as en", language)
    return code


def _number(fields: Fields, name: str) -> float:
    try:
        return float(fields.text(name, "0"))
    except ValueError:
        raise invalid(name, "be a number", fields.get(name)) from None


def _flag(fields: Fields, name: str) -> bool:
    value = fields.text(name, "false").lower()
    if value not in ("true", "false", "1", "0"):
        raise invalid(name, "be true or false", value)
    return value in ("true", "1")


async def _sound(form: FormData) -> Pcm:
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise missing("file", "send the sound as a file of the form")
    data = await file.read()
    return await asyncio.to_thread(read_sound, data, HEARING_RATE, longest=LONGEST)


# --- the answer


async def _transcribed(stt: Transcriber, asked: Asked, form: FormData, queue: asyncio.Semaphore) -> Response:
    async with queue, answering_engines():
        sound = await _sound(form)
        pieces = pieces_of(stt, asked.hint, sound)
        if asked.stream:
            first = await anext(pieces, None)  # what fails now is an answer with a status
            body = _as_events(first, pieces, asked, sound.seconds, queue)
            return StreamingResponse(body, media_type="text/event-stream")
        async with aclosing(pieces):
            heard = [piece async for piece in pieces]
    return _formatted(_whole(heard, asked, sound.seconds), asked)


async def pieces_of(stt: Transcriber, hint: TranscriptionHint, sound: Pcm) -> AsyncGenerator[Transcription, None]:
    """What is heard in each piece, with the times of its words in the whole. The first words settle the language."""
    position = 0.0
    for piece in cut(sound, PIECE):
        heard = await stt.transcribe(piece, hint, Urgency.SOON)
        words = tuple(Word(it.text, it.start + position, it.end + position, it.tokens) for it in heard.words)
        yield replace(heard, words=words)
        hint = replace(hint, language=hint.language or heard.language)
        position += piece.seconds


def _whole(heard: list[Transcription], asked: Asked, seconds: float) -> Transcript:
    language = next((piece.language for piece in heard if piece.language), asked.hint.language)
    return Transcript(
        words=tuple(word for piece in heard for word in piece.words),
        text=" ".join(piece.text for piece in heard if piece.text),
        language=language,
        seconds=seconds,
        task="translate" if asked.hint.translate else "transcribe",
    )


def _formatted(transcript: Transcript, asked: Asked) -> Response:
    match asked.format:
        case "text":
            return PlainTextResponse(transcript.text + "\n")
        case "srt":
            return PlainTextResponse(transcripts.srt(transcript), media_type="application/x-subrip")
        case "vtt":
            return PlainTextResponse(transcripts.vtt(transcript), media_type="text/vtt")
        case "verbose_json":
            return JSONResponse(transcripts.verbose(transcript, words=asked.words, segments=asked.segments))
    return JSONResponse(transcripts.plain(transcript, logprobs=asked.logprobs))


async def _as_events(
    first: Transcription | None,
    rest: AsyncGenerator[Transcription, None],
    asked: Asked,
    seconds: float,
    queue: asyncio.Semaphore,
) -> AsyncGenerator[bytes, None]:
    heard: list[Transcription] = []
    async with queue, aclosing(rest):
        try:
            async for piece in _chained(first, rest):
                delta = f" {piece.text}" if piece.text and any(it.text for it in heard) else piece.text
                heard.append(piece)
                if delta:
                    yield _event("transcript.text.delta", delta=delta, **_logprobs([piece], asked))
        except TurnError as error:
            yield _event("error", error={"type": "server_error", "code": "engine_failed", "message": str(error)})
            return
    whole = _whole(heard, asked, seconds)
    usage = transcripts.wire_usage(whole)
    yield _event("transcript.text.done", text=whole.text, usage=usage, **_logprobs(heard, asked))


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


def _event(kind: str, **fields: object) -> bytes:
    return f"data: {json.dumps({'type': kind, **fields})}\n\n".encode()
