"""When the words of a spoken message sounded. Pure: it outlives the sound, so that any message can still be cut."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from vivavoce.conversation.items import Message, Speech

EDGE = 1e-6
"""Seconds that two sums of the same sounds may differ."""


@dataclass(slots=True)
class Line:
    """What was said in one breath. Times in seconds."""

    text: str
    start: float
    seconds: float = 0.0

    def words_until(self, until: float) -> str:
        """The words whose sound ends before `until`; a word lasts as long as its letters' share."""
        if self.seconds <= 0:  # none of it was sent yet
            return ""
        if until >= self.start + self.seconds - EDGE:
            return self.text
        letters = (until - self.start) / self.seconds * len(self.text)
        if letters <= 0:
            return ""
        last_edge = self.text.rfind(" ", 0, int(letters) + 1)
        return self.text[:last_edge] if last_edge > 0 else ""


def words_until(lines: Iterable[Line], until: float) -> str:
    """The words played by `until`, cut at a word's edge."""
    return "".join(line.words_until(until) for line in lines).strip()


@dataclass(frozen=True, slots=True)
class Ledger:
    """Of one message. Times: seconds of its own sound, of which there are `seconds`."""

    lines: tuple[Line, ...]
    seconds: float

    @classmethod
    def between(cls, lines: Iterable[Line], began: float, ended: float) -> Ledger:
        """Of a message whose sound is a stretch of a response's. `lines`: of the response."""
        own = (line for line in lines if line.start == began or began < line.start < ended - EDGE)
        return cls(tuple(replace(line, start=line.start - began) for line in own), ended - began)

    @classmethod
    def of(cls, item: Message) -> Ledger | None:
        """Of speech that was not made here, or long ago; None where nobody knows how long it lasted."""
        speech = next((part for part in item.parts if isinstance(part, Speech)), None)
        if item.role != "assistant" or speech is None or speech.sound is None:
            return None
        return cls((Line(speech.transcript or "", 0.0, speech.sound.seconds),), speech.sound.seconds)

    def cut(self, item: Message, until: float) -> Message:
        """`item` with only the words and the sound of its first seconds, as far as that is kept."""
        speech = next((part for part in item.parts if isinstance(part, Speech)), Speech(""))
        sound = None if speech.sound is None else speech.sound.cut(0, until)
        return replace(item, parts=(Speech(words_until(self.lines, until), sound),), status="incomplete")
