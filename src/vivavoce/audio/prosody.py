"""How a voice ends: people let it fall at the end of what they have to say, in level and in pitch, and keep it up when
they go on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vivavoce.audio.pcm import Pcm, levels

STEP_SECONDS = 0.016
FLOOR_SECONDS = 1.5
"""The quietest of this is the room."""
LOUD_STEPS = 47
ENDING_STEPS = 4
LEAST_RANGE_DB = 6.0
MOST_FALL = 1.5
PITCH_HZ = (70.0, 400.0)
PITCH_WINDOW_SECONDS = 0.064
"""Holds four periods of the lowest voice."""
PITCH_STEP_SECONDS = 0.01
PITCH_STEPS = 40
"""The last 0.4 s: a syllable or two."""
LEAST_PERIODIC = 0.45
"""Of a frame's autocorrelation at its period, from which it has a pitch."""
LEAST_PITCHED = 6
STEEP = 15.0
"""Semitones a second beyond which a glide says little more."""
STILL_DB = 25.0
"""Below the loud part of a voice nothing of a word is left: its fading, breath, the room."""


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
    db = levels(frames)
    loud = np.percentile(db[-LOUD_STEPS:], 90)
    room = min(np.percentile(db, 3) - loud, -LEAST_RANGE_DB)
    return float(np.clip((db[-ENDING_STEPS:].mean() - loud) / room, 0.0, MOST_FALL))


def still(speech: Pcm, since: int) -> bool:
    """Whether the voice in `speech` was over before sample `since`: no 16 ms after it come within STILL_DB of the loud
    part (90th percentile) of the last 750 ms. In a noisy room nothing is still."""
    step = round(STEP_SECONDS * speech.rate)
    start = since % step
    frames = speech.samples[start : start + (len(speech) - start) // step * step].reshape(-1, step)
    after = len(frames) - (since - start) // step
    if after <= 0 or after >= len(frames):
        return after <= 0
    db = levels(frames)
    return bool(db[-after:].max() < np.percentile(db[-LOUD_STEPS:], 90) - STILL_DB)


def glide(speech: Pcm) -> float:
    """Where the pitch went in the last 0.4 s of `speech`: -1 steeply down, 1 steeply up, 0 level or not to be told.
    The slope of the voiced frames in semitones a second, bounded softly; the pitch is the highest peak of the
    autocorrelation, freed of that of the window (Boersma 1993)."""
    window, step = round(PITCH_WINDOW_SECONDS * speech.rate), round(PITCH_STEP_SECONDS * speech.rate)
    last = speech.samples[-(window + step * (PITCH_STEPS - 1)) :]
    if len(last) < window + step * LEAST_PITCHED:
        return 0.0
    frames = np.lib.stride_tricks.sliding_window_view(last, window)[::step].astype(np.float64)
    shape = np.hanning(window)
    alike = _autocorrelation((frames - frames.mean(axis=1, keepdims=True)) * shape) / _autocorrelation(shape)
    shortest, longest = (round(speech.rate / hz) for hz in reversed(PITCH_HZ))
    peaks = alike[:, shortest:longest]
    pitched = np.flatnonzero(peaks.max(axis=1) > LEAST_PERIODIC)
    if len(pitched) < LEAST_PITCHED:
        return 0.0
    semitones = -12 * np.log2(shortest + peaks[pitched].argmax(axis=1))
    return float(np.tanh(np.polyfit(pitched * PITCH_STEP_SECONDS, semitones, 1)[0] / STEEP))


def _autocorrelation(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each row, 1 at no lag; shape (…, lags)."""
    length = frames.shape[-1]
    power = np.square(np.abs(np.fft.rfft(frames, 2 * length)))
    alike = np.fft.irfft(power)[..., :length]
    return alike / (alike[..., :1] + 1e-12) + 1e-6
