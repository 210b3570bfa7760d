"""The sound of one stream by absolute sample position, with its past forgotten as it is used up."""

from __future__ import annotations

from collections import deque

import numpy as np

from vivavoce.audio.pcm import Pcm, Samples


class Tape:
    """Append-only sound; position 0 is the first sample ever appended."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.end = 0
        """Position after the last sample."""
        self.start = 0
        """Position of the oldest sample still held."""
        self._chunks: deque[Samples] = deque()

    def append(self, samples: Samples) -> None:
        if len(samples):
            self._chunks.append(samples)
            self.end += len(samples)

    def cut(self, start: int, end: int) -> Pcm:
        """The sound between two positions, as far as it is still held."""
        first, last = max(start, self.start), min(end, self.end)
        pieces, at = [np.zeros(0, np.float32)], self.start
        for chunk in self._chunks:
            if at < last and at + len(chunk) > first:
                pieces.append(chunk[max(0, first - at) : last - at])
            at += len(chunk)
        return Pcm(np.concatenate(pieces), self.rate)

    def forget(self, before: int) -> None:
        """Let go of whole chunks that end at or before a position."""
        while self._chunks and self.start + len(self._chunks[0]) <= before:
            self.start += len(self._chunks.popleft())
