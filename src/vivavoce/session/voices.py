"""Whose voice each turn of the user is, where the client asks for that: a letter for each voice, in the order in which
they first speak. Nothing of a voice outlives its session."""

from __future__ import annotations

import logging

import numpy as np

from vivavoce.audio.pcm import Pcm
from vivavoce.audio.resample import Resampler
from vivavoce.audio.speakers import Span, means_of, windows_in
from vivavoce.conversation.config import TranscriptionOptions
from vivavoce.errors import ModelUnavailable, TurnError
from vivavoce.ports import HEARING_RATE, Engines, Urgency, Vector

log = logging.getLogger(__name__)

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""One who speaks beyond these is taken for the likest of them."""
SAME = 0.5
"""Cosine from which a turn has a voice that was heard before. Lower than between the groups of a whole file, for what
is known of a voice at first is one turn."""
MOST_WINDOWS = 12
"""Of one turn: more tell hardly more of its voice, and cost as much again."""


def wants_voices(options: TranscriptionOptions | None) -> bool:
    """Whether the name of the transcription model asks for speakers, as `gpt-4o-transcribe-diarize` does."""
    return options is not None and "diarize" in options.model


class Voices:
    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._known: list[Vector] = []
        """The sum of what each voice was like so far."""

    async def who(self, sound: Pcm) -> str | None:
        """Whose voice this is; None: that cannot be told now."""
        if self._engines.speaker is None:
            return None
        try:
            encoder = await self._engines.speaker()
            vectors = await encoder.voices(_parts(sound), Urgency.SPARE)
        except (ModelUnavailable, TurnError) as error:
            log.warning("speakers are not told", extra={"reason": type(error).__name__})
            return None
        return LETTERS[self._place(means_of(np.stack(vectors), np.zeros(len(vectors), np.intp))[0])]

    def _place(self, voice: Vector) -> int:
        alike = [float(known @ voice / (np.linalg.norm(known) + 1e-12)) for known in self._known]
        best = int(np.argmax(alike)) if alike else -1
        if best < 0 or (alike[best] < SAME and len(alike) < len(LETTERS)):
            self._known.append(voice)
            return len(self._known) - 1
        self._known[best] = self._known[best] + voice
        return best


def _parts(sound: Pcm) -> list[Pcm]:
    """Windows over a turn, spread evenly."""
    heard = Pcm(Resampler(sound.rate, HEARING_RATE).push(sound.samples, last=True), HEARING_RATE)
    windows = windows_in([Span(0.0, heard.seconds)])
    chosen = np.linspace(0, len(windows) - 1, min(len(windows), MOST_WINDOWS)).round().astype(int)
    return [heard.cut(windows[place].start, windows[place].end) for place in chosen]
