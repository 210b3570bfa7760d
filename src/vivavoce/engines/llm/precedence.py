"""Who goes first at one model: a listener's reply before a reader's.

A model that writes for two writes slower for both, and a long prompt that is read for one holds up every word of the
other. So a reader's reply begins, and goes on after each burst, only while no listener's is being made.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from time import monotonic, sleep
from typing import TypeVar

from vivavoce.engines.pool import Stop
from vivavoce.errors import EngineBusy, EngineTooSlow

T = TypeVar("T")

LONGEST_REST = 10.0
"""Seconds that one burst waits for listeners: readers rest, but do not starve."""
LINGER = 1.5
"""Seconds after a listener's work: he comes in steps, a look at his words so far, a reply, its next burst, and a reader
who begins between two of them holds up the second by what he reads at once."""
STEP = 0.1


@dataclass(frozen=True, slots=True)
class ReadersStop:
    """The stop of a reply that gives way to those of listeners."""

    stop: Stop

    def __call__(self) -> bool:
        return self.stop()


class Precedence:
    """Thread-safe."""

    def __init__(self) -> None:
        self._listeners = 0
        self._left = float("-inf")
        self._lock = threading.Lock()

    @contextmanager
    def listener(self) -> Iterator[None]:
        """The model works for somebody who listens."""
        with self._lock:
            self._listeners += 1
        try:
            yield
        finally:
            with self._lock:
                self._listeners -= 1
                self._left = monotonic()

    @property
    def busy(self) -> bool:
        return self._listeners > 0 or monotonic() < self._left + LINGER

    def give_way(
        self, ask: Callable[[Stop], Generator[T, None, None]], written: Callable[[T], bool], stop: Stop, *, alive: T
    ) -> Generator[T, None, None]:
        """What `ask(stop)` yields, once no listener waits. It is stopped for one until `written` tells that a word is
        there, and asked again; what was read so far is in the model's cache. `alive`: a sign of life while it rests."""
        until = monotonic() + LONGEST_REST
        while not stop():
            for _ in self._rest(stop, until):
                yield alive
            turn = _Turn(stop, lambda: self.busy and monotonic() < until)
            with closing(ask(turn.over)) as coming:
                for each in coming:
                    if turn.admits(written(each)):
                        yield each
            if not turn.halted:
                return

    def _rest(self, stop: Stop, until: float) -> Iterator[None]:
        while self.busy and monotonic() < until and not stop():
            sleep(STEP)
            yield None


class _Turn:
    """One attempt. It is either written on or given up: what arrives while it is decided must be told once."""

    def __init__(self, stop: Stop, must_yield: Callable[[], bool]) -> None:
        self._stop, self._must_yield = stop, must_yield
        self._lock = threading.Lock()
        self._begun = self.halted = False

    def over(self) -> bool:
        with self._lock:
            self.halted = self.halted or (not self._begun and self._must_yield())
        return self.halted or self._stop()

    def admits(self, word: bool) -> bool:
        with self._lock:
            self._begun = self._begun or (word and not self.halted)
            return not (word and self.halted)


class Places:
    """Room for so many readers' replies at once, whoever asks first; `waiting` more may wait."""

    def __init__(self, name: str, count: int, waiting: int) -> None:
        self._name, self._free, self._most = name, count, waiting
        self._queue: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def place(self, deadline: float) -> AsyncIterator[None]:
        """Raises EngineBusy, and EngineTooSlow after `deadline` seconds."""
        await self._enter(deadline)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, deadline: float) -> None:
        if self._free > 0:
            self._free -= 1
            return
        if len(self._queue) >= self._most:
            raise EngineBusy(f"{self._name} has {len(self._queue)} replies waiting")
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            async with asyncio.timeout(deadline):
                await turn
        except (TimeoutError, asyncio.CancelledError) as left:
            self._give_back(turn)
            if isinstance(left, TimeoutError):
                raise EngineTooSlow(f"{self._name} had no room within {deadline:g} s") from None
            raise

    def _give_back(self, turn: asyncio.Future[None]) -> None:
        if turn in self._queue:
            self._queue.remove(turn)
        elif turn.done() and not turn.cancelled():  # its turn came while it was leaving
            self._leave()

    def _leave(self) -> None:
        while self._queue:
            if not (turn := self._queue.popleft()).done():
                turn.set_result(None)
                return
        self._free += 1
