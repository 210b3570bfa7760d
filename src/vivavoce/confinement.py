"""Limits for processes that read what strangers made: a file that misleads a library costs this much and no more."""

from __future__ import annotations

OPEN_FILES = 64


def confine(*, memory: int, cpu: int) -> None:
    """Limit this process for good to so many bytes of memory and seconds of CPU. Does nothing on Windows."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
