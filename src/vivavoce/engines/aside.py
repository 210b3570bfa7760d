"""Threads that step aside: where all cores are wanted, the system runs the others of this process first.

A voice makes its sound half a second and more before it is heard, and an understanding that comes late is heard at
once. Beside four talkers, two threads that speak kept the recogniser, the turn detector and the language model's look
at somebody's last words waiting for a core (see bench/results/2026-11-29-crowd.md).
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")

NICENESS = 10
"""On top of the process's own: a tenth of the weight of the others."""


def aside(make: Callable[[], T]) -> T:
    """What `make` returns or raises. It runs in a thread that steps aside, and so do all threads that it starts: they
    inherit its niceness. Only Linux has a niceness of each thread; elsewhere nobody steps aside."""
    with ThreadPoolExecutor(1, initializer=_step_aside) as thread:
        return thread.submit(make).result()


def _step_aside() -> None:
    if sys.platform == "linux":
        with suppress(OSError):
            thread = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + NICENESS)
