"""Threads that step aside: speech that is made must not keep what is heard from being understood."""

import asyncio
import os
import sys
import threading

import pytest

from vivavoce.engines.aside import NICENESS, aside
from vivavoce.engines.pool import Worker

MOST = 19


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a niceness of each thread")
def test_threads_started_aside_step_aside_and_the_others_do_not():
    """The worker of an engine that was loaded so computes behind the event loop and the other engines."""
    before = niceness()
    stepping, beside = aside(lambda: Worker("stepping")), Worker("beside")
    try:
        assert asyncio.run(stepping.call(niceness)) == min(before + NICENESS, MOST)
        assert asyncio.run(beside.call(niceness)) == before == niceness()
    finally:
        stepping.close()
        beside.close()


def test_what_fails_aside_is_told():
    def fail() -> None:
        raise ValueError("no such voice")

    with pytest.raises(ValueError, match="no such voice"):
        aside(fail)
