"""What the assistant keeps for a person beside the conversations, as values. Times are Unix seconds. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

TEMPORARY = "conv_temp"
"""How the ids of conversations begin that are not to be kept: nothing is remembered of them, nor told in them."""


@dataclass(frozen=True, slots=True)
class Note:
    """`list`: the list that it stands on ("shopping list"), "" for none."""

    id: str
    text: str
    created: float
    list: str = ""


@dataclass(frozen=True, slots=True)
class Reminder:
    """`text`: what of, or what a timer is called, "" for none; `seconds`: how long a timer was set for; `language`: to
    tell it in."""

    id: str
    owner: str
    kind: Literal["timer", "reminder"]
    text: str
    due: float
    created: float
    seconds: float = 0.0
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Memory:
    """`source`: the person asked for it ("asked"), said it in passing ("noticed"), or wrote it down ("written");
    `said`: the words that it was taken from, in the conversation `conversation` ("" for one that is not kept)."""

    id: str
    text: str
    source: Literal["asked", "noticed", "written"]
    said: str
    conversation: str
    created: float
    updated: float


@dataclass(frozen=True, slots=True)
class Persona:
    """A way for the assistant to be. `name`: how it is chosen."""

    name: str
    instructions: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """How a person wants the assistant to be. `name`: what to call them; `instructions`: their own words to it;
    `persona`: the name of one; `remembers`: whether there are memories; `time_zone`: "" for the server's;
    `keep_audio`: the sound of spoken turns is kept with them; `personas`: the person's own."""

    name: str = ""
    instructions: str = ""
    persona: str = ""
    remembers: bool = True
    time_zone: str = ""
    keep_audio: bool = False
    personas: tuple[Persona, ...] = ()
