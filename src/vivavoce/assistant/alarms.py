"""Timers and reminders that speak up: in a session of their owner that is open, else at the start of the next one.

They lie in the database until they were told, so that a server that was away tells them late rather than never.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from vivavoce.conversation.keepsakes import Reminder
from vivavoce.errors import VivavoceError
from vivavoce.text.durations import said_duration

logger = logging.getLogger(__name__)

Speak = Callable[[str], Awaitable[None]]
"""Says words, unasked, as soon as the floor is free."""

LOOK_AGAIN = 60.0
"""Seconds after which the clock is looked at in any case: a laptop that slept did not count."""
TRY_AGAIN = 5.0
"""Seconds to wait for a database that cannot be used."""
SPEAK_WITHIN = 10.0
"""Seconds within which a session takes words to be said."""
LATE = 90.0
"""Seconds from which it is told that the time has passed."""


class ReminderShelf(Protocol):
    async def add(self, reminder: Reminder) -> None: ...
    async def pending(self, owner: str | None = None) -> list[Reminder]: ...
    async def delete(self, owner: str, ids: Collection[str]) -> int: ...


class Alarms:
    """One task of the server runs it; sessions come and go with `present`."""

    def __init__(self, shelf: ReminderShelf, now: Callable[[], float]) -> None:
        """`now()`: Unix time in s."""
        self._shelf, self._now = shelf, now
        self._changed = asyncio.Event()
        self._present: dict[str, list[Speak]] = {}

    async def run(self) -> None:
        """Tell what comes due, for ever."""
        while True:
            self._changed.clear()
            try:
                seconds = await self._look()
            except VivavoceError as error:
                logger.warning("reminders cannot be read", extra={"code": type(error).__name__})
                seconds = TRY_AGAIN
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._changed.wait()

    def stir(self) -> None:
        """What is pending has changed."""
        self._changed.set()

    @contextmanager
    def present(self, owner: str, speak: Speak) -> Iterator[None]:
        """A session of the owner is open, in which `speak` says words."""
        self._present.setdefault(owner, []).append(speak)
        self.stir()
        try:
            yield
        finally:
            self._present[owner].remove(speak)
            if not self._present[owner]:
                del self._present[owner]

    async def _look(self) -> float:
        """Tell what is due to those who are there; seconds until the next look."""
        now, wait = self._now(), LOOK_AGAIN
        for reminder in await self._shelf.pending():
            if reminder.due > now:
                return min(wait, reminder.due - now)
            if reminder.owner in self._present and await self._told(reminder, now):
                await self._shelf.delete(reminder.owner, [reminder.id])
        return wait

    async def _told(self, reminder: Reminder, now: float) -> bool:
        """Whether a session took it: the newest that does."""
        words = announced(reminder, now - reminder.due)
        for speak in reversed(self._present[reminder.owner]):
            with suppress(TimeoutError, VivavoceError):
                async with asyncio.timeout(SPEAK_WITHIN):
                    await speak(words)
                return True
        return False


def announced(reminder: Reminder, late: float) -> str:
    """What is said when it comes due, or `late` seconds after."""
    it = reminder.language == "it"
    ago = f" {said_duration(late, reminder.language)}" if late >= LATE else ""
    if reminder.kind == "timer":
        length, called = said_duration(reminder.seconds, reminder.language), reminder.text
        if it:
            name = f"Il timer {called}" if called else f"Il timer di {length}"
            return f"{name} è finito{f'{ago} fa' if ago else ''}."
        name = f"Your {called} timer" if called else f"Your timer of {length}"
        return f"{name} {f'ended{ago} ago' if ago else 'is done'}."
    if not reminder.text:
        return f"Sveglia{f',{ago} fa' if ago else ''}!" if it else f"Wake up{f',{ago} late' if ago else ''}!"
    if it:
        return f"Promemoria{f' di{ago} fa' if ago else ''}: {reminder.text}."
    return f"Reminder{f', from{ago} ago' if ago else ''}: {reminder.text}."
