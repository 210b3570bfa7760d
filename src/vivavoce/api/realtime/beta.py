"""The beta contract, as a translation of the released one: pure, one message in, one or none out.

A client speaks it that sends `OpenAI-Beta: realtime=v1`, or offers the subprotocol `openai-beta.realtime-v1`. Events
have other names, settings lie flat in the session, and an assistant's parts are called `text` and `audio`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import HTTPConnection

from vivavoce.conversation.items import new_id

Wire = dict[str, Any]

SUBPROTOCOL = "openai-beta.realtime-v1"
HEADER, HEADER_VALUE = "openai-beta", "realtime=v1"

EVENTS = {
    "response.output_audio.delta": "response.audio.delta",
    "response.output_audio.done": "response.audio.done",
    "response.output_audio_transcript.delta": "response.audio_transcript.delta",
    "response.output_audio_transcript.done": "response.audio_transcript.done",
    "response.output_text.delta": "response.text.delta",
    "response.output_text.done": "response.text.done",
    "conversation.item.added": "conversation.item.created",
}
UNKNOWN = frozenset(
    {
        "conversation.item.done",
        "conversation.item.input_audio_transcription.segment",
        "input_audio_buffer.timeout_triggered",
    }
)
"""Events that the beta had not."""

FORMATS = {"pcm16": "audio/pcm", "g711_ulaw": "audio/pcmu", "g711_alaw": "audio/pcma"}
_FORMAT_NAMES = {released: beta for beta, released in FORMATS.items()}

INPUT = {
    "input_audio_format": "format",
    "input_audio_transcription": "transcription",
    "input_audio_noise_reduction": "noise_reduction",
    "turn_detection": "turn_detection",
}
OUTPUT = {"output_audio_format": "format", "voice": "voice", "speed": "speed"}
RENAMED = {"max_response_output_tokens": "max_output_tokens"}


def speaks_beta(connection: HTTPConnection) -> bool:
    """Whether a client's handshake says that it speaks the beta contract."""
    offered = connection.scope.get("subprotocols", ())
    return HEADER_VALUE in connection.headers.get(HEADER, "") or SUBPROTOCOL in offered


# --- what clients send


def released(message: Wire) -> Wire:
    """A client's event in the released contract. What is malformed stays so, for the reader to say."""
    match message.get("type"):
        case "session.update":
            return _with(message, "session", released_session)
        case "transcription_session.update":
            return {**_with(message, "session", released_transcription), "type": "session.update"}
        case "response.create":
            return _with(message, "response", _released_response)
        case "conversation.item.create":
            return _with(message, "item", _released_item)
    return message


def released_session(session: Wire) -> Wire:
    """A session of the beta as the released contract has it."""
    taken = {name: value for name, value in session.items() if name not in _MOVED}
    taken |= {new: session[old] for old, new in RENAMED.items() if old in session}
    heard = _moved(session, INPUT)
    said = _moved(session, OUTPUT)
    audio = {side: fields for side, fields in (("input", heard), ("output", said)) if fields}
    modalities = _modalities(session)
    return {
        "type": "realtime",
        **taken,
        **({} if modalities is None else {"output_modalities": modalities}),
        **({"audio": audio} if audio else {}),
    }


def released_transcription(session: Wire) -> Wire:
    """A transcription session of the beta."""
    heard = _moved(session, INPUT)
    include = {"include": session["include"]} if "include" in session else {}
    return {"type": "transcription", **include, **({"audio": {"input": heard}} if heard else {})}


_MOVED = {*INPUT, *OUTPUT, *RENAMED, "modalities", "client_secret"}


def _moved(session: Wire, names: Mapping[str, str]) -> Wire:
    found = {new: session[old] for old, new in names.items() if old in session}
    if isinstance(found.get("format"), str):
        found["format"] = {"type": FORMATS.get(found["format"], found["format"])}
    return found


def _modalities(session: Wire) -> Any:
    """The beta's ["text", "audio"] is speech with its words, as the released ["audio"] is."""
    modalities = session.get("modalities")
    return ["audio"] if isinstance(modalities, list) and "audio" in modalities else modalities


