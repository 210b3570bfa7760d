"""Opus in and out, with something to hear where packets are lost. Blocking, a tenth of a millisecond a frame."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np

from vivavoce.audio.pcm import Samples
from vivavoce.webrtc.playout import FRAME, RATE

CLOCK = 48_000
"""Hz of Opus's time stamps, whatever the sound's rate."""
BIT_RATE = 40_000
EXPECTED_LOSS = 10
"""Per cent, for which the encoder adds what the next packet needs to repair the one before."""
CONCEALED = 5
"""Lost frames in a row that are covered up, each fainter than the last; silence after them."""
FAINTER = 0.6
SILENCE = b"\xf8\xff\xfe"
"""20 ms of nothing, as RFC 7587 senders write it."""


class Decoder:
    """The voice of a caller, mono at RATE."""

    def __init__(self) -> None:
        codec: Any = av.CodecContext.create("libopus", "r")
        codec.sample_rate, codec.layout = CLOCK, "mono"  # left as stereo it would be mixed 3 dB too loud
        self._codec = codec
        self._resampler = av.AudioResampler("flt", "mono", RATE)
        self._last: Samples = np.zeros(FRAME, np.float32)
        self._lost = 0

    def decode(self, payload: bytes) -> Samples:
        """The sound of one packet; of an empty one, something that bridges the gap."""
        if not payload:
            return self._conceal()
        try:
            frames = self._codec.decode(av.Packet(payload))
        except av.FFmpegError:
            return self._conceal()
        pieces = [piece.to_ndarray()[0] for frame in frames for piece in self._resampler.resample(frame)]
        sound = np.concatenate(pieces).astype(np.float32, copy=False) if pieces else np.zeros(0, np.float32)
        if len(sound):
            self._last, self._lost = sound, 0
        return sound

    def _conceal(self) -> Samples:
        """The last sound again, backwards every other time so that its ends meet, and fading."""
        self._lost += 1
        if self._lost > CONCEALED:
            return np.zeros(FRAME, np.float32)
        again = self._last[::-1] if self._lost % 2 else self._last
        return np.asarray(again * FAINTER**self._lost, np.float32)


class Encoder:
    """The assistant's voice: 20 ms of mono sound at RATE in, one packet out."""

    def __init__(self) -> None:
        codec: Any = av.CodecContext.create("libopus", "w")
        codec.bit_rate, codec.sample_rate, codec.layout, codec.format = BIT_RATE, RATE, "mono", "flt"
        codec.time_base = Fraction(1, RATE)
        codec.options = {"application": "voip", "fec": "1", "packet_loss": str(EXPECTED_LOSS)}
        self._codec = codec
        self._silent = 0

    def encode(self, samples: Samples | None) -> bytes:
        """None is silence, which costs nothing once the encoder has heard a little of it."""
        self._silent = 0 if samples is not None else self._silent + 1
        if self._silent > CONCEALED:
            return SILENCE
        sound = np.zeros(FRAME, np.float32) if samples is None else samples
        frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="flt", layout="mono")
        frame.sample_rate = RATE
        packets = self._codec.encode(frame)
        return bytes(packets[0]) if packets else SILENCE
