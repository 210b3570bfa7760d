"""Takes noise out of a microphone's sound, as `noise_reduction` of the Realtime contract asks for: WebRTC's own
suppressor, 1.4 ms of work for a second of sound."""

from __future__ import annotations

from typing import Literal

import numpy as np
from webrtc_noise_gain import AudioProcessor

from vivavoce.audio.codecs import from_pcm16, to_pcm16
from vivavoce.audio.pcm import Samples

RATE = 16_000
BLOCK = RATE // 100
STRONGEST = 4
LEVELS = {"near_field": 2, "far_field": 3}
"""How much is suppressed (0 to STRONGEST) of a headset's noise, and of a room's."""
FAR_FIELD_GAIN_DB = 15


class NoiseSuppressor:
    """One stream of sound at RATE; gives whole blocks of 10 ms. `strength`: 0 to 1, None: what is usual."""

    def __init__(self, kind: Literal["near_field", "far_field"], strength: float | None = None) -> None:
        level = LEVELS[kind] if strength is None else round(strength * STRONGEST)
        gain = FAR_FIELD_GAIN_DB if kind == "far_field" else 0
        self._processor = AudioProcessor(gain, level)
        self._rest: Samples = np.zeros(0, np.float32)

    def push(self, samples: Samples) -> Samples:
        whole = np.concatenate([self._rest, samples])
        end = len(whole) - len(whole) % BLOCK
        self._rest = whole[end:]
        blocks = (whole[at : at + BLOCK] for at in range(0, end, BLOCK))
        return from_pcm16(b"".join(self._processor.Process10ms(to_pcm16(block)).audio for block in blocks))
