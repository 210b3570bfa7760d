"""An event loop whose clock jumps to the next timer instead of waiting for it, and stands still while a model works.

So a conversation with real models takes as long as they compute, and goes as it would in life on a machine that takes
whatever time it is told to take.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class _Jumping(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.stopped = 0

    def select(self, timeout: float | None = None) -> list[Any]:
        if self.stopped:
            return super().select(None if timeout is None or timeout > 0 else 0)
        if timeout is None:
            raise RuntimeError("the scene waits for something that will never come")
        self.now += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """No time passes meanwhile: for what threads do."""
        self._jumping.stopped += 1
        try:
            yield
        finally:
            self._jumping.stopped -= 1
