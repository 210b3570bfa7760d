"""What a request for a transcript asks, checked."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData, UploadFile

from vivavoce.api.fields import Fields, invalid, missing, string
from vivavoce.errors import RequestError
from vivavoce.ports import TranscriptionHint

FORMATS = ("json", "text", "srt", "vtt", "verbose_json", "diarized_json")
TIMED = ("srt", "vtt", "verbose_json", "diarized_json")
"""Forms that need the times of words."""
MOST_WORDS = 1000
MOST_KNOWN = 4
"""Speakers whose voices a request may name, as OpenAI has it."""
LISTS = (
    "languages",
    "keywords",
    "include",
    "timestamp_granularities",
    "known_speaker_names",
    "known_speaker_references",
)
SOUND = re.compile(r"data:audio/[\w.+-]+(;[\w=.-]+)*;base64,", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Known:
    """A voice that the request names. `reference`: a file of it."""

    name: str
    reference: bytes


@dataclass(frozen=True, slots=True)
class Chunking:
    """Speech is cut at its pauses, by OpenAI's fields: probability of voice, and ms."""

    threshold: float = 0.5
    prefix_padding_ms: int = 300
    silence_duration_ms: int = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, checked. `words`, `segments`: of the verbose form; `chunking`: None: as suits the recogniser."""

    hint: TranscriptionHint
    format: str
    words: bool = False
    segments: bool = True
    logprobs: bool = False
    stream: bool = False
    chunking: Chunking | None = None
    known: tuple[Known, ...] = ()


def read_asked(form: FormData, *, translate: bool) -> Asked:
    """Raises RequestError. Lists come as `name[]`, as OpenAI's clients write them, or as `name`."""
    fields = Fields(_plain_fields(form), "")
    fields.need_text("model", "give the name of a model; any will do")
    if not 0 <= _number(fields, "temperature") <= 1:
        raise invalid("temperature", "be a number from 0 to 1", fields.get("temperature"))
    language = fields.text("language", None)
    languages = fields.array("languages", string, most=100) or []
    format = str(fields.choice("response_format", FORMATS, "json"))
    logprobs = _includes(fields)
    words, segments = _granularities(fields, format)
    hint = TranscriptionHint(
        language=_code(language, "language") if language else None,
        prompt=fields.text("prompt", None),
        languages=tuple(_code(code, "languages") for code in languages),
        keywords=tuple(fields.array("keywords", string, most=MOST_WORDS) or ()),
        translate=translate,
        detail=logprobs or format in TIMED,
    )
    return Asked(
        hint,
        format,
        words,
        segments,
        logprobs,
        stream=_flag(fields, "stream"),
        chunking=_chunking(fields),
        known=_known(fields, format),
    )


def _plain_fields(form: FormData) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            continue
        if name.endswith("[]") or name in LISTS:
            found.setdefault(name.removesuffix("[]"), []).append(value)
        elif inner := re.fullmatch(r"(\w+)\[(\w+)\]", name):  # an object, as OpenAI's clients write it
            found.setdefault(inner[1], {})[inner[2]] = value
        else:
            found[name] = value
    return found


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


def _chunking(fields: Fields) -> Chunking | None:
    """An object comes as fields of its own (`chunking_strategy[type]`), or as JSON."""
    given = fields.get("chunking_strategy")
    if given in (None, "auto"):
        return None
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            raise invalid("chunking_strategy", "be auto, or an object of type server_vad", given) from None
    strategy = Fields(given, "chunking_strategy")
    strategy.need_choice("type", ("server_vad",))
    usual = Chunking()
    numbers = Fields({name: _read_number(strategy, name) for name in strategy.raw if name != "type"}, strategy.path)
    return Chunking(
        numbers.number("threshold", usual.threshold, 0.0, 1.0),
        numbers.integer("prefix_padding_ms", usual.prefix_padding_ms, 0, 5_000),
        numbers.integer("silence_duration_ms", usual.silence_duration_ms, 50, 10_000),
    )


def _read_number(fields: Fields, name: str) -> Any:
    """Forms know text only."""
    value = fields.get(name)
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        raise invalid(fields.at(name), "be a number", value) from None


def _known(fields: Fields, format: str) -> tuple[Known, ...]:
    names = fields.array("known_speaker_names", string, most=MOST_KNOWN) or []
    references = fields.array("known_speaker_references", _reference, most=MOST_KNOWN) or []
    if (names or references) and format != "diarized_json":
        raise RequestError(
            "known_speaker_names needs response_format diarized_json.",
            param="known_speaker_names",
            code="invalid_value",
        )
    if len(names) != len(references):
        what = "hold one recording for each of known_speaker_names"
        raise invalid("known_speaker_references", what, f"{len(references)} for {len(names)}")
    if len(set(names)) != len(names) or not all(names):
        raise invalid("known_speaker_names", "name every speaker, and each once", names)
    return tuple(map(Known, names, references))


def _reference(value: Any, path: str) -> bytes:
    found = SOUND.match(string(value, path))
    if found is None:
        raise missing(path, "give a data URL of a recording (data:audio/wav;base64,…)")
    try:
        return base64.b64decode(value[found.end() :], validate=True)
    except binascii.Error:
        raise invalid(path, "be base64 after its comma") from None
