"""The `session` object of the wire and the SessionConfig behind it: what a client changes, what it is told.

`session.update` is a deep merge: what is absent stays as it is (`session_fields.py` reads each field).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any

from vivavoce.api.fields import Fields, invalid
from vivavoce.api.realtime.prompts import Prompts, no_prompts, read_prompt
from vivavoce.api.realtime.reply_options import (
    read_reply,
    refuse_moved,
    wire_max_tokens,
    wire_tool_choice,
    wire_tools,
)
from vivavoce.api.realtime.session_fields import (
    Kept,
    check_tracing,
    read_inclusion,
    read_keeping,
    read_kept,
    read_manners,
    read_noise_reduction,
    read_transcription,
    read_turn,
    truncation_of,
    with_logprobs,
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
    TurnPolicy,
)
from vivavoce.errors import RequestError


@dataclass(frozen=True, slots=True)
class RealtimeSession:
    """One session as its client sees it. `hears`, `speaks`: encodings of the two directions.
    `prompts`: those that are stored; `usual`: manners that nobody asked for. `kept`: fields as they are echoed;
    `transcription_kept`: one that has no effect here."""

    id: str
    model: str
    config: SessionConfig = SessionConfig()
    hears: Encoding = "audio/pcm"
    speaks: Encoding = "audio/pcm"
    kept: Kept = field(default_factory=dict[str, Any])
    prompts: Prompts = no_prompts
    usual: Manners = Manners()
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
        kept = read_kept(fields, self.kept)
        check_tracing(self.kept, kept)
        reply = replace(after.config.reply, truncation=truncation_of(kept.get("truncation")))
        if prompt := read_prompt(fields, self.prompts):
            kept["prompt"], text = prompt
            reply = replace(reply, instructions=fields.text("instructions", text))
        config = replace(
            after.config,
            reply=reply,
            manners=read_manners(fields, self.config.manners, self.usual),
            **read_keeping(fields, self.config),
            transcription=with_logprobs(after.config.transcription, kept.get("include")),
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


def _is_transcription(fields: Fields, now: bool) -> bool:
    kind = fields.choice("type", ("realtime", "transcription"), "transcription" if now else "realtime")
    return bool(kind == "transcription")


def _as_transcription(session: RealtimeSession, fields: Fields) -> RealtimeSession:
    """A session that listens, and answers nothing. Its words are always told."""
    audio = fields.object("audio") or Fields({}, "session.audio")
    if audio.get("output") is not None:
        raise invalid("session.audio.output", "be left out: a transcription session says nothing")
    after = _with_input(session, audio.object("input") or Fields({}, "session.audio.input"))
    include = fields.array("include", read_inclusion, most=10) if "include" in fields.raw else after.kept.get("include")
    config = replace(
        after.config,
        turn=replace(after.config.turn, create_response=False, interrupt_response=False),
        transcription=with_logprobs(after.config.transcription or TranscriptionOptions(), include),
    )
    return replace(after, config=config, kept={"include": include}, transcribes=True)


def _with_input(session: RealtimeSession, audio: Fields) -> RealtimeSession:
    transcription, kept = read_transcription(audio, session.config.transcription, session.transcription_kept)
    config = replace(
        session.config,
        turn=read_turn(audio, session.config.turn),
        transcription=transcription,
        noise_reduction=read_noise_reduction(audio, session.config.noise_reduction),
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


def _wire_noise_reduction(reduction: NoiseReduction | None) -> dict[str, Any] | None:
    if reduction is None:
        return None
    return {"type": reduction.kind, **({} if reduction.strength is None else {"strength": reduction.strength})}
