"""Shares one loaded model between all sessions: a bounded queue ordered by urgency, worked off by few threads.

No model ever runs on the event loop. What waits longest inside an urgency goes first; SPARE work is
refused (EngineBusy) as soon as anything waits, so that partial passes are shed before promises are broken.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from vivavoce.errors import EngineBusy, EngineFailed, EngineTooSlow, TurnError
from vivavoce.ports import Urgency

T = TypeVar("T")
Stop = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class _Ended:
    error: Exception | None = None


class Worker:
    """`threads` threads that run one model's blocking calls. `name` appears in errors and metrics."""

    def __init__(self, name: str, *, threads: int = 1, queue: int = 64) -> None:
        self.name = name
        self._room = queue
        self._jobs: list[tuple[int, int, Callable[[], Any], Future[Any]]] = []
        self._order = itertools.count()
        self._wake = threading.Condition()
        self._closed = False
        self._threads = [threading.Thread(target=self._work, name=f"{name}-{n}", daemon=True) for n in range(threads)]
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> int:
        """Jobs that no thread has taken yet."""
        return len(self._jobs)

    async def call(self, work: Callable[[], T], urgency: Urgency = Urgency.NOW, *, deadline: float = 30.0) -> T:
        """Run `work` in a thread. Cancelling leaves the queue at once, or lets a call under way run out.

        Raises EngineBusy (queue full, or SPARE work while others wait), EngineTooSlow after `deadline`
        seconds, and EngineFailed for whatever the model raised.
        """
        future = self._put(work, urgency)
        try:
            return await self._within(asyncio.wrap_future(future), deadline)
        except TurnError:
            raise
        except Exception as error:
            raise EngineFailed(f"{self.name}: {error}") from error

    async def stream(
        self,
        work: Callable[[Stop], Iterator[T]],
        urgency: Urgency = Urgency.NOW,
        *,
        ahead: int = 4,
        deadline: float = 30.0,
    ) -> AsyncGenerator[T, None]:
        """Iterate `work(stop)` in a thread, at most `ahead` items before the consumer.

        Leaving early makes `stop()` true and waits for the thread, so that the model is free when we say
        it is. `deadline`: seconds that one item may take.
        """
        stopped = threading.Event()
        room = threading.Semaphore(ahead)
        items: asyncio.Queue[T | _Ended] = asyncio.Queue()  # bounded by `room`
        loop = asyncio.get_running_loop()

        def post(item: T | _Ended) -> None:
            loop.call_soon_threadsafe(items.put_nowait, item)

        def run() -> None:
            post(_feed(work(stopped.is_set), post, room, stopped))

        job = self._put(run, urgency)
        running = asyncio.wrap_future(job)
        try:
            while not isinstance(item := await self._within(items.get(), deadline), _Ended):
                room.release()
                yield item
            if isinstance(item.error, TurnError):
                raise item.error
            if item.error is not None:
                raise EngineFailed(f"{self.name}: {item.error}") from item.error
        finally:
            stopped.set()
            room.release()
            job.cancel()  # takes effect only while it still waits in the queue
            await asyncio.wait([running])

    def close(self) -> None:
        """Refuse new work, let the calls under way run out, and wait for the threads."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        for thread in self._threads:
            thread.join(timeout=10)

    async def _within(self, answer: Awaitable[T], deadline: float) -> T:
        try:
            async with asyncio.timeout(deadline):
                return await answer
        except TimeoutError:
            raise EngineTooSlow(f"{self.name} did not answer within {deadline:g} s") from None

    def _put(self, work: Callable[[], Any], urgency: Urgency) -> Future[Any]:
        future: Future[Any] = Future()
        with self._wake:
            if self._closed:
                raise EngineFailed(f"{self.name} is closed")
            if len(self._jobs) >= self._room or (urgency is Urgency.SPARE and self._jobs):
                raise EngineBusy(f"{self.name} has {len(self._jobs)} jobs waiting")
            heapq.heappush(self._jobs, (urgency, next(self._order), work, future))
            self._wake.notify()
        return future

    def _work(self) -> None:
        while True:
            with self._wake:
                while not self._jobs:
                    if self._closed:
                        return
                    self._wake.wait()
                _, _, work, future = heapq.heappop(self._jobs)
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - carried to the caller
                future.set_exception(error)
            else:
                future.set_result(result)


def _feed(items: Iterator[T], post: Callable[[T], None], room: threading.Semaphore, stopped: threading.Event) -> _Ended:
    try:
        for item in items:
            room.acquire()
            if stopped.is_set():
                break
            post(item)
    except Exception as error:  # noqa: BLE001 - carried to the consumer
        return _Ended(error)
    return _Ended()
