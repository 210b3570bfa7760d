"""How tests wait for what others do: until it is so, however long a busy machine takes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from inspect import isawaitable

PATIENCE = 60.0
"""Seconds; costs nothing but where a test fails."""


async def until(true: Callable[[], object | Awaitable[object]]) -> None:
    """Look again and again until it is true. Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = true()
            if await found if isawaitable(found) else found:
                return
            await asyncio.sleep(0.01)
