"""A stream that runs a bounded distance ahead of its reader, and can be dropped as a whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Stream(Protocol[T_co]):
    """Something prepared: whoever holds it either reads it to its end or awaits `drop()`."""

    def __aiter__(self) -> AsyncIterator[T_co]: ...
    async def drop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _End:
    error: Exception | None = None


class Prepared(Generic[T]):
    """Reads `source` in a task of `tasks`, at most `depth` items before the reader asks for them.

    An error of the source surfaces in order, at the reader. Whoever holds a Prepared either reads it to
    its end or awaits `drop()`.
    """

    def __init__(self, tasks: asyncio.TaskGroup, source: AsyncGenerator[T, None], depth: int) -> None:
        self._items: asyncio.Queue[T | _End] = asyncio.Queue(depth)
        self._pumping = tasks.create_task(self._pump(source))

    async def __aiter__(self) -> AsyncIterator[T]:
        while not isinstance(item := await self._items.get(), _End):
            yield item
        if item.error is not None:
            raise item.error

    @property
    def ready(self) -> bool:
        """Whether its next item, or its end, is there."""
        return not self._items.empty()

    @classmethod
    def empty(cls, tasks: asyncio.TaskGroup) -> Prepared[T]:
        """Nothing, prepared."""
        return cls(tasks, _nothing(), 1)

    async def drop(self) -> None:
        """Stop the source and wait until it has stopped."""
        self._pumping.cancel()
        await asyncio.wait([self._pumping])

    async def _pump(self, source: AsyncGenerator[T, None]) -> None:
        try:
            async with aclosing(source):
                async for item in source:
                    await self._items.put(item)
        except Exception as error:  # noqa: BLE001 - carried to the reader
            await self._items.put(_End(error))
        else:
            await self._items.put(_End())


class Later(Generic[T]):
    """A stream that is not made before somebody reads it."""

    def __init__(self, make: Callable[[], Stream[T]]) -> None:
        self._make = make
        self._made: Stream[T] | None = None

    def __aiter__(self) -> AsyncIterator[T]:
        self._made = self._make()
        return aiter(self._made)

    async def drop(self) -> None:
        if self._made is not None:
            await self._made.drop()


async def _nothing() -> AsyncGenerator[T, None]:
    return
    yield
