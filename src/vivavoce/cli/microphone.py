"""A microphone that plays files: frames of 20 ms on an absolute schedule, as a sound card gives them.

A frame is delivered when its last sample has been captured; between utterances it captures a quiet room.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Any

import numpy as np

from vivavoce.audio.pcm import Samples
from vivavoce.cli.clips import RATE

FRAME_SECONDS = 0.02
FRAME = round(FRAME_SECONDS * RATE)
ROOM_DB = -70.0
"""Level of the quiet room between utterances, dBFS: a live microphone never sends zeros."""


class FileMicrophone:
    """Captures frames for ever: a clip while one is said, the room otherwise."""

    def __init__(self, deliver: Callable[[Samples], Any], around: Callable[[int], Samples] | None = None) -> None:
        """`around(number)`: what is heard in a frame, by its number, beside what is said in it."""
        self._around = around
        self._deliver = deliver
        self._waiting: deque[Samples] = deque()
        self._began = monotonic()
        self._captured = 0
        self._random = np.random.default_rng(7)
        self.worst_delay = 0.0
        """Seconds by which the tardiest frame left late: what this process itself adds to a measurement."""

    async def run(self) -> None:
        self._began = monotonic()
        while True:
            due = self._began + (self._captured + 1) * FRAME_SECONDS
            await asyncio.sleep(due - monotonic())
            frame = self._waiting.popleft() if self._waiting else self._room(FRAME)
            if self._around is not None:
                frame = frame + self._around(self._captured)
            self._captured += 1
            self.worst_delay = max(self.worst_delay, monotonic() - due)
            await self._deliver(frame)

    def say(self, samples: Samples) -> float:
        """Queue an utterance; returns the time at which its first sample is captured."""
        if not self._waiting:
            self._waiting.append(self._room(FRAME))  # the frame that is being captured now
        first = self._captured + len(self._waiting)
        whole = np.concatenate([samples, self._room(-len(samples) % FRAME)])
        self._waiting.extend(whole.reshape(-1, FRAME))
        return self._began + first * FRAME_SECONDS

    def _room(self, size: int) -> Samples:
        return self._random.normal(0.0, 10 ** (ROOM_DB / 20), size).astype(np.float32)
