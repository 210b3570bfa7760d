"""Which of the model's slots, each with its own prompt cache, a conversation uses."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class _Slot:
    number: int
    owner: str | None = None
    busy: bool = False
    spare: bool = False
    """Busy with warming only, and told to stop when its owner wants it."""


COMMON = ""
"""The owner of slots where requests without a session were answered."""


class Slots:
    """`count` slots, handed out to sessions: a session gets the slot it had, else one that belongs to
    nobody, else the one used longest ago. Requests without a session share one slot as long as it is idle, so that
    they push out no conversation; what is warmed without one is warmed in all in turn. Thread-safe."""

    def __init__(self, count: int) -> None:
        self._by_age = [_Slot(number) for number in range(count)]  # least recently used first
        self._freed = threading.Condition()

    @contextmanager
    def take(self, session: str, *, spare: bool = False) -> Iterator[int]:
        """Hold a slot for one request. Waits while none is free, and while the session's own is being warmed."""
        with self._freed:
            while (slot := self._pick(session, spare)) is None:
                self._freed.wait()
            self._by_age.remove(slot)
            self._by_age.append(slot)
            slot.owner = session or (slot.owner if spare else COMMON)
            slot.busy, slot.spare = True, spare
        try:
            yield slot.number
        finally:
            with self._freed:
                slot.busy = slot.spare = False
                self._freed.notify_all()

    def forget(self, session: str) -> None:
        """The session's slots belong to nobody, and are the next to be given away."""
        with self._freed:
            for slot in self._by_age:
                if slot.owner == session:
                    slot.owner = None

    def _pick(self, session: str, spare: bool) -> _Slot | None:
        own = [slot for slot in self._by_age if session and slot.owner == session]
        if any(slot.spare for slot in own):
            return None
        idle = [slot for slot in self._by_age if not slot.busy]
        if not session and not spare:
            ranks: tuple[str | None, ...] = (COMMON, None)
        else:
            ranks = (session or None, None, COMMON)
        # the best owner first, then the oldest: sorting is stable
        idle.sort(key=lambda slot: ranks.index(slot.owner) if slot.owner in ranks else len(ranks))
        return idle[0] if idle else None
