"""Responses that are being made, whoever waits for them: each is a task of the server's, told event by event.

A response in the background goes on when its client is gone, waits for its turn, and can be followed later on, from any
event; the others end with the request that asked for them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any

from vivavoce.api.problems import Trouble
from vivavoce.errors import EngineBusy, RequestError

Wire = dict[str, Any]

MOST = 256
"""Responses under way at once."""
MOST_WAITING = 32
"""Of those in the background."""
AT_ONCE = 2
"""Responses in the background that are made side by side: live conversations come first."""
KEPT = 64
"""Responses in the background whose events can be followed after their end."""
log = logging.getLogger(__name__)


class Job:
    """One response. `now()`: as it stands; `trouble`: why it failed, once it has."""

    def __init__(self, response_id: str, owner: str, now: Callable[[], Wire], *, background: bool) -> None:
        self.id, self.owner, self.now, self.background = response_id, owner, now, background
        self.trouble: Trouble | None = None
        self.unwanted = False
        """Its client has cancelled it, or is gone."""
        self.task: asyncio.Task[None] | None = None
        self._events: list[Wire] = []
        self._ended = False
        self._news = asyncio.Event()

    def tell(self, events: Iterable[Wire]) -> None:
        self._events += events
        self._wake()

    def end(self) -> None:
        self._ended = True
        self._wake()

    @property
    def ended(self) -> bool:
        return self._ended

    async def follow(self, after: int = -1) -> AsyncGenerator[Wire, None]:
        """Its events from behind the one with the number `after`, as long as there will be more."""
        place = after + 1  # events are numbered from 0 without gaps
        while True:
            while place < len(self._events):
                yield self._events[place]
                place += 1
            if self._ended:
                return
            await self._news.wait()

    async def wait(self) -> None:
        """Until it has ended."""
        while not self._ended:
            await self._news.wait()

    async def cancel(self) -> None:
        """Nobody wants it any more. Returns once it has ended."""
        self.unwanted = True
        await self.stop()

    async def stop(self) -> None:
        """Returns once it has ended."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait([self.task])

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()


class Jobs:
    """All responses under way. `serve` owns them."""

    def __init__(self) -> None:
        self._tasks: asyncio.TaskGroup | None = None
        self._jobs: dict[str, Job] = {}
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def serve(self) -> None:
        """Until it is cancelled, which ends every job."""
        try:
            async with asyncio.TaskGroup() as self._tasks:
                await asyncio.Event().wait()
        finally:
            self._tasks = None

    def start(self, job: Job, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Have `work` done. Raises EngineBusy where too much is under way."""
        under_way = [one for one in self._jobs.values() if not one.ended]
        waiting = sum(one.background for one in under_way)
        if self._tasks is None or len(under_way) >= MOST or (job.background and waiting >= MOST_WAITING):
            raise EngineBusy("too many responses are under way")
        self._jobs[job.id] = job
        job.task = self._tasks.create_task(self._run(job, work), name=job.id)

    def find(self, owner: str, response_id: str) -> Job | None:
        """A response that is under way, or can still be followed."""
        job = self._jobs.get(response_id)
        return job if job is not None and job.owner == owner else None

    def to_follow(self, owner: str, response_id: str) -> Job:
        """Raises RequestError for one whose events are gone."""
        job = self.find(owner, response_id)
        if job is None:
            raise RequestError(
                "The events of this response are not kept any more; retrieve it without 'stream'.",
                param="stream",
                code="stream_not_available",
            )
        return job

    @asynccontextmanager
    async def turn(self, job: Job) -> AsyncIterator[None]:
        """In the background, one after the other."""
        if not job.background:
            yield
            return
        async with self._turn:
            yield

    async def _run(self, job: Job, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await work()
        except Exception:
            log.exception("a response broke", extra={"response_id": job.id})
            job.trouble = Trouble(500, "The server failed.", "internal_error")
        finally:
            job.end()
            self._forget(job)

    def _forget(self, job: Job) -> None:
        if not job.background:
            del self._jobs[job.id]
        done = [one.id for one in self._jobs.values() if one.ended]
        for old in done[: max(0, len(done) - KEPT)]:
            del self._jobs[old]
