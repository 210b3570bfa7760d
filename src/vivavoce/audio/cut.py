"""Cuts long speech where it is quietest, so that no word is halved."""

from __future__ import annotations

import numpy as np

from vivavoce.audio.pcm import Pcm

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
        at = most // 2 + quietest(Pcm(samples[most // 2 : most], rate))
        pieces.append(Pcm(samples[:at], rate))
        samples = samples[at:]
    return [*pieces, Pcm(samples, rate)]


def quietest(sound: Pcm) -> int:
    """The sample in the middle of the quietest 300 ms; the end of a shorter sound."""
    step = round(STEP * sound.rate)
    steps = sound.samples[: len(sound) - len(sound) % step].reshape(-1, step)
    if len(steps) < PAUSE:
        return len(sound)
    loudness = np.convolve((steps**2).mean(axis=1), np.ones(PAUSE), mode="valid")
    return (int(loudness.argmin()) + PAUSE // 2) * step
