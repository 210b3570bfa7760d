"""The only shape of sound inside the server: float32, mono, with its rate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
_FLOAT32 = np.dtype(np.float32)
SILENT = 1e-9
"""Power of what is taken for silence: -90 dBFS."""


@dataclass(frozen=True, slots=True)
class Pcm:
    """Mono sound. `samples`: shape (n,), float32, full scale ±1; `rate`: Hz."""

    samples: Samples
    rate: int

    def __post_init__(self) -> None:
        if self.samples.ndim != 1 or self.samples.dtype != _FLOAT32:
            raise ValueError(f"want 1-D float32 samples, got {self.samples.ndim}-D {self.samples.dtype}")

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    def cut(self, start: float, end: float | None = None) -> Pcm:
        """The part between two times in seconds."""
        stop = None if end is None else round(end * self.rate)
        return Pcm(self.samples[round(start * self.rate) : stop], self.rate)

    @classmethod
    def silence(cls, seconds: float, rate: int) -> Pcm:
        return cls(np.zeros(round(seconds * rate), np.float32), rate)


def levels(frames: Samples) -> NDArray[np.float64]:
    """Of each row of samples, in dBFS."""
    return np.asarray(10 * np.log10(np.square(frames, dtype=np.float64).mean(axis=-1) + SILENT))


def join(pieces: Iterable[Pcm], rate: int) -> Pcm:
    """One sound out of many of the same rate; empty when there are none."""
    samples = [piece.samples for piece in pieces]
    return Pcm(np.concatenate(samples) if samples else np.zeros(0, np.float32), rate)
