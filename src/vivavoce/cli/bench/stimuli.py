"""What lies between a clean recording and a microphone: a room, a loudspeaker's echo, noise, a telephone line.

Everything is deterministic: the same seed gives the same sound. Levels are of the active parts of a sound, so that
pauses do not make it seem soft.
"""

from __future__ import annotations

import numpy as np

from vivavoce.audio.pcm import Pcm, Samples
from vivavoce.audio.resample import resample

TELEPHONE_RATE = 8_000
TELEPHONE_BAND = (300.0, 3400.0)  # Hz, G.711 lines
COUGH_SECONDS = 0.32
RT60 = 0.3
"""Seconds in which a furnished room's reflections fall by 60 dB."""
DIRECT_DB = 6.0
"""Level of a room's direct path against all its reflections: a loudspeaker and a microphone on one table."""
_FRAME = 0.02  # s
_ACTIVE_DB = 30.0  # below the loudest frame: the pauses


def level_db(sound: Pcm) -> float:
    """Level of the active parts in dBFS; -inf for silence."""
    size = round(_FRAME * sound.rate)
    padded = np.pad(sound.samples.astype(np.float64), (0, -len(sound) % size))
    power = np.square(padded.reshape(-1, size)).mean(axis=1)
    active = power[power >= power.max(initial=0.0) * 10 ** (-_ACTIVE_DB / 10)]
    mean = float(active.mean()) if len(active) else 0.0
    return 10 * float(np.log10(mean)) if mean > 0 else -float("inf")


def louder(sound: Pcm, db: float) -> Pcm:
    """Amplified by `db` (negative: attenuated)."""
    return Pcm((sound.samples * 10 ** (db / 20)).astype(np.float32), sound.rate)


def at_level(sound: Pcm, db: float) -> Pcm:
    """Amplified so that its active parts are at `db` dBFS; silence stays silence."""
    now = level_db(sound)
    return sound if now == -float("inf") else louder(sound, db - now)


def room_response(rate: int, rt60: float = RT60, seed: int = 0) -> Samples:
    """Impulse response of a furnished room, of unit energy: a direct path, then reflections that fall by 60 dB in
    `rt60` seconds, dense as in Polack's model."""
    random = np.random.default_rng(seed)
    time = np.arange(round(rt60 * rate)) / rate
    tail = random.standard_normal(len(time)) * 10 ** (-3 * time / rt60)
    tail[: round(0.002 * rate)] = 0.0  # the first wall is 30 cm away
    response = tail / np.sqrt(np.square(tail).sum())
    response[0] = 10 ** (DIRECT_DB / 20)
    return np.asarray(response / np.sqrt(np.square(response).sum()), np.float32)


def in_room(sound: Pcm, rt60: float = RT60, seed: int = 0) -> Pcm:
    """As heard in a room, as long as it was."""
    response = room_response(sound.rate, rt60, seed)
    return Pcm(_convolved(sound.samples, response)[: len(sound)], sound.rate)


def telephone(sound: Pcm) -> Pcm:
    """Over a telephone line: 300 to 3400 Hz, at 8 kHz."""
    narrow = resample(sound, TELEPHONE_RATE)
    spectrum = np.fft.rfft(narrow.samples)
    hz = np.fft.rfftfreq(len(narrow), 1 / TELEPHONE_RATE)
    low, high = TELEPHONE_BAND
    spectrum *= np.clip((hz - low * 0.8) / (low * 0.2), 0, 1) * np.clip((high * 1.1 - hz) / (high * 0.1), 0, 1)
    return Pcm(np.fft.irfft(spectrum, len(narrow)).astype(np.float32), TELEPHONE_RATE)


def cough(rate: int, seed: int = 0) -> Pcm:
    """A cough without a voice: a burst of turbulent air, and the breath behind it."""
    random = np.random.default_rng(seed)
    time = np.arange(round(COUGH_SECONDS * rate)) / rate
    air = random.standard_normal(len(time))
    burst = np.minimum(time / 0.008, 1) * np.exp(-time / 0.05) + 0.25 * np.exp(-(((time - 0.2) / 0.05) ** 2))
    throat = np.exp(-np.arange(round(0.004 * rate)) / (0.0008 * rate)) * np.cos(
        2 * np.pi * (700 + 200 * random.random()) * np.arange(round(0.004 * rate)) / rate
    )
    return at_level(Pcm(_convolved((air * burst).astype(np.float32), throat.astype(np.float32)), rate), -24.0)


def _convolved(samples: Samples, response: Samples) -> Samples:
    size = len(samples) + len(response) - 1
    power_of_two = 1 << (size - 1).bit_length()
    product = np.fft.rfft(samples, power_of_two) * np.fft.rfft(response, power_of_two)
    return np.fft.irfft(product, power_of_two)[:size].astype(np.float32)
