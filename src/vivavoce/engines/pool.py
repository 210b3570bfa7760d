"""Shares one loaded model between all sessions: a bounded queue ordered by deadline, worked off by few threads.

No model ever runs on the event loop. Every job is due a while after it was asked for, the sooner the more urgent,
and what is due first goes first, whichever session asked: a listener who waits passes work done ahead, and nothing
starves. SPARE calls are refused (EngineBusy) as soon as anything waits, and one that waits is shed for any other
work, so that partial passes go before promises are broken: whoever needs one after all asks again, urgently. `watch`
tells how long jobs waited.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any, Generic, TypeVar

from vivavoce.errors import EngineBusy, EngineFailed, EngineTooSlow, TurnError
from vivavoce.ports import Urgency

T = TypeVar("T")
R = TypeVar("R")
Stop = Callable[[], bool]
Watcher = Callable[[str, Urgency, float], None]
"""(worker's name, urgency, seconds that the job waited for a thread); called in the worker's thread."""

ALLOWANCE = {Urgency.NOW: 0.0, Urgency.SOON: 0.5, Urgency.SPARE: 4.0}
"""Seconds after its asking until a job is due. Half a second is what the mouth sends ahead of real time: a later
clause has that long before anybody hears the lack of it, and a first clause has nothing."""

_watchers: list[Watcher] = []


def watch(watcher: Watcher) -> Callable[[], None]:
    """Tell `watcher` of every wait in every worker of this process, until the function returned is called."""
    _watchers.append(watcher)
    return lambda: _watchers.remove(watcher)


@dataclass(frozen=True, slots=True)
class _Ended:
    error: Exception | None = None


@dataclass(order=True, slots=True)
class _Job:
    due: float
    order: int  # among jobs due at the same moment, the first asked for
    asked: float = field(compare=False)
    urgency: Urgency = field(compare=False)
    work: Callable[[], Any] = field(compare=False)
    future: Future[Any] = field(compare=False)
    sheds: bool = field(compare=False)


class Worker:
    """`threads` threads that run one model's blocking calls. `name` appears in errors and metrics."""

    def __init__(self, name: str, *, threads: int = 1, queue: int = 64) -> None:
        self.name = name
        self._room = queue
        self._jobs: list[_Job] = []
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

    @property
    def pressed(self) -> bool:
        """Whether a listener's job waits for a thread: SPARE work that can stop midway should."""
        with self._wake:
            return any(job.urgency is Urgency.NOW for job in self._jobs)

    async def call(self, work: Callable[[], T], urgency: Urgency = Urgency.NOW, *, deadline: float = 30.0) -> T:
        """Run `work` in a thread. Cancelling leaves the queue at once, or lets a call under way run out.

        Raises EngineBusy (queue full, or SPARE work and others that wait), EngineTooSlow after `deadline`
        seconds, and EngineFailed for whatever the model raised.
        """
        future = self._put(work, urgency, sheds=urgency is Urgency.SPARE)
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

    def submit(self, work: Callable[[], Any], urgency: Urgency = Urgency.NOW) -> None:
        """Queue `work` and wait for nothing: it has its own way to tell. Raises EngineBusy and EngineFailed."""
        self._put(work, urgency)

    async def _within(self, answer: Awaitable[T], deadline: float) -> T:
        try:
            async with asyncio.timeout(deadline):
                return await answer
        except TimeoutError:
            raise EngineTooSlow(f"{self.name} did not answer within {deadline:g} s") from None

    def _put(self, work: Callable[[], Any], urgency: Urgency, *, sheds: bool = False) -> Future[Any]:
        future: Future[Any] = Future()
        with self._wake:
            if self._closed:
                raise EngineFailed(f"{self.name} is closed")
            if urgency is not Urgency.SPARE:
                self._shed()
            if len(self._jobs) >= self._room or (urgency is Urgency.SPARE and self._jobs):
                raise EngineBusy(f"{self.name} has {len(self._jobs)} jobs waiting")
            asked = monotonic()
            job = _Job(asked + ALLOWANCE[urgency], next(self._order), asked, urgency, work, future, sheds)
            heapq.heappush(self._jobs, job)
            self._wake.notify()
        return future

    def _shed(self) -> None:
        """More urgent work has come. Streams keep their place in the line: what they make is wanted later."""
        for job in [job for job in self._jobs if job.sheds]:
            self._jobs.remove(job)
            if job.future.set_running_or_notify_cancel():
                job.future.set_exception(EngineBusy(f"{self.name} has more urgent work"))
        heapq.heapify(self._jobs)

    def _work(self) -> None:
        while True:
            with self._wake:
                while not self._jobs:
                    if self._closed:
                        return
                    self._wake.wait()
                job = heapq.heappop(self._jobs)
            if not job.future.set_running_or_notify_cancel():
                continue
            for watcher in tuple(_watchers):
                watcher(self.name, job.urgency, monotonic() - job.asked)
            try:
                result = job.work()
            except BaseException as error:  # noqa: BLE001 - carried to the caller
                job.future.set_exception(error)
            else:
                job.future.set_result(result)
            del job  # or an idle worker would hold on to the last sound that it worked on


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


@dataclass(frozen=True, slots=True)
class _Asked(Generic[T, R]):
    item: T
    future: asyncio.Future[R]
    loop: asyncio.AbstractEventLoop


class Batcher(Generic[T, R]):
    """Small equal calls of many sessions, run together: whatever waits when the thread is free, `most` at a time.

    `apart`: seconds from the beginning of one batch to that of the next, so that they fill where many call; a lone
    caller, who calls more seldom, waits for no company. `run` takes a list of items and returns one result for each.
    """

    def __init__(self, worker: Worker, run: Callable[[list[T]], list[R]], *, most: int, apart: float = 0.0) -> None:
        self._worker, self._run, self._most, self._apart = worker, run, most, apart
        self._began = -apart
        self._asked: list[_Asked[T, R]] = []
        self._lock = threading.Lock()

    async def call(self, item: T, *, deadline: float) -> R:
        """The result for `item`. Raises what `Worker.call` raises; an error in a batch meets all that are in it."""
        loop = asyncio.get_running_loop()
        asked: _Asked[T, R] = _Asked(item, loop.create_future(), loop)
        late = loop.call_later(deadline, self._give_up, asked, deadline)
        with self._lock:
            self._asked.append(asked)
            first = len(self._asked) == 1
        try:
            if first:  # the others go with it
                self._submit()
            return await asked.future
        finally:
            late.cancel()

    def _submit(self) -> None:
        """Have the next batch run; where the worker refuses it, those who wait for it hear so."""
        try:
            self._worker.submit(self._work)
        except TurnError as refused:
            with self._lock:
                waiting, self._asked = self._asked, []
            _tell(waiting, refused)

    def _give_up(self, asked: _Asked[T, R], deadline: float) -> None:
        if not asked.future.done():
            asked.future.set_exception(EngineTooSlow(f"{self._worker.name} did not answer within {deadline:g} s"))

    def _work(self) -> None:
        """One batch; blocking, in the worker's thread."""
        if len(self._asked) < self._most and (early := self._began + self._apart - monotonic()) > 0:
            sleep(early)
        self._began = monotonic()
        with self._lock:
            taken, self._asked = self._asked[: self._most], self._asked[self._most :]
            more = bool(self._asked)
        taken = [asked for asked in taken if not asked.future.done()]
        try:
            results: list[R] | TurnError = self._run([asked.item for asked in taken])
        except Exception as error:  # noqa: BLE001 - carried to the callers
            results = EngineFailed(f"{self._worker.name}: {error}")
            results.__cause__ = error
        _tell(taken, results)
        if more:
            self._submit()


def _tell(taken: list[_Asked[T, R]], results: list[R] | TurnError) -> None:
    """To each its result, or to all one error, in the loops that they called from."""
    for loop in {asked.loop for asked in taken}:
        with suppress(RuntimeError):  # a loop that has closed has nobody left who asks
            loop.call_soon_threadsafe(_deliver, taken, results, loop)


def _deliver(taken: list[_Asked[T, R]], results: list[R] | TurnError, loop: asyncio.AbstractEventLoop) -> None:
    for place, asked in enumerate(taken):
        if asked.loop is not loop or asked.future.done():
            continue
        if isinstance(results, TurnError):
            asked.future.set_exception(results)
        else:
            asked.future.set_result(results[place])
