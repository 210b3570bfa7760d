"""How a voice ends: people let it fall at the end of what they have to say, and keep it up when they go on."""

from __future__ import annotations

import numpy as np

from vivavoce.audio.pcm import Pcm

STEP_SECONDS = 0.016
FLOOR_SECONDS = 1.5
"""The quietest of this is the room."""
LOUD_STEPS = 47
ENDING_STEPS = 4
LEAST_RANGE_DB = 6.0
MOST_FALL = 1.5


def fall(speech: Pcm) -> float:
    """How far the voice fell at the end of `speech`, one hop behind its last voiced sample: 0 not at all, 1 to the
    level of the room. The last 80 ms against the loud part (90th percentile) of the last 750 ms; as a share of what is
    between it and the room (3rd percentile of 1.5 s), so that noise makes nobody sound undecided."""
    step = round(STEP_SECONDS * speech.rate)
    last = speech.samples[-round(FLOOR_SECONDS * speech.rate) :]
    count = len(last) // step - 1
    if count < ENDING_STEPS:
        return 0.0
    frames = np.lib.stride_tricks.sliding_window_view(last, 2 * step)[::step][:count]
    levels = 10 * np.log10(np.square(frames, dtype=np.float64).mean(axis=1) + 1e-9)
    loud = np.percentile(levels[-LOUD_STEPS:], 90)
    room = min(np.percentile(levels, 3) - loud, -LEAST_RANGE_DB)
    return float(np.clip((levels[-ENDING_STEPS:].mean() - loud) / room, 0.0, MOST_FALL))
