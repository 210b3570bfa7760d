"""The first sign that somebody may be speaking up: a sound that rises out of the room's noise, told within 30 ms.

A voice detector needs a whole hop with a voice in it before it is sure. Here the level of 10 ms frames is compared with
the noise floor and with the speaker's usual level, which says nothing of what the sound is. So it is fit only for what
is undone as easily as it is done, and it grows wary: after a false alarm a sound has to be louder than what raised it.
"""

from __future__ import annotations

from vivavoce.audio.pcm import Samples, levels

RATE = 16_000
FRAME = 160
"""Samples of one frame: 10 ms."""
LOUD_FRAMES = 2  # in a row: a click is shorter
ABOVE_FLOOR_DB = 12.0
BELOW_USUAL_DB = 22.0
"""A word begins so much softer than its vowels."""
LEAST_DB = -50.0
"""dBFS, where nobody's usual level is known."""
FLOOR_FRAMES = 20  # before which the floor is not known
FLOOR_RISE_DB = 0.05  # a frame: 5 dB a second
WARY_DB = 3.0
"""Above the loudest frame of a false alarm."""
CALM_DB = 0.015  # a frame, by which wariness fades: 1.5 dB a second


class OnsetDetector:
    """Of one stream of sound at 16 kHz, in whole frames. Levels in dBFS."""

    def __init__(self) -> None:
        self._floor = 0.0
        self._known = 0
        self._loud = 0
        self._wary = -90.0
        self._loudest = -90.0
        """Of the frames since the last alarm."""

    def hear(self, samples: Samples, usual: float | None) -> int | None:
        """Take the next frames, shape (n * FRAME,); `usual`: the speaker's usual level, None: not known. Returns how
        many samples ago, from the end of these, a sound began that may be somebody's voice; None: none did."""
        frames = samples.reshape(-1, FRAME)
        began: int | None = None
        for place, level in enumerate(levels(frames).tolist()):
            self._loud = self._loud + 1 if self._is_loud(level, usual) else 0
            self._note(level)
            if self._loud == LOUD_FRAMES and self._known > FLOOR_FRAMES:
                self._loudest = level
                began = (len(frames) - place - 1 + LOUD_FRAMES) * FRAME
        return began

    def note(self, samples: Samples) -> None:
        """Take frames in which nobody asks for an onset: one was told, or the speaker has the floor."""
        for level in levels(samples.reshape(-1, FRAME)).tolist():
            self._note(level)

    def mistaken(self) -> None:
        """The last alarm was a false one."""
        self._wary, self._loud = max(self._wary, self._loudest + WARY_DB), 0

    def _note(self, level: float) -> None:
        self._known += 1
        self._floor = level if self._known == 1 else min(level, self._floor + FLOOR_RISE_DB)
        self._wary -= CALM_DB
        self._loudest = max(self._loudest, level)

    def _is_loud(self, level: float, usual: float | None) -> bool:
        least = LEAST_DB if usual is None else usual - BELOW_USUAL_DB
        return level > max(self._floor + ABOVE_FLOOR_DB, least, self._wary)
