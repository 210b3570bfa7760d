"""The `session` object of the wire and the SessionConfig behind it.

`session.update` is a deep merge: a field that is absent keeps its value, null clears what can be
off (`turn_detection`, `transcription`, `noise_reduction`, `idle_timeout_ms`, `tracing`, `prompt`,
`include`), "" and [] are values. So every reader below takes the value that holds now as its default.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from vivavoce.api.fields import Fields, invalid, string
from vivavoce.api.realtime.prompts import Prompts, no_prompts, read_prompt
from vivavoce.api.realtime.reply_options import (
    read_effort,
    read_reply,
    refuse_moved,
    wire_max_tokens,
    wire_tool_choice,
    wire_tools,
)
from vivavoce.api.realtime.sound import read_format, wire_format
from vivavoce.audio.codecs import Encoding
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


@dataclass(frozen=True, slots=True)
class RealtimeSession:
    """One session as its client sees it. `hears`, `speaks`: encodings of the two directions.
    `prompts`: those that are stored. `kept`: fields as they are echoed; `transcription_kept`: one that has no effect
    here."""

    id: str
    model: str
    config: SessionConfig = SessionConfig()
    hears: Encoding = "audio/pcm"
    speaks: Encoding = "audio/pcm"
    kept: Kept = field(default_factory=dict[str, Any])
    prompts: Prompts = no_prompts
    transcription_kept: Kept = field(default_factory=dict[str, Any])
    transcribes: bool = False
    """It is a transcription session: it has ears and no mouth."""
    expires_at: int | None = None
    """Unix time in s at which the session will be ended; None: it may last as long as it likes."""

    def named(self, session_id: str, longest: float) -> RealtimeSession:
        """This session as it opens now, with `longest` seconds to live (0: for ever)."""
        return replace(self, id=session_id, expires_at=int(time.time() + longest) if longest else None)

    def updated(self, patch: object, *, has_spoken: bool) -> RealtimeSession:
        """The session after a `session.update`. Raises RequestError, naming the field, and changes nothing then.

        `has_spoken`: the assistant has been heard, so its voice stays. Another `model` is not an
        error and not a change: every name is served by the same engines, and SDKs send their
        default model here whatever the URL said.
        """
        fields = Fields(patch, "session")
        if _is_transcription(fields, self.transcribes):
            return _as_transcription(self, fields)
        if self.transcribes:
            raise invalid("session.type", "be transcription in a transcription session; open another one", "realtime")
        refuse_moved(fields)
        fields.text("model", "")
        audio = fields.object("audio") or Fields({}, "session.audio")
        after = _with_input(self, audio.object("input") or Fields({}, "session.audio.input"))
        after = _with_output(after, fields, audio.object("output") or Fields({}, "session.audio.output"))
        if has_spoken and after.config.reply.voice != self.config.reply.voice:
            raise RequestError(
                "Cannot update a conversation's voice if assistant audio is present: open a new session for "
                "another voice.",
                param="session.audio.output.voice",
                code="cannot_update_voice",
            )
        kept = _read_kept(fields, self.kept)
        _check_tracing(self.kept, kept)
        reply = replace(after.config.reply, truncation=_truncation(kept.get("truncation")))
        if prompt := read_prompt(fields, self.prompts):
            kept["prompt"], text = prompt
            reply = replace(reply, instructions=fields.text("instructions", text))
        config = replace(
            after.config,
            reply=reply,
            manners=_read_manners(fields, self.config.manners),
            **_read_keeping(fields, self.config),
            transcription=_with_logprobs(after.config.transcription, kept.get("include")),
        )
        return replace(after, config=config, kept=kept)

    def wire(self) -> dict[str, Any]:
        """The whole effective session, as `session.created` and `session.updated` carry it."""
        if self.transcribes:
            return self._wire_transcribing()
        reply = self.config.reply
        return {
            "type": "realtime",
            "object": "realtime.session",
            "id": self.id,
            "model": self.model,
            **({} if self.expires_at is None else {"expires_at": self.expires_at}),
            "output_modalities": [reply.modality],
            "instructions": reply.instructions,
            "tools": wire_tools(reply),
            "tool_choice": wire_tool_choice(reply.tool_choice),
            "max_output_tokens": wire_max_tokens(reply.max_output_tokens),
            "temperature": reply.temperature,
            **_UNSET,
            **self.kept,
            "audio": {
                "input": self._wire_input(),
                "output": {"format": wire_format(self.speaks), "voice": reply.voice, "speed": reply.speed},
            },
            "vivavoce": {
                **_wire_manners(self.config.manners),
                "conversation": self.config.conversation or None,
                "temporary": self.config.temporary,
            },
        }

    def _wire_transcribing(self) -> dict[str, Any]:
        heard = self._wire_input()
        if heard["turn_detection"] is not None:
            del heard["turn_detection"]["create_response"], heard["turn_detection"]["interrupt_response"]
        return {
            "type": "transcription",
            "object": "realtime.transcription_session",
            "id": self.id,
            **({} if self.expires_at is None else {"expires_at": self.expires_at}),
            "include": self.kept.get("include"),
            "audio": {"input": heard},
        }

    def _wire_input(self) -> dict[str, Any]:
        return {
            "format": wire_format(self.hears),
            "noise_reduction": _wire_noise_reduction(self.config.noise_reduction),
            "transcription": self._wire_transcription(),
            "turn_detection": wire_turn_detection(self.config.turn),
        }

    def _wire_transcription(self) -> dict[str, Any] | None:
        options = self.config.transcription
        if options is None:
            return None
        lists = {"languages": list(options.languages), "keywords": list(options.keywords)}
        return {
            "model": options.model,
            "language": options.language,
            "prompt": options.prompt,
            **{name: value for name, value in lists.items() if value},
            **self.transcription_kept,
        }


_UNSET = {"truncation": "auto", "tracing": None, "prompt": None, "include": None}


def wire_turn_detection(turn: TurnPolicy) -> dict[str, Any] | None:
    flags = {"create_response": turn.create_response, "interrupt_response": turn.interrupt_response}
    match turn.detection:
        case None:
            return None
        case SemanticVad(eagerness):
            return {"type": "semantic_vad", "eagerness": eagerness, **flags}
        case ServerVad() as vad:
            return {
                "type": "server_vad",
                "threshold": vad.threshold,
                "prefix_padding_ms": vad.prefix_padding_ms,
                "silence_duration_ms": vad.silence_duration_ms,
                "idle_timeout_ms": vad.idle_timeout_ms,
                **flags,
            }


def _wire_manners(manners: Manners) -> dict[str, Any]:
    return {
        "managed_playback": manners.managed_playback,
        "listening_signals": manners.listening_signals,
        "idle_timeout_ms": manners.idle_timeout_ms,
        "side_talk": "ignore" if manners.ignore_side_talk else "answer",
        "openers": manners.openers,
        "spoken_approval": manners.spoken_approval,
        "profile": manners.profile,
    }


def _read_manners(fields: Fields, now: Manners) -> Manners:
    """`session.vivavoce`, which is ours: null puts everything in it back to its default."""
    if "vivavoce" not in fields.raw:
        return now
    ours = fields.object("vivavoce")
    if ours is None:
        return Manners()
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


def _read_keeping(fields: Fields, now: SessionConfig) -> dict[str, Any]:
    """Which stored conversation the session goes on with. It keeps the one that it has."""
    ours = fields.object("vivavoce") or Fields({}, "session.vivavoce")
    conversation = ours.text("conversation", now.conversation)
    if len(conversation) > LONGEST_ID:
        raise invalid(ours.at("conversation"), "be the id of a conversation (conv_…)", conversation)
    return {"conversation": conversation, "temporary": ours.flag("temporary", now.temporary)}


def _is_transcription(fields: Fields, now: bool) -> bool:
    kind = fields.choice("type", ("realtime", "transcription"), "transcription" if now else "realtime")
    return bool(kind == "transcription")


def _as_transcription(session: RealtimeSession, fields: Fields) -> RealtimeSession:
    """A session that listens, and answers nothing. Its words are always told."""
    audio = fields.object("audio") or Fields({}, "session.audio")
    if audio.get("output") is not None:
        raise invalid("session.audio.output", "be left out: a transcription session says nothing")
    after = _with_input(session, audio.object("input") or Fields({}, "session.audio.input"))
    include = fields.array("include", _inclusion, most=10) if "include" in fields.raw else after.kept.get("include")
    config = replace(
        after.config,
        turn=replace(after.config.turn, create_response=False, interrupt_response=False),
        transcription=_with_logprobs(after.config.transcription or TranscriptionOptions(), include),
    )
    return replace(after, config=config, kept={"include": include}, transcribes=True)


def _with_input(session: RealtimeSession, audio: Fields) -> RealtimeSession:
    transcription, kept = _read_transcription(audio, session.config.transcription, session.transcription_kept)
    config = replace(
        session.config,
        turn=_read_turn(audio, session.config.turn),
        transcription=transcription,
        noise_reduction=_read_noise_reduction(audio, session.config.noise_reduction),
    )
    return replace(
        session,
        config=config,
        hears=read_format(audio.object("format"), session.hears),
        transcription_kept=kept,
    )


def _with_output(session: RealtimeSession, fields: Fields, audio: Fields) -> RealtimeSession:
    config = replace(session.config, reply=read_reply(fields, session.config.reply))
    return replace(session, config=config, speaks=read_format(audio.object("format"), session.speaks))


def _read_turn(audio: Fields, now: TurnPolicy) -> TurnPolicy:
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


def _read_transcription(
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


def _with_logprobs(options: TranscriptionOptions | None, include: list[str] | None) -> TranscriptionOptions | None:
    return options and replace(options, logprobs=LOGPROBS in (include or ()))


def _read_language(fields: Fields, default: str | None) -> str | None:
    """ISO 639-1 as engines take it: "en-US" means "en", and "" that the language is to be detected."""
    language = fields.text("language", default)
    return _code(language, fields.at("language")) if language else None


def _code(value: Any, path: str) -> str:
    if not LANGUAGE.fullmatch(string(value, path)):
        raise invalid(path, "be an ISO 639-1 code such as en", value)
    return re.split("[-_]", value)[0].lower()


def _read_noise_reduction(audio: Fields, now: NoiseReduction | None) -> NoiseReduction | None:
    if "noise_reduction" not in audio.raw:
        return now
    fields = audio.object("noise_reduction")
    if fields is None:
        return None
    kind = fields.need_choice("type", ("near_field", "far_field"))
    return NoiseReduction(kind, fields.number("strength", None, 0.0, 1.0))


def _wire_noise_reduction(reduction: NoiseReduction | None) -> dict[str, Any] | None:
    if reduction is None:
        return None
    return {"type": reduction.kind, **({} if reduction.strength is None else {"strength": reduction.strength})}


def _check_tracing(before: Kept, after: Kept) -> None:
    """As the contract has it: tracing may be turned off, but once on it is not changed."""
    if before.get("tracing") is not None and after.get("tracing") not in (None, before["tracing"]):
        raise RequestError(
            "Tracing cannot be changed once it is on: open a new session.",
            param="session.tracing",
            code="invalid_value",
        )


def _truncation(wire: Any) -> Truncation:
    if isinstance(wire, dict):
        limits = wire["token_limits"] or {}
        return Truncation(keep=wire["retention_ratio"], most=limits.get("post_instructions"))
    return Truncation(drop=wire != "disabled")


def _read_kept(fields: Fields, now: Kept) -> dict[str, Any]:
    """Fields that are echoed as they came, checked so far that their echo is valid."""
    read = {
        "tracing": _read_tracing,
        "include": lambda it: it.array("include", _inclusion, most=10),
        "prompt": lambda it: None,  # `read_prompt` has the rest
        "truncation": _read_truncation,
        "parallel_tool_calls": lambda it: it.flag("parallel_tool_calls", True),
        "reasoning": _read_reasoning,
    }
    return {**now, **{name: reader(fields) for name, reader in read.items() if name in fields.raw}}


def _inclusion(value: Any, path: str) -> str:
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
