"""What a listener hears of the sound that arrives: a model of a player with no delay of its own.

A chunk starts to play when it arrives or when the one before it ends, whichever is later. Times are
seconds of the clock that the caller uses for everything else.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from vivavoce.audio.pcm import Pcm, Samples
from vivavoce.cli.clips import RATE, first_audible


@dataclass(frozen=True, slots=True)
class Heard:
    """A chunk and the time at which its first sample sounds."""

    response: str
    start: float
    samples: Samples

    @property
    def end(self) -> float:
        return self.start + len(self.samples) / RATE


@dataclass(slots=True)
class Ear:
    chunks: list[Heard] = field(default_factory=list[Heard])
    _paused: list[Heard] = field(default_factory=list[Heard])
    _holding: bool = False

    @property
    def end(self) -> float:
        """When the last sound that arrived will have been played."""
        return self.chunks[-1].end if self.chunks else 0.0

    def hold(self, at: float) -> None:
        """Pause at the sample that plays at `at`, and keep the rest."""
        if self._holding:
            return
        held = self.chunks
        self.flush(at)
        for chunk in held:
            rest = chunk.samples[max(0, round((at - chunk.start) * RATE)) :]
            if len(rest):
                self._paused.append(Heard(chunk.response, chunk.start, rest))
        self._holding = True

    def resume(self, at: float) -> None:
        """Go on from the sample at which it was held."""
        waiting, self._paused, self._holding = self._paused, [], False
        for chunk in waiting:
            self._play(chunk.response, chunk.samples, at)

    def hear(self, response: str, samples: Samples, at: float) -> None:
        """A chunk of the answer `response` arrived."""
        if len(samples) and self._holding:
            self._paused.append(Heard(response, at, samples))
        else:
            self._play(response, samples, at)

    def _play(self, response: str, samples: Samples, at: float) -> None:
        if len(samples):
            self.chunks.append(Heard(response, max(at, self.end), samples))

    def flush(self, at: float) -> None:
        """Throw away what has not been played, as a client does when the user speaks up."""
        kept = []
        for chunk in self.chunks:
            played = round((at - chunk.start) * RATE)
            if played > 0:
                kept.append(Heard(chunk.response, chunk.start, chunk.samples[:played]))
        self.chunks, self._paused, self._holding = kept, [], False

    def starts(self, responses: set[str]) -> float | None:
        """When the first audible sample of these answers sounds; None while there is none."""
        for chunk in self.chunks:
            if chunk.response in responses:
                audible = first_audible(Pcm(chunk.samples, RATE))
                if audible is not None:
                    return chunk.start + audible
        return None

    def recording(self) -> Samples:
        """All that was heard, gaps included, from the first chunk on."""
        if not self.chunks:
            return np.zeros(0, np.float32)
        origin = self.chunks[0].start
        sound = np.zeros(round((self.end - origin) * RATE) + 1, np.float32)
        for chunk in self.chunks:
            place = round((chunk.start - origin) * RATE)
            sound[place : place + len(chunk.samples)] = chunk.samples[: len(sound) - place]
        return sound
