"""What waits to be sent to one client: bounded in bytes, and patient only so long.

The server talks faster than real time, so a slow client makes the conversation wait here; one
that takes nothing at all ends it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable

from vivavoce.errors import ClientStalled


class Outbox:
    """`room`: characters that may wait; `patience`: seconds without anything taken before the client counts
    as stalled."""

    def __init__(self, *, room: int, patience: float) -> None:
        self._room, self._patience = room, patience
        self._texts: deque[str] = deque()
        self._size = 0
        self._ended = False
        self._abandoned = False
        self._filled = asyncio.Event()
        self.waits = False
        """All that was put in is sent, and its taker waits for more."""
        self._taken = asyncio.Event()

    @property
    def full(self) -> bool:
        return self._size >= self._room

    async def vacancy(self) -> None:
        """Wait until there is room. Raises ClientStalled. `add` has to follow without an await between, so that
        the wire events of one event stay together."""
        while self.full and not self._abandoned:
            self._taken.clear()
            try:
                async with asyncio.timeout(self._patience):
                    await self._taken.wait()
            except TimeoutError:
                raise ClientStalled(f"The client has read nothing for {self._patience:g} s.") from None

    def add(self, texts: Iterable[str]) -> None:
        """Put texts in, in order; one event may exceed the room."""
        self.waits = False
        for text in texts:
            if not (self._abandoned or self._ended):
                self._texts.append(text)
                self._size += len(text)
        self._filled.set()

    async def take(self) -> str | None:
        """The next text, None after the last."""
        while not self._texts:
            if self._ended:
                return None
            self._filled.clear()
            self.waits = True
            try:
                await self._filled.wait()
            finally:
                self.waits = False
        text = self._texts.popleft()
        self._size -= len(text)
        self._taken.set()
        return text

    def end(self) -> None:
        """Nothing more will be added; what waits still goes out."""
        self._ended, self.waits = True, False
        self._filled.set()

    def abandon(self) -> None:
        """The client is gone: nothing goes out, nobody waits."""
        self._abandoned = True
        self._texts.clear()
        self._size = 0
        self._taken.set()
        self.end()
