"""Log-mel spectrograms as Whisper was trained on them, in numpy (Radford et al. 2022, section 2.2).

25 ms Hann windows every 10 ms, Slaney's mel scale and area normalisation, log10 clipped 80 dB under the
loudest bin. Agrees with the reference extractors (openai/whisper, transformers) to 1e-3.
"""

from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from vivavoce.audio.pcm import Samples

RATE = 16_000
WINDOW = 400  # samples: 25 ms
STRIDE = 160  # samples: 10 ms
POWER_FLOOR = 1e-10  # keeps log10 finite on digital silence
DYNAMIC_RANGE = 8.0  # in powers of ten: 80 dB


def log_mel(samples: Samples, bands: int = 80) -> Samples:
    """Features of shape (bands, len(samples) // STRIDE), mostly within ±1. `samples` at RATE, at least WINDOW of them.

    The clipping is relative to the loudest bin of what is given, so a window must be handed over whole.
    """
    frames = sliding_window_view(np.pad(samples, WINDOW // 2, mode="reflect"), WINDOW)[::STRIDE]
    frames = frames[: len(samples) // STRIDE]  # the reference drops the last, half-empty frame
    spectrum = np.fft.rfft(frames * _hann())
    power = spectrum.real**2 + spectrum.imag**2
    logs = np.log10(np.maximum(mel_filters(bands) @ power.T, POWER_FLOOR))
    features: Samples = (np.maximum(logs, logs.max() - DYNAMIC_RANGE) + 4.0) / 4.0
    return features.astype(np.float32, copy=False)


@cache
def _hann() -> Samples:
    return np.hanning(WINDOW + 1)[:-1].astype(np.float32)


@cache
def mel_filters(bands: int, fft: int = WINDOW) -> Samples:
    """Triangles that turn fft // 2 + 1 bins of power into `bands` mels, each of the same area: (bands, bins)."""
    bins = np.linspace(0, RATE / 2, fft // 2 + 1)
    corners = _mel_to_hz(np.linspace(0, _hz_to_mel(RATE / 2), bands + 2))
    slopes = (bins - corners[:, None]) / np.diff(corners, append=np.inf)[:, None]
    rising, falling = slopes[:-2], 1 - slopes[1:-1]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (triangles * (2 / (corners[2:] - corners[:-2]))[:, None]).astype(np.float32)


# Slaney's scale: linear below 1 kHz (15 mels), then 27 mels to every factor of 6.4.
def _hz_to_mel(hz: float) -> float:
    return 3 * hz / 200 if hz < 1000 else 15 + float(np.log(hz / 1000)) * 27 / float(np.log(6.4))


def _mel_to_hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mels < 15, 200 * mels / 3, 1000 * 6.4 ** ((mels - 15) / 27))
