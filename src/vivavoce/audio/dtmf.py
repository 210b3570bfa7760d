"""The keys of a telephone in a line's sound: dual-tone multi-frequency signalling (ITU-T Q.23), found as Q.24 asks.

A key is two tones at once, one of four low and one of four high frequencies, for 40 ms at least. Voices hit such pairs
by chance, so each window of sound has to pass six tests, and several in a row have to name the same key:

- both tones are loud enough, and neither much louder than the other (twist),
- no other tone of its group comes near,
- hardly anything else is heard beside the two, harmonics of a voice above all,
- and their frequencies, read off the phase from window to window, are those of the key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivavoce.audio.pcm import Samples

RATE = 8_000
"""Hz of a telephone line."""
LOW = np.array([697.0, 770.0, 852.0, 941.0])
HIGH = np.array([1209.0, 1336.0, 1477.0, 1633.0])
PAD = ("123A", "456B", "789C", "*0#D")
"""A key by its low and its high frequency."""

WINDOW = 128
"""Samples that are looked at at once: 16 ms, long enough to tell 697 from 770 Hz."""
HOP = 40
"""Samples from one window to the next: 5 ms."""
PRESSED = 4
"""Windows in a row that make a key: a tone of 40 ms always fills four, one of 23 ms never."""
SURE = 2
"""Windows in a row whose sound is taken out: a voice that hits a pair by chance seldom does so twice."""
RELEASED = 6
"""Windows in a row without it that end a key: a break of 10 ms does not, one of 40 ms does."""
QUIETEST = 10 ** (-36 / 10)
"""Power of a tone, of a full-scale sine's. Q.24 asks for -25 dBm0, which is -28 dB of it in G.711, less the line."""
LOW_LOUDER, HIGH_LOUDER = 10 ** (10 / 10), 10 ** (6 / 10)
"""Twist that is allowed: Q.24 has 8 and 4 dB, and noise makes a measurement uncertain by 2."""
APART = 10 ** (8 / 10)
"""By how much a tone exceeds the others of its group."""
PURE = 0.8
"""Share of a window's energy that is in the two tones: 6 dB over all else."""
OFF = 0.03
"""By what share of its frequency a tone may be off: 1.5 % must pass, 3.5 % must not."""


_TONES = np.concatenate([LOW, HIGH])
_PHASES = 2 * np.pi * np.arange(WINDOW)[:, None] / RATE * _TONES[None, :]
_PROBES = np.concatenate([np.cos(_PHASES), -np.sin(_PHASES)], axis=1).astype(np.float32)
"""What a window is correlated with, which is what Goertzel's recursion comes to: real parts, then imaginary ones."""
_TURN = np.exp(-2j * np.pi * _TONES * HOP / RATE).astype(np.complex64)
"""What takes a tone's phase back from one window to the window before."""
_WITHIN = np.arange(WINDOW)[None, :]

Tones = NDArray[np.complex64]
Powers = NDArray[np.float32]


@dataclass(slots=True)
class KeyDetector:
    """One line. Give it all sound at RATE, in pieces of any size."""

    _rest: Samples = field(default_factory=lambda: np.zeros(0, np.float32))
    _last: Tones = field(default_factory=lambda: np.zeros(8, np.complex64))
    """The tones of the window before."""
    _key: str = ""
    """The key that is down, or about to be."""
    _hits: int = 0
    _misses: int = 0

    def hear(self, samples: Samples) -> str:
        """The keys that were pressed: one character each, "0" to "9", "*", "#", "A" to "D"."""
        return self.take(samples)[0]

    def take(self, samples: Samples) -> tuple[str, Samples]:
        """The keys, and the sound with silence in place of their tones, but for the 20 ms that it takes to know one:
        nothing is held back. Where there are none it is `samples` itself."""
        sound = np.concatenate([self._rest, samples])
        count = max(0, (len(sound) - WINDOW) // HOP + 1)
        self._rest = sound[count * HOP :]
        pressed, tonal = self._windows(sound, count) if count else ("", [])
        spans = [(n * HOP, n * HOP + WINDOW + HOP) for n in tonal]
        if self._hits >= PRESSED and not self._misses:  # it is down still: so it is in what no window is full of yet
            spans.append((spans[-1][0] if spans else 0, len(sound)))
        if not spans:
            return pressed, samples
        kept = sound.copy()
        for start, end in spans:
            kept[start:end] = 0
        return pressed, kept[len(sound) - len(samples) :]

    def _windows(self, sound: Samples, count: int) -> tuple[str, list[int]]:
        """The keys in so many windows, and which of these are surely of a key that is down."""
        windows = sound[_WITHIN + HOP * np.arange(count)[:, None]]
        parts = windows @ _PROBES
        tones = parts[:, :8] + np.complex64(1j) * parts[:, 8:]
        keys = _keys(windows, tones, self._last)
        self._last = tones[-1]
        pressed, tonal = "", list[int]()
        for n, key in enumerate(keys):
            pressed += self._follow(key)
            if key and self._hits >= SURE and not self._misses:
                tonal.append(n)
        return pressed, tonal

    def _follow(self, key: str) -> str:
        """Take what one window holds; the key, at the moment at which it counts as pressed."""
        if key and key == self._key:
            self._hits, self._misses = self._hits + 1, 0
            return key if self._hits == PRESSED else ""
        self._misses += 1
        if self._hits < PRESSED or self._misses >= RELEASED:
            self._key, self._hits, self._misses = key, int(bool(key)), 0
        return ""


def _keys(windows: Samples, tones: Tones, last: Tones) -> list[str]:
    """The key in each window, "" for none. `windows`: (n, WINDOW); `tones`: (n, 8); `last`: (8,), of the window before
    them."""
    power = (tones.real**2 + tones.imag**2) * np.float32((2 / WINDOW) ** 2)
    low, high = power[:, :4].argmax(1), power[:, 4:].argmax(1) + 4
    rows = np.arange(len(windows))
    energy = np.maximum(2 * np.einsum("nw,nw->n", windows, windows) / WINDOW, QUIETEST)
    near = power[rows, low] + power[rows, high] >= PURE / 2 * energy  # what costs most is done where it may matter
    keys = [""] * len(windows)
    if not near.any():
        return keys
    before = np.concatenate([last[None, :], tones[:-1]])
    off = np.angle(tones * before.conj() * _TURN) * (RATE / (2 * np.pi * HOP))  # Hz
    low_power, high_power = _unblurred(power, off, rows, low), _unblurred(power, off, rows, high)
    good = (
        near
        & (np.minimum(low_power, high_power) >= QUIETEST)
        & (low_power <= LOW_LOUDER * high_power)
        & (high_power <= HIGH_LOUDER * low_power)
        & (low_power >= APART * _second(power[:, :4]))
        & (high_power >= APART * _second(power[:, 4:]))
        & (low_power + high_power >= PURE * energy)
        & (np.abs(off[rows, low]) <= OFF * _TONES[low])
        & (np.abs(off[rows, high]) <= OFF * _TONES[high])
    )
    for n in np.flatnonzero(good):
        keys[n] = PAD[low[n]][high[n] - 4]
    return keys


def _unblurred(power: Powers, off: NDArray[Any], rows: NDArray[np.intp], tone: NDArray[np.intp]) -> NDArray[Any]:
    """The power of a tone that is a little off, of which its own probe sees less (at most half is put back)."""
    seen = np.sinc(np.clip(off[rows, tone] * (WINDOW / RATE), -0.45, 0.45)) ** 2
    return power[rows, tone] / seen


def _second(power: Powers) -> Powers:
    return np.sort(power, axis=1)[:, -2]
