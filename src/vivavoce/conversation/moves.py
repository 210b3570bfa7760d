"""What the floor decides, hop by hop. Positions are samples of the user's sound at 16 kHz."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vivavoce.conversation.interruption import Kind

EndReason = Literal["silence", "complete", "patience", "too_long"]


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """The user has the floor. `at`: where the turn's sound starts, padding included. `barge_in`: the assistant
    was audible; `reopened`: the user goes on with the turn that ended just before."""

    at: int
    barge_in: bool
    reopened: bool = False


@dataclass(frozen=True, slots=True)
class Ducked:
    """The first sign of a voice over the assistant's, at `at`: a sound that rises out of the noise, then or at
    once a voice."""

    at: int
    sign: Literal["onset", "voice"] = "voice"


@dataclass(frozen=True, slots=True)
class Held:
    """The voice over the assistant's goes on: the assistant pauses until it is known what it is."""

    at: int


@dataclass(frozen=True, slots=True)
class OverlapEnded:
    """It was no interruption, but `what` it was: the assistant goes on."""

    what: Kind


@dataclass(frozen=True, slots=True)
class Hushed:
    """The voice stopped after `voice_end`; perhaps this is the end. `hush` numbers the pause."""

    hush: int
    voice_end: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """The user goes on: what was prepared for pause `hush` is void."""

    hush: int


@dataclass(frozen=True, slots=True)
class TurnEnded:
    at: int
    voice_end: int
    why: EndReason


@dataclass(frozen=True, slots=True)
class Idled:
    """Nobody said anything since the assistant ended."""

    start: int
    end: int


Move = TurnStarted | Ducked | Held | OverlapEnded | Hushed | Resumed | TurnEnded | Idled


def described(move: Move) -> tuple[str, str]:
    """A move as a decision and its reason, for whoever watches."""
    match move:
        case TurnStarted():
            return "start", "reopened" if move.reopened else "barge_in" if move.barge_in else "voice"
        case Ducked(_, sign):
            return "duck", sign
        case OverlapEnded(what):
            return "resume", what
        case TurnEnded():
            return "end", move.why
        case _:
            return _PLAIN[type(move)]


_PLAIN = {
    Held: ("hold", "voice_goes_on"),
    Hushed: ("draft", "quiet"),
    Resumed: ("drop_draft", "voice"),
    Idled: ("speak_up", "idle"),
}
