"""A call that pushes its results, read as an iterator."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from vivavoce.engines.pool import Stop

T = TypeVar("T")
Push = Callable[[T], bool]
"""Takes one result; True asks the caller to stop."""


@dataclass(frozen=True, slots=True)
class _End:
    error: Exception | None = None


def pull(call: Callable[[Push[T]], object], stop: Stop) -> Iterator[T]:
    """What `call(push)` pushes, one by one. Leaving early, or `stop()`, ends the call at its next push, and
    the iterator ends only when the call has. Holds at most what one call makes: replies have a token limit."""
    results: queue.SimpleQueue[T | _End] = queue.SimpleQueue()
    left = threading.Event()

    def push(result: T) -> bool:
        results.put(result)
        return left.is_set() or stop()

    def run() -> None:
        try:
            call(push)
        except Exception as error:  # noqa: BLE001 - carried to the reader
            results.put(_End(error))
        else:
            results.put(_End())

    thread = threading.Thread(target=run, name="pull", daemon=True)
    thread.start()
    try:
        while not isinstance(result := results.get(), _End):
            yield result
        if result.error is not None:
            raise result.error
    finally:
        left.set()
        thread.join()
