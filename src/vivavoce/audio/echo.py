"""The assistant's own voice in what the microphone hears, where the client does not cancel it.

The server knows the samples it sent, and roughly when they are to be heard. The envelopes of frequency bands survive
loudspeaker, room and microphone far better than the waveform does; so the sound heard is compared with the sound sent
band by band, over a window of half a second, at every delay that a network and a sound card may have.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from vivavoce.audio.pcm import Pcm, Samples
from vivavoce.audio.resample import resample

RATE = 16_000
HOP = 512
BANDS = np.array([150, 250, 400, 600, 850, 1200, 1700, 2400, 3400])
"""Edges in Hz: what even a telephone carries."""
WINDOW = 16
"""Hops compared: half a second."""
LEAST = 8  # hops heard before anything can be told
LONGEST_DELAY = 0.7
"""Seconds between the time a sound was to be heard and the time it is."""
EARLIEST = 0.1
"""Seconds by which it may also come early: clocks are guessed."""
KEPT = 3.0
"""Seconds of sent sound that are remembered."""
FAINT = 1e-4  # of the window's power: bands below carry noise alone


class EchoGuard:
    """One conversation's. Times are seconds of one clock."""

    def __init__(self) -> None:
        self._sent: deque[tuple[float, Samples]] = deque()
        """Band energies of each hop sent, and when it is to be heard."""
        self._rest = np.zeros(0, np.float32)
        self._next = 0.0
        self._heard: deque[Samples] = deque(maxlen=WINDOW)

    def sent(self, sound: Pcm, at: float) -> None:
        """`sound` was sent, and is to be heard from `at` on."""
        if abs(at - self._next) > HOP / RATE:  # a new stretch
            self._rest, self._next = np.zeros(0, np.float32), at
        samples = np.concatenate([self._rest, resample(sound, RATE).samples])
        whole = len(samples) // HOP * HOP
        start = self._next - len(self._rest) / RATE
        for n, hop in enumerate(samples[:whole].reshape(-1, HOP)):
            self._sent.append((start + n * HOP / RATE, _bands(hop)))
        self._rest, self._next = samples[whole:], self._next + sound.seconds
        while self._sent and self._sent[0][0] < self._next - KEPT - LONGEST_DELAY:
            self._sent.popleft()

    def share(self, heard: Samples, at: float) -> float:
        """How much of the sound of the last half second is explained by what was sent, 0..1.

        `heard`: one hop at 16 kHz, which ended at `at`.
        """
        self._heard.append(_bands(heard))
        if len(self._heard) < LEAST or len(self._sent) < LEAST:
            return 0.0
        mine = np.stack(list(self._heard))
        first = at - len(mine) * HOP / RATE - LONGEST_DELAY
        candidates = [bands for when, bands in self._sent if first <= when <= at + EARLIEST]
        if len(candidates) < len(mine):
            return 0.0
        theirs = np.lib.stride_tricks.sliding_window_view(np.stack(candidates), len(mine), axis=0)
        return float(max(_explained(mine, window.T) for window in theirs))


def _bands(hop: Samples) -> Samples:
    """Energies of the bands of one hop, shape (8,)."""
    power = np.square(np.abs(np.fft.rfft(hop * _HANN)))
    return np.asarray(np.add.reduceat(power, _EDGES)[:-1], np.float32)


def _explained(heard: Samples, sent: Samples) -> float:
    """Share of the power in `heard` that `sent` explains, each band scaled by a gain of its own."""
    total = float(heard.sum())
    if total <= 0.0:
        return 0.0
    norms = np.square(sent).sum(axis=0)
    gains = np.where(norms > 0, (heard * sent).sum(axis=0) / np.maximum(norms, 1e-20), 0.0)
    residual = np.abs(heard - gains * sent).sum(axis=0)
    weights = heard.sum(axis=0)
    explained = np.clip(1.0 - residual / np.maximum(weights, 1e-20), 0.0, 1.0)
    return float((explained * weights)[weights > FAINT * total].sum() / total)


_HANN = np.hanning(HOP).astype(np.float32)
_EDGES = np.round(BANDS / RATE * HOP).astype(int)
