"""Cuts long speech where it is quietest, so that no word is halved."""

from __future__ import annotations

import numpy as np

from vivavoce.audio.pcm import Pcm, Samples

STEP = 0.02
"""Seconds over which loudness is measured."""
PAUSE = 15
"""Steps that count as one pause: 300 ms, longer than the closure of a plosive."""


def cut(sound: Pcm, longest: float) -> list[Pcm]:
    """Pieces of at most `longest` seconds that join up to `sound`; one piece when it is short enough.

    Each cut falls in the middle of the quietest 300 ms of the second half of what a piece may hold.
    """
    samples, rate = sound.samples, sound.rate
    most = round(longest * rate)
    pieces = []
    while len(samples) > most:
        at = _quietest(samples, most // 2, most, round(STEP * rate))
        pieces.append(Pcm(samples[:at], rate))
        samples = samples[at:]
    return [*pieces, Pcm(samples, rate)]


def _quietest(samples: Samples, start: int, stop: int, step: int) -> int:
    steps = samples[start : stop - (stop - start) % step].reshape(-1, step)
    loudness = np.convolve((steps**2).mean(axis=1), np.ones(PAUSE), mode="valid")
    return start + (int(loudness.argmin()) + PAUSE // 2) * step
