"""An event loop whose clock jumps to the next timer instead of waiting for it."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Jumping(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
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

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:
        """At once: no virtual time passes while a thread works, and the clock must not jump over its end."""

        async def run() -> Any:
            return func(*args)

        return self.create_task(run())


def run(scene: Coroutine[Any, Any, T], *, at_most: float = 3600.0) -> T:
    """Run a scene in virtual time; fails when it takes more than `at_most` virtual seconds."""

    async def bounded() -> T:
        async with asyncio.timeout(at_most):
            return await scene

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(bounded())
