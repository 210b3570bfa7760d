"""What is known of a sound beside its voice probability: the assistant's own echo in it, its level, its words."""

from __future__ import annotations

import numpy as np

from vivavoce.audio.echo import EchoGuard
from vivavoce.audio.pcm import Pcm, Samples
from vivavoce.conversation.floor import Overheard

USUAL_SHARE = 0.02
"""Weight of one voiced hop in the user's usual level: half of it is the last second of speech."""
FADED_DB = 12.0
"""Below the loudest hop of the last half second a voice is fading."""
PEAK_FALL_DB = 1.0  # a hop; the peak forgets a loud syllable within half a second


class Overhearing:
    """Fed with every hop of the microphone and every sound that was sent. Levels in dBFS."""

    def __init__(self) -> None:
        self.words: str | None = None
        """What was recognised over the assistant's voice; None: nothing was looked at yet."""
        self._guard = EchoGuard()
        self._usual: float | None = None
        self._loudest: float | None = None
        self._peak = -90.0
        self._fading = False

    def played(self, sound: Pcm, at: float) -> None:
        """The assistant's `sound` is to be heard from loop time `at` on."""
        self._guard.sent(sound, at)

    def held(self, at: float) -> None:
        """The client paused what it played, at loop time `at`."""
        self._guard.held(at)

    def resumed(self, at: float) -> None:
        """It goes on from where it was."""
        self._guard.resumed(at)

    def hop(self, samples: Samples, at: float) -> Overheard:
        """What is known of a hop that was heard at loop time `at`, while the assistant is audible."""
        level = _level(samples)
        self._loudest = level if self._loudest is None else max(self._loudest, level)
        relative = None if self._usual is None else self._loudest - self._usual
        return Overheard(self._guard.share(samples, at), relative, self.words)

    def forget(self) -> None:
        """The overlap is settled."""
        self.words = self._loudest = None

    def user(self, samples: Samples) -> bool:
        """Take a hop of the user's turn; True at the moment at which the voice begins to fade."""
        level = _level(samples)
        self._peak = max(level, self._peak - PEAK_FALL_DB)
        faded = level < self._peak - FADED_DB
        if not faded:
            self._usual = level if self._usual is None else self._usual + USUAL_SHARE * (level - self._usual)
        begins, self._fading = faded and not self._fading, faded
        return begins


def _level(samples: Samples) -> float:
    return float(10 * np.log10(np.mean(np.square(samples)) + 1e-9))
