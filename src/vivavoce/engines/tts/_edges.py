"""Cuts the silence that synthesizers put round a clause, and joins clauses without a click."""

from __future__ import annotations

import numpy as np

from vivavoce.audio.pcm import Pcm, Samples

FRAME_SECONDS = 0.005
LEAD_SECONDS = 0.010
"""Kept before the first audible frame: more is latency."""
FADE_SECONDS = 0.004
AUDIBLE = 0.015
"""Of the loudest frame's level, -36 dB: quieter is breath and the synthesizer's own noise."""
PAUSES = {".": 0.25, "!": 0.25, "?": 0.25, "…": 0.25, "。": 0.25, "！": 0.25, "？": 0.25, "।": 0.25} | dict.fromkeys(
    ",;:—–-，、；：", 0.12
)
"""Seconds of quiet after a clause that ends in this mark."""
NO_PAUSE = 0.03
"""Seconds after a clause that was cut between two words."""


def trimmed(sound: Pcm, ending: str) -> Pcm:
    """The sound from its first audible frame, with the pause that the clause's last mark asks for; empty if silent."""
    frame = max(1, round(FRAME_SECONDS * sound.rate))
    count = len(sound) // frame
    levels = np.sqrt((sound.samples[: count * frame].reshape(count, frame) ** 2).mean(axis=1))
    loud = np.flatnonzero(levels > max(AUDIBLE * float(levels.max(initial=0.0)), 1e-4))
    if not len(loud):
        return Pcm(np.zeros(0, np.float32), sound.rate)
    start = max(0, loud[0] * frame - round(LEAD_SECONDS * sound.rate))
    end = (loud[-1] + 1) * frame
    pause = round(PAUSES.get(ending, NO_PAUSE) * sound.rate)
    kept = sound.samples[start : end + pause].copy()
    fade(kept, round(FADE_SECONDS * sound.rate))
    missing = end + pause - start - len(kept)
    return Pcm(np.concatenate([kept, np.zeros(missing, np.float32)]), sound.rate)


def ending(text: str) -> str:
    """The mark that ends a clause, quotation marks and brackets aside; empty where it ends in a word."""
    last = text.rstrip(" \n\t\"'”’»)]」』*_")[-1:]
    return last if last in PAUSES else ""


def fade(samples: Samples, length: int) -> None:
    """Fade both ends in place, so that neither starts with a jump."""
    length = min(length, len(samples) // 2)
    ramp = np.linspace(0.0, 1.0, length, endpoint=False, dtype=np.float32)
    samples[:length] *= ramp
    samples[len(samples) - length :] *= ramp[::-1]
