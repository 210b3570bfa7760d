"""Cuts long speech where it is quietest, so that no word is halved."""

from __future__ import annotations

import numpy as np

from vivavoce.audio.pcm import Samples
from vivavoce.ports import HEARING_RATE

STEP = HEARING_RATE // 50
"""Samples over which loudness is measured: 20 ms."""
PAUSE = 15
"""Steps that count as one pause: 300 ms, longer than the closure of a plosive."""


def cut(samples: Samples, longest: float) -> list[Samples]:
    """Pieces of at most `longest` seconds that join up to `samples`; one piece when it is short enough.

    Each cut falls in the middle of the quietest 300 ms of the second half of what a piece may hold.
    """
    most = round(longest * HEARING_RATE)
    pieces = []
    while len(samples) > most:
        at = _quietest(samples, most // 2, most)
        pieces.append(samples[:at])
        samples = samples[at:]
    return [*pieces, samples]


def _quietest(samples: Samples, start: int, stop: int) -> int:
    steps = samples[start : stop - (stop - start) % STEP].reshape(-1, STEP)
    loudness = np.convolve((steps**2).mean(axis=1), np.ones(PAUSE), mode="valid")
    return start + (int(loudness.argmin()) + PAUSE // 2) * STEP
