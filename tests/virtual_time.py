"""Scenes in virtual time: the clock jumps to the next timer instead of waiting for it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from vivavoce.cli.bench import virtual_time

T = TypeVar("T")


class VirtualLoop(virtual_time.VirtualLoop):
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
