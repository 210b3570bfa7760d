"""d-vectors (Wan et al. 2018, as VoiceFilter trained them; int8 weights) on ONNX Runtime: whose voice is this?

A voice becomes 256 numbers of length 1; the cosine of two says how alike they are. The network hears 0.8 s at once;
longer speech is the mean of such windows, every 0.4 s. 6 ms a second of speech on one thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from vivavoce.audio.mel import STRIDE, WINDOW, mel_filters
from vivavoce.audio.pcm import Pcm, Samples
from vivavoce.engines.onnx import open_network
from vivavoce.engines.pool import Worker
from vivavoce.models import ModelFiles
from vivavoce.ports import Urgency, Vector

BANDS, FFT = 40, 512
FLOOR = 1e-10
"""Of the power, as in training: it keeps the logarithm finite on digital silence."""
FRAMES, STEP = 80, 40
"""Spectra of 10 ms in one window, and from one to the next."""
SHORTEST = FFT + (FRAMES - 1) * STRIDE
"""Samples of one window."""
AT_ONCE = 64
"""Windows in one run: more are no quicker, and hold up who is next."""
DEADLINE = 60.0
"""Seconds for one run, queue included."""

Infer = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Log-mel windows (n, FRAMES, BANDS) -> vectors (n, 256), of any length."""


@dataclass(frozen=True, slots=True)
class Options:
    model: str = "dvector-int8"
    threads: int = 1


def load(options: Options, models: ModelFiles) -> DVectors:
    """Raises ModelUnavailable."""
    network = open_network(models(options.model) / "embedder.int8.onnx", options.threads)

    def infer(windows: NDArray[np.float32]) -> NDArray[np.float32]:
        vectors: NDArray[np.float32] = network.run(None, {"mel_window": windows})[0]
        return vectors

    return DVectors(options.model, infer)


class DVectors:
    """See `ports.SpeakerEncoder`."""

    def __init__(self, name: str, infer: Infer) -> None:
        self.name, self._infer = name, infer
        self._worker = Worker(name)

    async def voices(self, sounds: Sequence[Pcm], urgency: Urgency = Urgency.SOON) -> list[Vector]:
        vectors: list[Vector] = []
        for run in _runs(sounds):
            vectors += await self._worker.call(partial(self._voices, run), urgency, deadline=DEADLINE)
        return vectors

    def close(self) -> None:
        self._worker.close()

    def _voices(self, sounds: Sequence[Pcm]) -> list[Vector]:
        windows = [windows_of(sound.samples) for sound in sounds]
        vectors = self._infer(np.concatenate(windows))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) + FLOOR
        ends = np.cumsum([len(each) for each in windows])
        return [_unit(part.mean(axis=0)) for part in np.split(vectors, ends[:-1])]


def windows_of(samples: Samples) -> NDArray[np.float32]:
    """Log-mel windows of shape (n, FRAMES, BANDS), at least one: sound that is shorter is filled up with silence."""
    samples = np.pad(samples, (0, max(0, SHORTEST - len(samples))))
    frames = sliding_window_view(samples, FFT)[::STRIDE] * _window()
    power = np.abs(np.fft.rfft(frames)) ** 2
    logs = np.log10(power @ mel_filters(BANDS, FFT).T + FLOOR).astype(np.float32)
    return np.ascontiguousarray(sliding_window_view(logs, FRAMES, axis=0)[::STEP].transpose(0, 2, 1))


def _window() -> NDArray[np.float64]:
    """Hamming's, periodic, in the middle of the transform."""
    aside = (FFT - WINDOW) // 2
    return np.pad(np.hamming(WINDOW + 1)[:-1], (aside, FFT - WINDOW - aside))


def _runs(sounds: Sequence[Pcm]) -> list[list[Pcm]]:
    """The sounds in order, as many at once as AT_ONCE allows."""
    runs: list[list[Pcm]] = []
    room = 0
    for sound in sounds:
        windows = 1 + max(0, len(sound) - SHORTEST) // (STEP * STRIDE)
        if not runs or windows > room:
            runs.append([])
            room = AT_ONCE
        runs[-1].append(sound)
        room -= windows
    return runs


def _unit(vector: Vector) -> Vector:
    length = float(np.linalg.norm(vector))
    return (vector / length if length else vector).astype(np.float32)
