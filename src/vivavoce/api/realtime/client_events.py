"""What a client says, as commands: pure, so that every malformed message can be tried without a socket.

`input_audio_buffer.append` comes fifty times a second: `json.loads` and one look at its type are all
that stands between it and the sound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from vivavoce.api.fields import Fields, invalid, missing
from vivavoce.api.json_text import check_writable, json_object
from vivavoce.api.metadata import read_metadata
from vivavoce.api.realtime.items import read_id, read_item
from vivavoce.api.realtime.prompts import read_prompt
from vivavoce.api.realtime.reply_options import read_reply, refuse_moved
from vivavoce.api.realtime.session_object import RealtimeSession
from vivavoce.api.realtime.sound import read_format, sound_of, sound_of_base64
from vivavoce.audio.codecs import Encoding
from vivavoce.audio.pcm import Pcm
from vivavoce.conversation.config import ReplyOptions
from vivavoce.conversation.items import Item
from vivavoce.errors import RequestError

APPEND = "input_audio_buffer.append"
MOST_INPUT_ITEMS = 1000
FOREVER_MS = 2**31 - 1
KEYS = tuple("0123456789*#ABCD")
"""Of a telephone; the last four are found on no keypad any more, but in the contract."""


@dataclass(frozen=True, slots=True)
class Append:
    sound: Pcm


@dataclass(frozen=True, slots=True)
class Commit:
    pass


@dataclass(frozen=True, slots=True)
class Clear:
    pass


@dataclass(frozen=True, slots=True)
class UpdateSession:
    """`session` is the object as it came: what it changes depends on the session of that moment."""

    session: Any


@dataclass(frozen=True, slots=True)
class CreateItem:
    item: Item
    after: str | None


@dataclass(frozen=True, slots=True)
class DeleteItem:
    item_id: str


@dataclass(frozen=True, slots=True)
class RetrieveItem:
    item_id: str


@dataclass(frozen=True, slots=True)
class TruncateItem:
    item_id: str
    content_index: int
    audio_end_ms: int


@dataclass(frozen=True, slots=True)
class Reference:
    """An item of the conversation, named inside `response.input`. `path`: where."""

    item_id: str
    path: str


@dataclass(frozen=True, slots=True)
class CreateResponse:
    options: ReplyOptions
    speaks: Encoding
    in_conversation: bool = True
    input: tuple[Item | Reference, ...] | None = None
    metadata: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class CancelResponse:
    response_id: str | None


@dataclass(frozen=True, slots=True)
class PressKey:
    """A telephone key, of which a client knows that carries somebody else's call."""

    key: str


Command = (
    Append | Commit | Clear | UpdateSession
    | CreateItem | DeleteItem | RetrieveItem | TruncateItem
    | CreateResponse | CancelResponse | PressKey
)  # fmt: skip


PLAIN_APPENDS = (f'{{"type":"{APPEND}","audio":"', f'{{"type": "{APPEND}", "audio": "')
"""How most clients write it: then all that is left to read is the sound."""


_PLAIN_APPENDS = tuple(beginning.encode() for beginning in PLAIN_APPENDS)


def plain_append(message: bytes, session: RealtimeSession) -> Pcm | None:
    """The sound of an append that is written as most clients write it, read without JSON: between the quotes nothing
    but base64 is taken, which needs no escapes. None: it is anything else, or not as it should be; `load` and `parse`
    tell what."""
    for beginning in _PLAIN_APPENDS:
        if message.startswith(beginning) and message.endswith(b'"}'):
            try:
                return sound_of_base64(message[len(beginning) : -2], session.hears, "audio")
            except RequestError:
                return None
    return None


def load(text: str) -> dict[str, Any]:
    """The JSON object in a message. Raises RequestError for anything else, however crafted."""
    for beginning in PLAIN_APPENDS:
        if text.startswith(beginning) and text.endswith('"}') and "\\" not in text:
            start, end = len(beginning), len(text) - 2
            if text.find('"', start) == end:  # one string, and nothing behind it
                return {"type": APPEND, "audio": text[start:end]}
    message = json_object(text)
    if message.get("type") != APPEND:  # of which nothing but base64 is ever used
        check_writable(message, text)
    return message


