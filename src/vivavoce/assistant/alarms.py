"""Timers and reminders that speak up: in a session of their owner that is open, else at the start of the next one.

They lie in the database until they were said, so that a server that was away, or a session that ended before it came to
them, has them told late rather than never.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Protocol

from vivavoce.assistant.sentences import sentence
from vivavoce.conversation.keepsakes import Reminder
from vivavoce.errors import RequestError, VivavoceError
from vivavoce.text.durations import said_duration

log = logging.getLogger(__name__)

Speak = Callable[[str], Awaitable[None]]
"""Says words, unasked, as soon as the floor is free, and returns when they were said. Raises SessionError where they
will not be."""

LOOK_AGAIN = 60.0
"""Seconds after which the clock is looked at in any case: a laptop that slept did not count."""
TRY_AGAIN = 5.0
"""Seconds to wait for a database that cannot be used."""
AT_ONCE = 5
"""That came due meanwhile and are told in one breath."""
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
        self._shelf, self.now = shelf, now
        self._changed = asyncio.Event()
        self._present: dict[str, list[Speak]] = {}
        self._telling: set[str] = set()
        """Owners to whom something is being told: what else comes due for them waits for its end."""

    async def run(self) -> None:
        """Tell what comes due, for ever."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._changed.clear()
                try:
                    seconds = await self._look(tasks)
                except VivavoceError as error:
                    log.warning("reminders cannot be read", extra={"code": type(error).__name__})
                    seconds = TRY_AGAIN
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await self._changed.wait()

    def stir(self) -> None:
        """What is pending has changed."""
        self._changed.set()

    async def pending(self, owner: str) -> list[Reminder]:
        """Those that were not told yet, the first to come due first. Raises StorageError."""
        return await self._shelf.pending(owner)

    async def cancel(self, owner: str, reminder_id: str) -> None:
        """Raises RequestError, StorageError."""
        if not await self._shelf.delete(owner, [reminder_id]):
            message = f"There is no reminder {reminder_id!r}."
            raise RequestError(message, param="reminder_id", code="reminder_not_found")
        self.stir()

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

    async def _look(self, tasks: asyncio.TaskGroup) -> float:
        """Have those who are there told what is due; seconds until the next look."""
        now, wait = self.now(), LOOK_AGAIN
        due: dict[str, list[Reminder]] = {}
        for reminder in await self._shelf.pending():
            if reminder.due > now:
                wait = min(wait, reminder.due - now)
                break
            if reminder.owner in self._present and reminder.owner not in self._telling:
                due.setdefault(reminder.owner, []).append(reminder)
        for owner, reminders in due.items():
            self._telling.add(owner)
            tasks.create_task(self._tell(owner, reminders[:AT_ONCE]), name="reminders")
        return wait

    async def _tell(self, owner: str, reminders: Sequence[Reminder]) -> None:
        now = self.now()
        try:
            if await self._told(owner, " ".join(announced(one, now - one.due) for one in reminders)):
                await self._shelf.delete(owner, [one.id for one in reminders])
                self.stir()
        except VivavoceError as error:
            log.warning("reminders cannot be deleted", extra={"code": type(error).__name__})
        finally:
            self._telling.discard(owner)

    async def _told(self, owner: str, words: str) -> bool:
        """Whether a session said it: the newest that does, also one that came meanwhile."""
        tried: list[Speak] = []
        while untried := [speak for speak in self._present.get(owner, ()) if speak not in tried]:
            tried.append(untried[-1])
            with suppress(VivavoceError):
                await untried[-1](words)
                return True
        return False


def announced(reminder: Reminder, late: float) -> str:
    """What is said when it comes due, or `late` seconds after."""
    tongue, text = reminder.language, reminder.text
    if reminder.kind == "timer":
        key = ("timer_late" if late >= LATE else "timer_over") + ("_called" if text else "")
    else:
        key = ("reminder" if text else "alarm") + ("_late" if late >= LATE else "")
    length, ago = said_duration(reminder.seconds, tongue), said_duration(late, tongue)
    return sentence(tongue, key, text=text, label=text, duration=length, ago=ago)
