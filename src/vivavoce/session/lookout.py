"""Looks out for sounds over the assistant's voice between the hops of the voice detector, frame by frame.

Only while the assistant speaks and nobody else does, and not where its own voice is known to come back: it would be
the sound that is found.
"""

from __future__ import annotations

from vivavoce.audio.onset import FRAME, OnsetDetector
from vivavoce.conversation.floor import Floor, Holder
from vivavoce.conversation.moves import Move
from vivavoce.session.ear import Ear
from vivavoce.session.overhearing import Overhearing


class Lookout:
    """One conversation's; the ear's tape is what it looks at."""

    def __init__(self, ear: Ear, floor: Floor, overhearing: Overhearing) -> None:
        self._ear, self._floor, self._overhearing = ear, floor, overhearing
        self._onsets = OnsetDetector()
        self._seen = 0
        """Position up to which the tape was looked at."""

    @property
    def on_duty(self) -> bool:
        return self._floor.alert and not self._overhearing.echoes

    def look(self) -> list[Move]:
        """Look at what came; what the floor makes of it."""
        tape = self._ear.tape
        if self._seen < tape.start or not self._floor.assistant_audible:
            self._seen = tape.end
            return []
        end = self._seen + (tape.end - self._seen) // FRAME * FRAME
        samples, self._seen = tape.look(self._seen, end), end
        if self._floor.holder is Holder.OVERLAP:
            self._onsets.note(samples)
        elif self.on_duty and (ago := self._onsets.hear(samples, self._overhearing.usual)) is not None:
            return self._floor.alarm(end - ago)
        return []

    def mistaken(self) -> None:
        """What was found was nobody's voice."""
        self._onsets.mistaken()
