"""Processes that a command starts for its own use, and what a process costs."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

from vivavoce.errors import StartupError

STOP_WITHIN = 10.0


@asynccontextmanager
async def started(
    command: Sequence[str],
    ready: Callable[[], Awaitable[bool]],
    *,
    name: str,
    within: float,
    remedy: str = "",
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process from the time when it is `ready` to the end of the block, when it is stopped.

    What it prints goes to our stderr: it is progress and errors, and our stdout may be read by a script. Raises
    StartupError, of `name` and with the `remedy`, when it ends or is not ready `within` seconds.
    """
    child = await asyncio.create_subprocess_exec(*command, stdout=sys.stderr.fileno(), env=environment)
    try:
        deadline = monotonic() + within
        while not await ready():
            if child.returncode is not None:
                raise StartupError(f"{name} did not start.", f"Its own message is above. {remedy}".strip())
            if monotonic() > deadline:
                raise StartupError(f"{name} was not ready after {within:g} s.", remedy)
            await asyncio.sleep(0.1)
        yield child
    finally:
        await _stop(child)


async def _stop(child: asyncio.subprocess.Process) -> None:
    if child.returncode is not None:
        return
    child.terminate()
    try:
        async with asyncio.timeout(STOP_WITHIN):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()


def memory_gib() -> float | None:
    """Of this machine, where the system tells it."""
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30


def memory_mib(pid: int | None) -> float | None:
    """Peak resident memory of a process and its living children, in MiB, where the system tells it."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
        children = _children(pid)
    except OSError:
        return None
    peak = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)
    return peak / 1024 + sum(memory_mib(child) or 0.0 for child in children)


def cpu_seconds(pid: int | None) -> float | None:
    """CPU that a process and its living children have used, where the system tells it."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        children = _children(pid)
    except OSError:
        return None
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(cpu_seconds(child) or 0.0 for child in children)


def _children(pid: int | None) -> list[int]:
    """Raises OSError."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in tasks for child in path.read_text(encoding="ascii").split()]
