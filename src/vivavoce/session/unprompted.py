"""What the assistant says without being asked at that moment: the results of errands, reminders that are due. It waits
until nobody speaks and nobody is about to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from vivavoce.conversation.floor import Floor, Holder
from vivavoce.session.answer import Answer
from vivavoce.session.answers import Answers

BREATH = 0.6
"""Seconds of peace before it speaks up: whoever just said something may go on."""
WAITING = 16
"""Things to say that may wait; whoever has more waits too."""
TRIES = 3
"""How often words of which nothing was heard are said."""

Begun = tuple[Answer, asyncio.Task[None]]
Begin = Callable[[], Begun | None]
"""Starts the answer that says something; None: there is nothing to be said any more."""


@dataclass(slots=True)
class _Word:
    begin: Begin
    tries: int = 0


class Unprompted:
    def __init__(self, floor: Floor, answers: Answers) -> None:
        self._floor, self._answers = floor, answers
        self._words: asyncio.Queue[_Word] = asyncio.Queue(WAITING)
        self._stirred = asyncio.Event()
        self.is_heard = True

    def heard(self, by_somebody: bool) -> None:
        """Whether anybody hears what is said: else it waits."""
        self.is_heard = by_somebody
        self.stir()

    async def say(self, begin: Begin) -> None:
        """Have something said as soon as the floor is free. Waits while too much waits already."""
        await self._words.put(_Word(begin))

    def stir(self) -> None:
        """The floor may be free now."""
        self._stirred.set()

    async def run(self) -> None:
        """Say one thing after the other, for ever."""
        while True:
            word = await self._words.get()
            await self._floor_is_free()
            await self._say(word)

    async def _say(self, word: _Word) -> None:
        """Again where somebody spoke up before a word of it was heard."""
        while True:
            word.tries += 1
            begun = word.begin()
            if begun is None:
                return
            answer, saying = begun
            await asyncio.wait([saying])
            lost = answer.interrupted and answer.stopped_by in ("barge_in", "reopened") and not answer.mouth.heard()
            if not lost or word.tries >= TRIES:
                return
            await self._floor_is_free()

    async def _floor_is_free(self) -> None:
        while True:
            while not self._free:
                self._stirred.clear()
                await self._stirred.wait()
            await asyncio.sleep(BREATH)
            if self._free:
                return

    @property
    def _free(self) -> bool:
        quiet = self._floor.holder is Holder.NOBODY and not self._floor.assistant_audible
        return self.is_heard and quiet and not self._answers.busy
