"""Sound in, hops out: one stream at the listening rate, with the voice probability of each hop."""

from __future__ import annotations

from vivavoce.audio.noise import NoiseSuppressor
from vivavoce.audio.pcm import Pcm, Samples
from vivavoce.audio.resample import Resampler
from vivavoce.audio.tape import Tape
from vivavoce.conversation.config import NoiseReduction
from vivavoce.ports import HEARING_RATE, HOP, VoiceStream

VOICED = 0.5
"""Probability from which a hop counts as evidence that words may be in it."""
REOPENED = 8 * HEARING_RATE
"""Sound of the last turn that is kept, in case the user goes on with it: as much as the turn detector hears."""
BLOCK_HOPS = 32  # about a second: bounds one call of the detector when a client sends all at once


class Ear:
    """The tape of what came in and how much of it was voice. Positions are samples at HEARING_RATE."""

    def __init__(self, vad: VoiceStream) -> None:
        self.tape = Tape(HEARING_RATE)
        self.judged = 0
        """Position up to which hops were judged."""
        self.since = 0
        """Position from which sound belongs to no turn yet."""
        self.first_voice: int | None = None
        self.last_voice: int | None = None
        self._vad = vad
        self._resampler: Resampler | None = None
        self._reduction: NoiseReduction | None = None
        self._suppressor: NoiseSuppressor | None = None

    @property
    def waiting(self) -> int:
        """Samples on the tape that are not judged yet."""
        return self.tape.end - self.judged

    def reduce_noise(self, wanted: NoiseReduction | None) -> None:
        """From the next sound on."""
        if wanted != self._reduction:
            self._reduction = wanted
            self._suppressor = None if wanted is None else NoiseSuppressor(wanted.kind, wanted.strength)

    def take(self, sound: Pcm) -> None:
        """Put sound of any rate on the tape."""
        if self._resampler is None or self._resampler.source != sound.rate:
            self._resampler = Resampler(sound.rate, HEARING_RATE)
        samples = self._resampler.push(sound.samples)
        self.tape.append(samples if self._suppressor is None else self._suppressor.push(samples))

    async def judge(self) -> list[tuple[float, Samples]]:
        """Voice probabilities and samples of the next whole hops on the tape, at most BLOCK_HOPS; empty: none is
        whole."""
        hops = min(self.waiting // HOP, BLOCK_HOPS)
        if hops == 0:
            return []
        samples = self.tape.look(self.judged, self.judged + hops * HOP)
        self.judged += hops * HOP
        voices = await self._vad.voice(samples)
        return [(voice, samples[n * HOP : (n + 1) * HOP]) for n, voice in enumerate(voices)]

    def note(self, voice: float, at: int) -> None:
        """Remember the evidence of the hop that ends at position `at`."""
        if voice >= VOICED:
            self.first_voice = at - HOP if self.first_voice is None else self.first_voice
            self.last_voice = at

    def begin(self, at: int) -> None:
        """The next turn cannot start before `at`: older sound is forgotten, and so is its evidence."""
        self.since = at
        self.tape.forget(min(at, self.judged) - REOPENED)
        self.first_voice = self.last_voice = None
