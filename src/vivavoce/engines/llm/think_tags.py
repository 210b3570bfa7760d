"""Thinking that a model writes into its reply, told from the reply itself. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum, auto

from vivavoce.engines.llm.scores import WordCutter
from vivavoce.engines.llm.stops import overlap
from vivavoce.ports import Reasoning, Words

OPEN, CLOSE = "<think>", "</think>"


class _At(Enum):
    #  START ──<think>──▶ THINKING ──</think>──▶ BREAK ──a letter──▶ REPLY      START ──anything else──▶ REPLY
    START = auto()
    THINKING = auto()
    BREAK = auto()
    REPLY = auto()


class ThinkTags:
    """Splits a stream that may begin with <think>…</think>. Anywhere else the tags are words like others."""

    def __init__(self) -> None:
        self._at, self._held = _At.START, ""

    def push(self, text: str) -> Iterator[Words | Reasoning]:
        self._held += text
        if self._at is _At.START and not self._begin():
            return
        if self._at is _At.THINKING:
            yield from self._think()
        if self._at is _At.BREAK and (said := self._held.lstrip()):
            self._at, self._held = _At.REPLY, said
        if self._at is _At.REPLY and self._held:
            yield Words(self._held)
            self._held = ""

    def finish(self) -> Iterator[Words | Reasoning]:
        """What was held back, now that nothing comes after it."""
        if self._held and self._at is not _At.BREAK:
            yield Reasoning(self._held) if self._at is _At.THINKING else Words(self._held)
        self._held = ""

    def _begin(self) -> bool:
        """Whether it is known how the stream begins."""
        begun = self._held.lstrip()
        if begun.startswith(OPEN):
            self._at, self._held = _At.THINKING, begun.removeprefix(OPEN)
        elif not OPEN.startswith(begun):
            self._at = _At.REPLY
        return self._at is not _At.START

    def _think(self) -> Iterator[Reasoning]:
        thought, closed, rest = self._held.partition(CLOSE)
        if closed:
            self._at, self._held = _At.BREAK, rest
        else:
            keep = len(thought) - overlap(thought, CLOSE)
            thought, self._held = thought[:keep], thought[keep:]
        if thought:
            yield Reasoning(thought)


def cut(thoughts: Iterable[Words | Reasoning], cutter: WordCutter) -> Iterator[Words | Reasoning]:
    """The thoughts up to a text that ends the reply; what is thought ends nothing."""
    for thought in thoughts:
        if isinstance(thought, Reasoning):
            cutter.unscored()
            yield thought
        elif words := cutter.push(thought.text):
            yield words
