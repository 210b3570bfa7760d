"""What a conversation is made of: messages, tool calls and their results, as values."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from vivavoce.audio.pcm import Pcm

Role = Literal["system", "user", "assistant"]
Status = Literal["in_progress", "completed", "incomplete"]


def new_id(prefix: str) -> str:
    """An id that nobody can guess: "item_3f…"."""
    return f"{prefix}_{secrets.token_hex(10)}"


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Speech:
    """Something said aloud. `transcript` is None until it is known; of the assistant's speech it
    holds the words that were heard, `sound` what was sent."""

    transcript: str | None
    sound: Pcm | None = None


@dataclass(frozen=True, slots=True)
class Image:
    """A picture as a data URI (PNG or JPEG)."""

    url: str
    detail: Literal["auto", "low", "high"] = "auto"


Part = Text | Speech | Image


@dataclass(frozen=True, slots=True)
class Thinking:
    """A model's thinking before its words, as only that model takes it back: `signature` proves that nobody changed
    the text; `redacted` is thinking that nobody else can read, and then there is no text."""

    text: str
    signature: str = ""
    redacted: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """`thinking`: of the assistant, before the message or before the calls that follow it; a message may be nothing
    else."""

    id: str
    role: Role
    parts: tuple[Part, ...]
    status: Status = "completed"
    thinking: tuple[Thinking, ...] = ()

    @property
    def text(self) -> str:
        """All words of the message, typed or spoken."""
        words = [
            part.text if isinstance(part, Text) else part.transcript or ""
            for part in self.parts
            if not isinstance(part, Image)
        ]
        return " ".join(word for word in words if word)

    @property
    def pictures(self) -> tuple[Image, ...]:
        return tuple(part for part in self.parts if isinstance(part, Image))


@dataclass(frozen=True, slots=True)
class FunctionCall:
    id: str
    call_id: str
    name: str
    arguments: str
    """JSON as the model wrote it."""
    status: Status = "completed"


@dataclass(frozen=True, slots=True)
class FunctionOutput:
    id: str
    call_id: str
    output: str
    status: Status = "completed"


@dataclass(frozen=True, slots=True)
class ListedTool:
    """What a tool server says of one of its tools. `parameters` is a JSON schema."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    reads_only: bool = False


@dataclass(frozen=True, slots=True)
class ToolListing:
    """What the tool server `server` offers. `error`: why that is not known."""

    id: str
    server: str
    tools: tuple[ListedTool, ...] = ()
    error: str | None = None
    status: Status = "completed"


@dataclass(frozen=True, slots=True)
class CallError:
    """Why a hosted tool has no result. `code`: of HTTP, or of the protocol."""

    kind: Literal["protocol", "execution", "http"]
    message: str
    code: int | None = None


@dataclass(frozen=True, slots=True)
class HostedCall:
    """A call of a tool that runs beside the server; neither `output` nor `error` while it runs. `approval_id`: of the
    request that was approved. `foreign`: its output holds words of others."""

    id: str
    server: str
    name: str
    arguments: str
    output: str | None = None
    error: CallError | None = None
    approval_id: str | None = None
    foreign: bool = False
    status: Status = "completed"


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """A call that runs only if the person says yes."""

    id: str
    server: str
    name: str
    arguments: str
    status: Status = "completed"


@dataclass(frozen=True, slots=True)
class ApprovalResponse:
    id: str
    request_id: str
    approve: bool
    reason: str | None = None
    status: Status = "completed"


Readable = Message | FunctionCall | FunctionOutput
"""What a language model reads; the others come to it as these (`conversation/hosted.py`)."""
Item = Readable | ToolListing | HostedCall | ApprovalRequest | ApprovalResponse


def without_sound(item: Item) -> Item:
    """What remains of speech that is long ago: its words."""
    if not isinstance(item, Message):
        return item
    parts = (replace(part, sound=None) if isinstance(part, Speech) else part for part in item.parts)
    return replace(item, parts=tuple(parts))


def with_transcript(item: Message, transcript: str) -> Message:
    """The same spoken message, now with its words."""
    parts = tuple(replace(part, transcript=transcript) if isinstance(part, Speech) else part for part in item.parts)
    return replace(item, parts=parts)


def without_pictures(item: Item) -> Item:
    """The same item for a model that does not see."""
    if not isinstance(item, Message) or not item.pictures:
        return item
    return replace(item, parts=tuple(Text("(a picture)") if isinstance(part, Image) else part for part in item.parts))
