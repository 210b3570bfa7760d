"""What the browser's microphone hears in these tests, as WAV files."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 48_000

Sound = NDArray[np.float64]


def silence(seconds: float) -> Sound:
    return np.zeros(round(seconds * RATE))


def speech(seconds: float) -> Sound:
    """Speech-shaped sound: a gliding voice with formants, four syllables a second and some breath.
    A browser's noise suppression takes a steady tone for noise and removes it."""
    time = np.arange(round(seconds * RATE)) / RATE
    pitch = 130 + 25 * np.sin(2 * np.pi * 0.7 * time) + 6 * np.sin(2 * np.pi * 5 * time)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    partials = range(1, 30)
    voice = sum(np.sin(n * phase) * (np.exp(-(((n * 130 - 600) / 500) ** 2)) + 0.4 / n) for n in partials)
    syllables = np.clip(np.sin(2 * np.pi * 2 * time) ** 2 * 1.3 - 0.1, 0, 1)
    breath = np.random.default_rng(7).normal(0, 0.05, len(time))
    sound = (voice / np.max(np.abs(voice)) + breath) * syllables
    return np.asarray(0.5 * sound / np.max(np.abs(sound)))


def write(path: Path, *sounds: Sound) -> Path:
    samples = (np.concatenate(sounds) * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return path