def event_id_of(message: dict[str, Any]) -> str | None:
    """The client's own name for its event, for errors about it."""
    event_id = message.get("event_id")
    return event_id if isinstance(event_id, str) else None


def parse(message: dict[str, Any], session: RealtimeSession) -> Command:
    """The command in a message. Raises RequestError and nothing else."""
    kind = message.get("type")
    if kind == APPEND:
        return _append(message, session)
    if kind is None:
        raise missing("type", "give the type of the event")
    read = _READERS.get(kind) if isinstance(kind, str) else None
    if read is None:
        raise invalid("type", f"be one of {', '.join(EVENTS)}", kind)
    fields = Fields(message, "")
    fields.text("event_id", None)
    return read(fields, session)


def _append(message: dict[str, Any], session: RealtimeSession) -> Append:
    audio = message.get("audio")
    if audio is None:
        raise missing("audio", "give the sound as base64")
    return Append(sound_of(audio, session.hears, "audio"))


def _create_item(fields: Fields, session: RealtimeSession) -> CreateItem:
    after = fields.text("previous_item_id", None)
    return CreateItem(read_item(fields.need_object("item"), session.hears), after)


def _truncate(fields: Fields, _: RealtimeSession) -> TruncateItem:
    return TruncateItem(
        fields.need_text("item_id"),
        fields.need_integer("content_index", 0, FOREVER_MS),
        fields.need_integer("audio_end_ms", 0, FOREVER_MS),
    )


def _create_response(fields: Fields, session: RealtimeSession) -> CreateResponse:
    if session.transcribes:
        raise RequestError(
            "A transcription session makes no responses; open one of type realtime.", param="type", code="invalid_value"
        )
    response = fields.object("response") or Fields({}, "response")
    refuse_moved(response)
    audio = response.object("audio") or Fields({}, "response.audio")
    out = audio.object("output") or Fields({}, "response.audio.output")
    options = read_reply(response, session.config.reply)
    if prompt := read_prompt(response, session.prompts):
        options = replace(options, instructions=response.text("instructions", prompt[1]))
    items = response.array("input", lambda item, path: _input_item(Fields(item, path), session), most=MOST_INPUT_ITEMS)
    return CreateResponse(
        options=options,
        speaks=read_format(out.object("format"), session.speaks),
        in_conversation=response.choice("conversation", ("auto", "none"), "auto") == "auto",
        input=None if items is None else tuple(items),
        metadata=read_metadata(response),
    )


def _input_item(fields: Fields, session: RealtimeSession) -> Item | Reference:
    if fields.get("type") == "item_reference":
        return Reference(fields.need_text("id"), fields.at("id"))
    return read_item(fields, session.hears)


def _clear_output(_: Fields, __: RealtimeSession) -> NoReturn:
    raise RequestError(
        "'output_audio_buffer.clear' is for WebRTC and SIP, where the server holds the sound that is playing. "
        "Over a WebSocket stop your own player, then send response.cancel and conversation.item.truncate.",
        param="type",
        code="invalid_value",
    )


_READERS: dict[str, Callable[[Fields, RealtimeSession], Command]] = {
    "input_audio_buffer.commit": lambda *_: Commit(),
    "input_audio_buffer.clear": lambda *_: Clear(),
    "output_audio_buffer.clear": _clear_output,
    "session.update": lambda fields, _: UpdateSession(fields.need_object("session").raw),
    "conversation.item.create": _create_item,
    "conversation.item.delete": lambda fields, _: DeleteItem(fields.need_text("item_id")),
    "conversation.item.retrieve": lambda fields, _: RetrieveItem(fields.need_text("item_id")),
    "conversation.item.truncate": _truncate,
    "response.create": _create_response,
    "response.cancel": lambda fields, _: CancelResponse(read_id(fields, "response_id")),
    "vivavoce.input_audio_buffer.dtmf_event": lambda fields, _: PressKey(fields.need_choice("event", KEYS)),
}

EVENTS = (APPEND, *_READERS)
"""Every type of event that a client may send; those of ours begin with `vivavoce.`."""
