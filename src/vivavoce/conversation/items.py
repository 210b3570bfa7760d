"""What a conversation is made of: messages, tool calls and their results, as values."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Literal

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
class Message:
    id: str
    role: Role
    parts: tuple[Part, ...]
    status: Status = "completed"

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


Item = Message | FunctionCall | FunctionOutput


def with_transcript(item: Message, transcript: str) -> Message:
    """The same spoken message, now with its words."""
    parts = tuple(replace(part, transcript=transcript) if isinstance(part, Speech) else part for part in item.parts)
    return replace(item, parts=parts)
