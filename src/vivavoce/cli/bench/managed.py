"""A client with managed playback, as `bench barge-in` needs it: it ducks, pauses and goes on when it is told to, and
its microphone may hear its loudspeaker.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

import numpy as np

from vivavoce.audio.pcm import Pcm, Samples
from vivavoce.cli.bench.stimuli import room_response
from vivavoce.cli.clips import AUDIBLE_DB, LEVEL_SECONDS, RATE, Clip, levels
from vivavoce.cli.dialogue import PATIENCE, Dialogue
from vivavoce.cli.ear import Ear, Heard
from vivavoce.cli.microphone import FRAME, FileMicrophone

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

    from vivavoce.cli.bench.barge_in_report import Outcome
    from vivavoce.cli.bench.barge_in_stimuli import Trial

ECHO_DELAY = 0.12  # s from the loudspeaker's buffer to the microphone's
REST = 0.3


@dataclass(slots=True)
class RememberingEar(Ear):
    """An ear that remembers all that came."""

    received: list[Samples] = field(default_factory=list[Samples])

    def hear(self, response: str, samples: Samples, at: float) -> None:
        self.received.append(samples)
        Ear.hear(self, response, samples, at)

    def unheard(self) -> int:
        """Samples that should have been heard by the end of what is queued, and were not in their place."""
        heard = np.concatenate([chunk.samples for chunk in self.chunks] or [np.zeros(0, np.float32)])
        sent = np.concatenate(self.received or [np.zeros(0, np.float32)])
        return int(np.count_nonzero(heard != sent[: len(heard)])) if len(heard) <= len(sent) else len(heard) - len(sent)

    def audible(self) -> list[tuple[str, float, float]]:
        """What could be heard: response, beginning and end of each stretch of sound above AUDIBLE_DB, on the clock."""
        stretches = []
        for chunk in self.chunks:
            loud = np.flatnonzero(levels(Pcm(chunk.samples, RATE)) > AUDIBLE_DB)
            for run in np.split(loud, np.flatnonzero(np.diff(loud) > 1) + 1):
                if len(run):
                    first, last = chunk.start + run[0] * LEVEL_SECONDS, chunk.start + (run[-1] + 1) * LEVEL_SECONDS
                    stretches.append((chunk.response, float(first), float(last)))
        return stretches

    def flowing(self, at: float) -> float:
        """Seconds for which it will have sounded at `at` without a rest of REST; 0: nothing sounds then."""
        begun = end = float("-inf")
        for chunk in self.chunks:
            if chunk.start > at:
                break
            begun, end = (chunk.start if chunk.start - end >= REST else begun), chunk.end
        return at - begun if end > at else 0.0

    def longest_silence(self, since: float) -> float:
        """Seconds between one chunk and the next, after `since`."""
        gaps = [b.start - a.end for a, b in zip(self.chunks, self.chunks[1:], strict=False) if a.end > since]
        return max(gaps, default=0.0)

    def between(self, start: float, size: int) -> Samples:
        """The `size` samples that sound from `start` on."""
        sound = np.zeros(size, np.float32)
        for chunk in self.chunks[-40:]:
            _add(sound, chunk, round((chunk.start - start) * RATE))
        return sound


def _add(sound: Samples, chunk: Heard, place: int) -> None:
    first, last = max(0, place), min(len(sound), place + len(chunk.samples))
    if last > first:
        sound[first:last] += chunk.samples[first - place : last - place]


class Surroundings:
    """What a microphone hears beside who speaks. `echo_db`: the loudspeaker, so much below its level, None: not at all;
    `room`: a sound of the place at RATE, over and over, None: it is quiet there."""

    def __init__(self, ear: RememberingEar, echo_db: float | None = None, room: Samples | None = None) -> None:
        self._ear, self._place = ear, room
        self._response = None if echo_db is None else room_response(RATE) * 10 ** (echo_db / 20)

    def frame(self, number: int, now: float) -> Samples:
        """Of the frame `number`, whose last sample is captured `now`."""
        heard = np.zeros(FRAME, np.float32)
        if self._place is not None:
            heard += np.take(self._place, np.arange(FRAME) + number * FRAME, mode="wrap")
        return heard if self._response is None else heard + self._echo(self._response, now)

    def _echo(self, response: Samples, now: float) -> Samples:
        span = len(response) + FRAME
        played = self._ear.between(now - ECHO_DELAY - span / RATE, span)
        size = 1 << (2 * span).bit_length()
        echo = np.fft.irfft(np.fft.rfft(played, size) * np.fft.rfft(response, size), size)
        return np.asarray(echo[span - FRAME : span], np.float32)


class Listener(Dialogue):
    """A dialogue that notes when it was told to play softly, to pause, to go on and to stop."""

    def __init__(self, socket: ClientConnection, echo_db: float | None, room: Samples | None = None) -> None:
        super().__init__(socket)
        self.player = self.protocol.ear = RememberingEar()
        if echo_db is not None or room is not None:
            around = Surroundings(self.player, echo_db, room)
            self.microphone = FileMicrophone(self._append, lambda number: around.frame(number, monotonic()))

    async def answer_to(self, question: Clip) -> bool:
        """Ask, and wait until the answer sounds."""
        asked = self.microphone.say(question.samples) + question.end
        known = self.protocol.answers
        return await self._until(
            lambda: asked < monotonic() and self.ear.starts(set(known)) is not None, asked + PATIENCE
        )

    async def flows(self, seconds: float, ahead: float) -> bool:
        """Wait until the answer will have sounded for `seconds` in `ahead` seconds: behind an opener there may be a
        silence until the answer goes on."""
        return await self._until(lambda: self.player.flowing(monotonic() + ahead) >= seconds, monotonic() + PATIENCE)

    def outcome(self, trial: Trial, onset: float) -> Outcome:
        from vivavoce.cli.bench.barge_in_report import Outcome

        def first(name: str) -> float | None:
            return next(
                (
                    round((at - onset) * 1000, 1)
                    for told, at, _ in self.protocol.playback
                    if told == name and at >= onset
                ),
                None,
            )

        resumed = first("resumed")
        stopped = next((round((at - onset) * 1000, 1) for at in self.protocol.speech_started if at >= onset), None)
        silence = self.player.longest_silence(onset + resumed / 1000) * 1000 if resumed is not None else None
        return Outcome(
            trial.kind,
            trial.name,
            first("ducked"),
            first("held"),
            stopped,
            resumed,
            [reason for told, at, reason in self.protocol.playback if told == "resumed" and at >= onset],
            self.player.unheard() if stopped is None else None,
            silence,
            self._problem(onset),
        )

    def _problem(self, onset: float) -> str:
        failed = [answer.problem for answer in self.protocol.answers.values() if answer.problem]
        return "; ".join(failed) or ("" if self.ear.end >= onset else "the answer was over")