def _released_response(response: Wire) -> Wire:
    wire = released_session(response)
    del wire["type"]
    if isinstance(wire.get("input"), list):
        wire["input"] = [_released_item(item) if isinstance(item, dict) else item for item in wire["input"]]
    return wire


def _released_item(item: Wire) -> Wire:
    content = item.get("content")
    if item.get("role") != "assistant" or not isinstance(content, list):
        return item
    return {**item, "content": [_renamed(part, {"text": "output_text", "audio": "output_audio"}) for part in content]}


# --- what they are sent


@dataclass(slots=True)
class BetaWords:
    """Tells one client. `greeted`: it knows that there is a conversation."""

    greeted: bool = False

    def tell(self, event: Wire) -> list[Wire]:
        kind: str = event["type"]
        if kind in UNKNOWN or kind.startswith("vivavoce."):
            return []
        told = {**event, "type": EVENTS.get(kind, kind)}
        told.pop("vivavoce", None)
        for name, translate in (("item", beta_item), ("response", _beta_response), ("part", _beta_part)):
            if isinstance(told.get(name), dict):
                told[name] = translate(told[name])
        if "session" not in told:
            return [told]
        if told["session"]["type"] == "transcription":
            told["type"] = f"transcription_{kind}"
        told["session"] = beta_session(told["session"])
        return [told, *self._greeting()]

    def _greeting(self) -> list[Wire]:
        if self.greeted:
            return []
        self.greeted = True
        conversation = {"id": new_id("conv"), "object": "realtime.conversation"}
        return [{"type": "conversation.created", "event_id": new_id("event"), "conversation": conversation}]


def beta_session(session: Wire) -> Wire:
    """A session of the released contract, laid flat."""
    audio = session["audio"]
    flat = {name: value for name, value in session.items() if name in _KEPT}
    flat |= _flattened(audio["input"], INPUT)
    if "output" not in audio:
        return {**flat, "object": "realtime.transcription_session"}
    return {
        **flat,
        **_flattened(audio["output"], OUTPUT),
        "object": "realtime.session",
        "modalities": ["text"] if session["output_modalities"] == ["text"] else ["text", "audio"],
        "tool_choice": _beta_choice(session["tool_choice"]),
        "max_response_output_tokens": session["max_output_tokens"],
    }


_KEPT = ("id", "model", "expires_at", "instructions", "tools", "temperature", "tracing", "include", "prompt")


def _flattened(side: Wire, names: Mapping[str, str]) -> Wire:
    flat = {old: side.get(new) for old, new in names.items()}
    for name in ("input_audio_format", "output_audio_format"):
        if name in flat:
            flat[name] = _FORMAT_NAMES[side["format"]["type"]]
    return flat


def _beta_choice(choice: Any) -> Any:
    return choice["name"] if isinstance(choice, dict) else choice


def beta_item(item: Wire) -> Wire:
    content = item.get("content")
    return item if content is None else {**item, "content": [_beta_part(part) for part in content]}


def _beta_part(part: Wire) -> Wire:
    told: Wire = _renamed(part, {"output_text": "text", "output_audio": "audio"})
    return told


def _beta_response(response: Wire) -> Wire:
    out = response["audio"]["output"]
    told = {name: value for name, value in response.items() if name not in ("audio", "output_modalities")}
    return {
        **told,
        "output": [beta_item(item) for item in response["output"]],
        "modalities": ["text"] if response["output_modalities"] == ["text"] else ["text", "audio"],
        "voice": out["voice"],
        "output_audio_format": _FORMAT_NAMES[out["format"]["type"]],
        "temperature": 0.8,
    }


def _renamed(part: Any, names: Mapping[str, str]) -> Any:
    if not isinstance(part, dict) or not isinstance(part.get("type"), str):
        return part
    return {**part, "type": names.get(part["type"], part["type"])}


def _with(message: Wire, name: str, translate: Any) -> Wire:
    return {**message, name: translate(message[name])} if isinstance(message.get(name), dict) else message
