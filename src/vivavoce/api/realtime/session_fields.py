"""What a client's session says, field by field: every reader takes the value that holds now as its default.

A field that is absent keeps its value, null clears what can be off (`turn_detection`, `transcription`,
`noise_reduction`, `idle_timeout_ms`, `tracing`, `prompt`, `include`), "" and [] are values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from vivavoce.api.fields import Fields, invalid, string
from vivavoce.api.realtime.reply_options import read_effort
from vivavoce.conversation.config import (
    Manners,
    NoiseReduction,
    SemanticVad,
    ServerVad,
    SessionConfig,
    TranscriptionOptions,
    Truncation,
    TurnPolicy,
)
from vivavoce.errors import RequestError

LANGUAGE = re.compile(r"[a-zA-Z]{2,3}([-_][a-zA-Z0-9]+)*")

LOGPROBS = "item.input_audio_transcription.logprobs"
MOST_KEYWORDS = 1000
LONGEST_ID = 128

Kept = Mapping[str, Any]
"""Fields as they are echoed."""


def read_turn(audio: Fields, now: TurnPolicy) -> TurnPolicy:
    if "turn_detection" not in audio.raw:
        return now
    fields = audio.object("turn_detection")
    if fields is None:
        return replace(now, detection=None)
    kind = _vad_type(fields, now)
    if (now.detection is None) or kind != _type_of(now.detection):
        now = TurnPolicy()  # another kind of detection starts from its own defaults
    return TurnPolicy(
        _read_semantic(fields, now.detection) if kind == "semantic_vad" else _read_server_vad(fields, now.detection),
        create_response=fields.flag("create_response", now.create_response),
        interrupt_response=fields.flag("interrupt_response", now.interrupt_response),
    )


def _type_of(detection: ServerVad | SemanticVad) -> Literal["server_vad", "semantic_vad"]:
    return "semantic_vad" if isinstance(detection, SemanticVad) else "server_vad"


def _vad_type(fields: Fields, now: TurnPolicy) -> str:
    kinds = ("server_vad", "semantic_vad")
    if fields.get("type") is None and now.detection is not None:
        return _type_of(now.detection)
    return str(fields.need_choice("type", kinds))


def _read_semantic(fields: Fields, now: ServerVad | SemanticVad | None) -> SemanticVad:
    base = now if isinstance(now, SemanticVad) else SemanticVad()
    return SemanticVad(fields.choice("eagerness", ("low", "medium", "high", "auto"), base.eagerness))


def _read_server_vad(fields: Fields, now: ServerVad | SemanticVad | None) -> ServerVad:
    base = now if isinstance(now, ServerVad) else ServerVad()
    idle = None if "idle_timeout_ms" in fields.raw else base.idle_timeout_ms
    return ServerVad(
        threshold=fields.number("threshold", base.threshold, 0.0, 1.0),
        prefix_padding_ms=fields.integer("prefix_padding_ms", base.prefix_padding_ms, 0, 10_000),
        silence_duration_ms=fields.integer("silence_duration_ms", base.silence_duration_ms, 0, 30_000),
        idle_timeout_ms=fields.integer("idle_timeout_ms", idle, 1_000, 600_000),
    )


def read_transcription(
    audio: Fields, now: TranscriptionOptions | None, kept: Kept
) -> tuple[TranscriptionOptions | None, Kept]:
    if "transcription" not in audio.raw:
        return now, kept
    fields = audio.object("transcription")
    if fields is None:
        return None, {}
    base = now or TranscriptionOptions()
    languages = fields.array("languages", _code, most=100)
    keywords = fields.array("keywords", string, most=MOST_KEYWORDS)
    options = TranscriptionOptions(
        model=fields.text("model", base.model),
        language=_read_language(fields, None if "language" in fields.raw else base.language),
        prompt=fields.text("prompt", None if "prompt" in fields.raw else base.prompt),
        languages=base.languages if languages is None else tuple(languages),
        keywords=base.keywords if keywords is None else tuple(keywords),
        logprobs=base.logprobs,
    )
    delay = fields.choice("delay", ("minimal", "low", "medium", "high", "xhigh"), None)
    return options, kept if delay is None else {**kept, "delay": delay}


def with_logprobs(options: TranscriptionOptions | None, include: list[str] | None) -> TranscriptionOptions | None:
    return options and replace(options, logprobs=LOGPROBS in (include or ()))


def _read_language(fields: Fields, default: str | None) -> str | None:
    """ISO 639-1 as engines take it: "en-US" means "en", and "" that the language is to be detected."""
    language = fields.text("language", default)
    return _code(language, fields.at("language")) if language else None


def _code(value: Any, path: str) -> str:
    if not LANGUAGE.fullmatch(string(value, path)):
        raise invalid(path, "be an ISO 639-1 code such as en", value)
    return re.split("[-_]", value)[0].lower()


def read_noise_reduction(audio: Fields, now: NoiseReduction | None) -> NoiseReduction | None:
    if "noise_reduction" not in audio.raw:
        return now
    fields = audio.object("noise_reduction")
    if fields is None:
        return None
    kind = fields.need_choice("type", ("near_field", "far_field"))
    return NoiseReduction(kind, fields.number("strength", None, 0.0, 1.0))


def read_manners(fields: Fields, now: Manners, usual: Manners) -> Manners:
    """`session.vivavoce`, which is ours: null puts everything in it back to what is usual."""
    if "vivavoce" not in fields.raw:
        return now
    ours = fields.object("vivavoce")
    if ours is None:
        return usual
    side_talk = ours.choice("side_talk", ("answer", "ignore"), "ignore" if now.ignore_side_talk else "answer")
    idle = None if "idle_timeout_ms" in ours.raw else now.idle_timeout_ms
    return Manners(
        managed_playback=ours.flag("managed_playback", now.managed_playback),
        listening_signals=ours.flag("listening_signals", now.listening_signals),
        idle_timeout_ms=ours.integer("idle_timeout_ms", idle, 1_000, 600_000),
        ignore_side_talk=side_talk == "ignore",
        openers=ours.choice("openers", ("auto", "on", "off"), now.openers),
        spoken_approval=ours.flag("spoken_approval", now.spoken_approval),
        profile=ours.flag("profile", now.profile),
    )


def read_keeping(fields: Fields, now: SessionConfig) -> dict[str, Any]:
    """Which stored conversation the session goes on with. It keeps the one that it has."""
    ours = fields.object("vivavoce") or Fields({}, "session.vivavoce")
    conversation = ours.text("conversation", now.conversation)
    if len(conversation) > LONGEST_ID:
        raise invalid(ours.at("conversation"), "be the id of a conversation (conv_…)", conversation)
    return {"conversation": conversation, "temporary": ours.flag("temporary", now.temporary)}


def check_tracing(before: Kept, after: Kept) -> None:
    """As the contract has it: tracing may be turned off, but once on it is not changed."""
    if before.get("tracing") is not None and after.get("tracing") not in (None, before["tracing"]):
        raise RequestError(
            "Tracing cannot be changed once it is on: open a new session.",
            param="session.tracing",
            code="invalid_value",
        )


def truncation_of(wire: Any) -> Truncation:
    if isinstance(wire, dict):
        limits = wire["token_limits"] or {}
        return Truncation(keep=wire["retention_ratio"], most=limits.get("post_instructions"))
    return Truncation(drop=wire != "disabled")


def read_kept(fields: Fields, now: Kept) -> dict[str, Any]:
    """Fields that are echoed as they came, checked so far that their echo is valid."""
    read = {
        "tracing": _read_tracing,
        "include": lambda it: it.array("include", read_inclusion, most=10),
        "prompt": lambda it: None,  # `read_prompt` has the rest
        "truncation": _read_truncation,
        "parallel_tool_calls": lambda it: it.flag("parallel_tool_calls", True),
        "reasoning": _read_reasoning,
    }
    return {**now, **{name: reader(fields) for name, reader in read.items() if name in fields.raw}}


def read_inclusion(value: Any, path: str) -> str:
    if value != LOGPROBS:
        raise invalid(path, f"be {LOGPROBS}", value)
    return str(value)


def _read_tracing(fields: Fields) -> Any:
    if isinstance(fields.get("tracing"), str):
        return fields.choice("tracing", ("auto",), None)
    tracing = fields.object("tracing")
    if tracing is None:
        return None
    names = {name: tracing.text(name, None) for name in ("workflow_name", "group_id")}
    return {**names, "metadata": tracing.get("metadata")}


def _read_truncation(fields: Fields) -> Any:
    if fields.get("truncation") is None:
        return "auto"
    if isinstance(fields.get("truncation"), str):
        return fields.choice("truncation", ("auto", "disabled"), "auto")
    truncation = fields.need_object("truncation")
    truncation.need_choice("type", ("retention_ratio",))
    limits = truncation.object("token_limits")
    most = None if limits is None else limits.integer("post_instructions", None, 0, 1_000_000)
    return {
        "type": "retention_ratio",
        "retention_ratio": truncation.number("retention_ratio", 1.0, 0.0, 1.0),
        "token_limits": None if limits is None else {"post_instructions": most},
    }


def _read_reasoning(fields: Fields) -> Any:
    return None if fields.get("reasoning") is None else {"effort": read_effort(fields, None)}
