"""Reads along with the user: the model's cache holds the words so far, and it says when they sound like the last."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from vivavoce.conversation.config import ReplyOptions
from vivavoce.ports import Urgency
from vivavoce.session.draft import Drafting, same_words

LIKELY_END = 0.7
"""The model's probability of the end from which a reply is drafted before the voice stops. Only for words that two
passes in a row have heard: those that one has heard are mostly still growing ("What's the weather?" … "like?")."""


class Anticipation:
    """For one turn. `likely_end(words)` is called while the words heard so far may well be all."""

    def __init__(
        self,
        tasks: asyncio.TaskGroup,
        drafting: Drafting,
        item_id: str,
        options: ReplyOptions,
        likely_end: Callable[[str], None],
    ) -> None:
        self._tasks, self._drafting = tasks, drafting
        self._item_id, self._options, self._likely_end = item_id, options, likely_end
        self._newest = ""
        self._last = ""
        """What the model has read."""
        self._being_read = ""
        self._p_end: float | None = None
        self._reading: asyncio.Task[None] | None = None

    def note(self, words: str) -> None:
        """Take the words of the latest partial pass."""
        stands = same_words(words, self._newest)
        self._read(words)
        if stands and self._known is not None and self._known >= LIKELY_END:
            self._likely_end(words)

    async def p_end(self, words: str) -> float | None:
        """The model's probability that `words`, which are final, end the turn; None where it cannot tell. The end of
        the turn waits for it: neither what it was reading before nor the replies of others keep it."""
        self._newest = words
        if self._reading is not None:
            if words != self._being_read:
                self._reading.cancel()
            await asyncio.wait([self._reading])
        if words and self._known is None:
            self._reading = self._tasks.create_task(self._look(words, Urgency.NOW))
            await asyncio.wait([self._reading])
        return self._known

    def stop(self) -> None:
        """The turn is over, or nobody needs to know any more."""
        if self._reading is not None:
            self._reading.cancel()

    @property
    def _known(self) -> float | None:
        """What the model thinks of the newest words."""
        return self._p_end if self._newest == self._last else None

    def _read(self, words: str) -> None:
        """Have the model read these; while it reads, only the newest wait. To the letter: without its full stop a
        sentence is never over to the model (0.00 instead of 0.61 for "Go forward 10 meters.")."""
        self._newest = words
        if words and words != self._last and (self._reading is None or self._reading.done()):
            self._reading = self._tasks.create_task(self._read_along())

    async def _read_along(self) -> None:
        while self._newest != self._last:
            await self._look(self._newest, Urgency.SPARE)

    async def _look(self, words: str, urgency: Urgency) -> None:
        self._being_read = words
        self._p_end = await self._drafting.p_end(self._item_id, words, self._options, urgency)
        self._last = words
