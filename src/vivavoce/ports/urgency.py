"""The order of work in an engine's queue."""

from __future__ import annotations

from enum import IntEnum


class Urgency(IntEnum):
    """Somebody is waiting for NOW; SPARE is the first to be shed."""

    NOW = 0
    SOON = 1
    SPARE = 2
