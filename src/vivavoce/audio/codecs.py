"""Bytes on the wire to samples and back: 16-bit PCM and G.711 (ITU-T G.711, 8 kHz)."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vivavoce.audio.pcm import Samples

Encoding = Literal["audio/pcm", "audio/pcmu", "audio/pcma"]


_INT16 = np.dtype("<i2")
_STEP = np.float32(1 / 32768)
_LOWEST, _HIGHEST = np.float32(-32768), np.float32(32767)


def from_pcm16(data: bytes) -> Samples:
    """Little-endian 16-bit PCM to samples. Raises ValueError on an odd number of bytes."""
    if len(data) % 2:
        raise ValueError(f"16-bit audio needs an even number of bytes, got {len(data)}")
    return np.multiply(np.frombuffer(data, _INT16), _STEP, dtype=np.float32)


def to_pcm16(samples: Samples) -> bytes:
    """Samples to little-endian 16-bit PCM, clipped at full scale."""
    scaled = samples * np.float32(32768)
    np.rint(scaled, out=scaled)
    scaled.clip(_LOWEST, _HIGHEST, out=scaled)
    return bytes(scaled.astype(_INT16).tobytes())


def decode(data: bytes, encoding: Encoding) -> Samples:
    """Bytes of one of the wire's encodings to samples at that encoding's rate."""
    if encoding == "audio/pcm":
        return from_pcm16(data)
    table = _ULAW if encoding == "audio/pcmu" else _ALAW
    return table[np.frombuffer(data, np.uint8)]


def encode(samples: Samples, encoding: Encoding) -> bytes:
    """Samples to bytes of one of the wire's encodings."""
    if encoding == "audio/pcm":
        return to_pcm16(samples)
    table = _ULAW_OF if encoding == "audio/pcmu" else _ALAW_OF
    linear = (np.clip(samples, -1.0, 32767 / 32768) * 32768.0).round().astype(np.int32)
    return np.take(table, (linear + 32768) >> 2).tobytes()


def _ulaw_table() -> Samples:
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84 << ((code & 0x70) >> 4)) - 0x84
    return (np.where(code & 0x80, -magnitude, magnitude) / 32768.0).astype(np.float32)


def _alaw_table() -> Samples:
    code = np.arange(256, dtype=np.int32) ^ 0x55
    exponent, mantissa = (code & 0x70) >> 4, (code & 0x0F) << 4
    magnitude = np.where(exponent == 0, mantissa + 8, (mantissa + 0x108) << np.maximum(exponent - 1, 0))
    return (np.where(code & 0x80, magnitude, -magnitude) / 32768.0).astype(np.float32)


def _nearest(table: Samples) -> NDArray[np.uint8]:
    """For each 14-bit linear level the code whose value is nearest: what an encoder has to find."""
    order = np.argsort(table, kind="stable")
    values = table[order]
    levels = ((np.arange(1 << 14) << 2) - 32768 + 2) / 32768.0
    right = np.clip(np.searchsorted(values, levels), 1, len(values) - 1)
    nearer_left = levels - values[right - 1] <= values[right] - levels
    return order[np.where(nearer_left, right - 1, right)].astype(np.uint8)


_ULAW, _ALAW = _ulaw_table(), _alaw_table()
_ULAW_OF, _ALAW_OF = _nearest(_ULAW), _nearest(_ALAW)
