"""The step in which sound is heard and decided on. Pure."""

from __future__ import annotations

HOP = 512
"""Samples of one hop at 16 kHz: 32 ms, what Silero takes."""
HOP_MS = 32


def ms(samples: int) -> int:
    """How long so many samples at 16 kHz last."""
    return samples * HOP_MS // HOP
