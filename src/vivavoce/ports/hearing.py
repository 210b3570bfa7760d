"""Engines that listen: is that a voice, is the turn over, what was said, whose voice is it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from vivavoce.audio.pcm import Pcm, Samples
from vivavoce.conversation.words import Word
from vivavoce.ports.meaning import Vector
from vivavoce.ports.urgency import Urgency

HEARING_RATE = 16_000
"""Hz of all sound that is listened to: what the VAD, Smart Turn and Whisper take."""


class VoiceStream(Protocol):
    """The detector's memory of one stream of sound."""

    async def voice(self, samples: Samples) -> list[float]:
        """Probability of voice in each hop. `samples`: shape (n * HOP,), float32 at HEARING_RATE."""
        ...


class VoiceActivityDetector(Protocol):
    name: str

    def open(self) -> VoiceStream: ...
    def close(self) -> None: ...


class TurnDetector(Protocol):
    """Judges from the sound of the last seconds whether the speaker is done."""

    name: str

    async def p_done(self, speech: Pcm) -> float:
        """Probability in 0..1 that the turn is complete. `speech`: at HEARING_RATE; the last 8 s count."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class TranscriptionHint:
    """What is known beforehand, and what is wanted. `language`: ISO 639-1, None: detect it, among `languages` where
    these are given. `keywords`: names and terms that may occur. `translate`: into English. `detail`: the times and
    probabilities of words, which takes a fifth longer."""

    language: str | None = None
    prompt: str | None = None
    languages: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    translate: bool = False
    detail: bool = False

    @property
    def context(self) -> str | None:
        """Prompt and keywords as one text before the speech, as Whisper takes it."""
        known = ", ".join(self.keywords)
        return " ".join(filter(None, [known and f"Glossary: {known}.", self.prompt])) or None


@dataclass(frozen=True, slots=True)
class Transcription:
    """`text` is empty when no words were spoken: noise, music and silence are never turned into words.
    `confidence`: mean probability of the tokens, 0..1. `language`: ISO 639-1. `words`: where detail was wanted and
    the engine can tell."""

    text: str
    language: str | None = None
    confidence: float = 1.0
    words: tuple[Word, ...] = ()


class Transcriber(Protocol):
    name: str
    languages: tuple[str, ...]

    async def transcribe(
        self, speech: Pcm, hint: TranscriptionHint = TranscriptionHint(), urgency: Urgency = Urgency.NOW
    ) -> Transcription:
        """The words in `speech` (at HEARING_RATE, any length; long speech is cut at its quietest places)."""
        ...

    def close(self) -> None: ...


class SpeakerEncoder(Protocol):
    """Tells voices apart, and nothing else of whoever speaks."""

    name: str

    async def voices(self, sounds: Sequence[Pcm], urgency: Urgency = Urgency.SOON) -> list[Vector]:
        """What the voice in each sound is like, at HEARING_RATE and from about a second: a vector of length 1. Those
        of one speaker have a high cosine."""
        ...

    def close(self) -> None: ...
