"""The sound of one stream by absolute sample position, with its past forgotten as it is used up."""

from __future__ import annotations

import numpy as np

from vivavoce.audio.pcm import Pcm, Samples

ROOM = 4_096
"""Samples that a new tape has room for; it doubles as it fills."""


class Tape:
    """Append-only sound; position 0 is the first sample ever appended.

    One array, so that a cut costs the same however long the tape is: every hop of every session makes one.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.end = 0
        """Position after the last sample."""
        self.start = 0
        """Position of the oldest sample still held."""
        self._held = np.empty(ROOM, np.float32)
        self._origin = 0
        """Position of the array's first sample."""

    def append(self, samples: Samples) -> None:
        at = self.end - self._origin
        if at + len(samples) > len(self._held):
            self._make_room(len(samples))
            at = self.end - self._origin
        self._held[at : at + len(samples)] = samples
        self.end += len(samples)

    def cut(self, start: int, end: int) -> Pcm:
        """The sound between two positions, as far as it is still held."""
        first, last = max(start, self.start), min(end, self.end)
        return Pcm(self._held[first - self._origin : max(first, last) - self._origin].copy(), self.rate)

    def look(self, start: int, end: int) -> Samples:
        """The sound between two positions that are still held, for a moment: no copy, so who keeps it keeps all that
        was held with it."""
        return self._held[start - self._origin : end - self._origin]

    def forget(self, before: int) -> None:
        """Let go of the sound before a position."""
        self.start = min(max(self.start, before), self.end)

    def _make_room(self, samples: int) -> None:
        """An array of at most twice what is held, with the forgotten part left out."""
        kept = self._held[self.start - self._origin : self.end - self._origin]
        self._held = np.empty(max(ROOM, 2 * (len(kept) + samples)), np.float32)
        self._held[: len(kept)] = kept
        self._origin = self.start
