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


def trimmed(sound: Pcm, ending: str | None, *, begun: bool = False) -> Pcm:
    """The sound from its first audible frame, with the pause that the clause's last mark asks for; empty if silent.
    `ending` None: more of the clause follows, and its end stays as it is; `begun`: it goes on with what came before,
    and its start stays as it is."""
    frame = max(1, round(FRAME_SECONDS * sound.rate))
    count = len(sound) // frame
    levels = np.sqrt((sound.samples[: count * frame].reshape(count, frame) ** 2).mean(axis=1))
    loud = np.flatnonzero(levels > max(AUDIBLE * float(levels.max(initial=0.0)), 1e-4))
    if not len(loud):
        return Pcm(np.zeros(0, np.float32), sound.rate)
    start = 0 if begun else max(0, loud[0] * frame - round(LEAD_SECONDS * sound.rate))
    pause = round(PAUSES.get(ending or "", NO_PAUSE) * sound.rate)
    end = len(sound) if ending is None else (loud[-1] + 1) * frame + pause
    kept = sound.samples[start:end].copy()
    _fade(kept, round(FADE_SECONDS * sound.rate), start=not begun, end=ending is not None)
    missing = end - start - len(kept)
    return Pcm(np.concatenate([kept, np.zeros(missing, np.float32)]), sound.rate)


def ending(text: str) -> str:
    """The mark that ends a clause, quotation marks and brackets aside; empty where it ends in a word."""
    last = text.rstrip(" \n\t\"'”’»)]」』*_")[-1:]
    return last if last in PAUSES else ""


def _fade(samples: Samples, length: int, *, start: bool, end: bool) -> None:
    """Fade the ends in place, so that neither begins with a jump."""
    length = min(length, len(samples) // 2)
    ramp = np.linspace(0.0, 1.0, length, endpoint=False, dtype=np.float32)
    if start:
        samples[:length] *= ramp
    if end:
        samples[len(samples) - length :] *= ramp[::-1]
