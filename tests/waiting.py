"""How tests bear a busy machine: they wait until a thing is so, however long that takes, and measure more than once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from inspect import isawaitable
from typing import ParamSpec

P = ParamSpec("P")

PATIENCE = 90.0
"""Seconds; costs nothing but where a test fails."""
READINGS = 6


async def until(true: Callable[[], object | Awaitable[object]]) -> None:
    """Look again and again until it is true. Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = true()
            if await found if isawaitable(found) else found:
                return
            await asyncio.sleep(0.01)


def measured(test: Callable[P, None]) -> Callable[P, None]:
    """A test that reads a clock passes with its first right reading of READINGS: a busy machine spoils some, and what
    always reads wrong still fails."""

    @wraps(test)
    def read_again(*args: P.args, **kwargs: P.kwargs) -> None:
        for _ in range(READINGS - 1):
            try:
                return test(*args, **kwargs)
            except (AssertionError, TimeoutError):
                pass
        return test(*args, **kwargs)

    return read_again
