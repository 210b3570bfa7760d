"""Change of sample rate, with the filter's state kept from chunk to chunk."""

import numpy as np
import samplerate

from vivavoce.audio.pcm import Pcm, Samples

TAPS = 64
"""Of each of the two filters between 24 and 16 kHz: they leave what is below 6.6 kHz, and stop what is above 8 kHz by
44 dB, above 8.2 kHz by 80."""
BLOCK = 24
"""Samples in, 1 ms: a frame holds whole ones, and longer ones would multiply with more zeros than they save."""
WINDOW = BLOCK + TAPS - 2
"""Samples that the samples out of one block depend on."""
CUTOFF_HZ = 7200
KAISER = 8.0


class Resampler:
    """One stream from `source` Hz to `target` Hz; chunked output equals whole output.

    From 24 to 16 kHz, which every WebSocket client's microphone needs all the time, by two filters of our own: 0.7 ms
    late, in steps of 1 ms, 6 µs per 20 ms of sound. Else libsamplerate's fastest sinc filter: 1 to 3 ms late, 25 µs.
    """

    def __init__(self, source: int, target: int) -> None:
        self.source, self.target = source, target
        self._two_thirds = _TwoThirds() if (source, target) == (24_000, 16_000) else None
        same = source == target or self._two_thirds is not None
        self._filter = None if same else samplerate.Resampler("sinc_fastest", channels=1)

    def push(self, samples: Samples, *, last: bool = False) -> Samples:
        """Take the next samples at `source` Hz, give what is ready at `target` Hz; `last` drains the filter."""
        if self._two_thirds is not None:
            return self._two_thirds.push(samples, last=last)
        if self._filter is None:
            return samples
        ratio = self.target / self.source
        return np.asarray(self._filter.process(samples, ratio, end_of_input=last), np.float32)


class _TwoThirds:
    """Three samples in, two out: each a weighted sum of TAPS samples. BLOCK samples go through at a time: one matrix
    of all their weights, zeros between them, takes half the time of two filters slid along three by three."""

    def __init__(self) -> None:
        self._held = 0
        """Samples at the start of `_sound` whose turn has not come yet, with what the filters look back to."""
        self._sound = np.zeros(0, np.float32)
        """Room for what is held and what comes, kept, with its windows, as long as pieces have the same length."""
        self._windows = np.zeros((0, WINDOW), np.float32)
        self._fit(np.zeros(TAPS // 2, np.float32), 0)

    def push(self, samples: Samples, *, last: bool) -> Samples:
        if last:
            return self._rest(samples)
        end = self._held + len(samples)
        if end != len(self._sound):
            self._fit(self._sound[: self._held].copy(), len(samples))
        self._sound[self._held :] = samples
        resampled: Samples = (self._windows @ _WEIGHTS).reshape(-1)
        done = BLOCK * len(self._windows)
        self._held = end - done
        self._sound[: self._held] = self._sound[done:]
        return resampled

    def _fit(self, held: Samples, coming: int) -> None:
        self._held, size = len(held), len(held) + coming
        self._sound = np.empty(size, np.float32)
        self._sound[: len(held)] = held
        blocks = max(0, (size - WINDOW + BLOCK) // BLOCK)
        self._windows = np.ndarray((blocks, WINDOW), np.float32, self._sound.data, strides=_STRIDES)

    def _rest(self, samples: Samples) -> Samples:
        """The end of the stream: what is held back comes out too."""
        wanted = max(0, self._held + len(samples) - TAPS // 2 + 1) // 3 * 2
        tail = np.zeros(TAPS // 2 + BLOCK, np.float32)
        return self.push(np.concatenate([samples, tail]), last=False)[:wanted]


def _weights() -> Samples:
    """Of each sample out for each sample in, shape (WINDOW, BLOCK * 2 / 3)."""
    weights = np.zeros((WINDOW, BLOCK // 3 * 2), np.float32)
    for step in range(BLOCK // 3):
        weights[3 * step : 3 * step + TAPS + 1, 2 * step : 2 * step + 2] = _filters()
    return weights


def _filters() -> Samples:
    """The weights of the even and of the odd samples out, shape (TAPS + 1, 2)."""
    times = np.arange(2 * TAPS) - TAPS + 0.5  # at 48 kHz, where both rates meet
    ideal = 2 * CUTOFF_HZ / 48_000 * np.sinc(2 * CUTOFF_HZ / 48_000 * times)
    weights = 2 * ideal * np.kaiser(2 * TAPS, KAISER)
    filters = np.zeros((TAPS + 1, 2))
    filters[:TAPS, 0], filters[1:, 1] = weights[::2][::-1], weights[1::2][::-1]
    return np.asarray(filters / filters.sum(axis=0), np.float32)


_WEIGHTS = _weights()
_STRIDES = (BLOCK * _WEIGHTS.itemsize, _WEIGHTS.itemsize)


def resample(sound: Pcm, rate: int) -> Pcm:
    """A whole sound at another rate."""
    if sound.rate == rate:
        return sound
    return Pcm(Resampler(sound.rate, rate).push(sound.samples, last=True), rate)
