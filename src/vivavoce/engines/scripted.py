"""Engines that follow a script: for tests, for `vivavoce serve --demo`, and for work on the page without models.

Every delay is known, so that a benchmark can be calibrated against them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from vivavoce.audio.pcm import Pcm, Samples
from vivavoce.conversation.words import Token, Word
from vivavoce.errors import EngineFailed
from vivavoce.ports import (
    HOP,
    Done,
    Engines,
    Prompt,
    Thought,
    Transcription,
    TranscriptionHint,
    Urgency,
    Voice,
    Words,
)

VOICED_POWER = HOP * 10 ** (-45.0 / 10)
"""Sum of the squares of a hop at -45 dBFS."""
WORD_SECONDS = 0.35
DEMO_HEARD = ("What can you do?", "Tell me more.", "And what else?")
DEMO_REPLIES = (
    "Hello! This is the demo: nothing here is a model, but the conversation is real.",
    "You speak, I answer, and you may interrupt me at any time. Try it while I am still talking, "
    "and I will stop and remember only what you heard.",
    "Start me without the demo flag, and I will listen to what you really say.",
)


@dataclass(slots=True)
class LoudnessVad:
    """Takes loud for voice: a hop above -45 dBFS."""

    name: str = "scripted"

    def open(self) -> LoudnessVad:
        return self

    async def voice(self, samples: Samples) -> list[float]:
        return [0.98 if np.vdot(hop, hop) > VOICED_POWER else 0.02 for hop in samples.reshape(-1, HOP)]

    def close(self) -> None: ...


@dataclass(slots=True)
class FixedTurnDetector:
    """Always of the same opinion."""

    p: float = 0.95
    name: str = "scripted"

    async def p_done(self, speech: Pcm) -> float:
        return self.p

    def close(self) -> None: ...


@dataclass(slots=True)
class ScriptedTranscriber:
    """Final passes hear the lines in turn, for ever; partial passes of the line to come as many words as were spoken
    at WORD_SECONDS each. A line that is an exception is raised."""

    lines: Sequence[str | Exception] = DEMO_HEARD
    takes: float = 0.05
    name: str = "scripted"
    languages: tuple[str, ...] = ("en",)
    passes: int = field(default=0, init=False)

    async def transcribe(
        self, speech: Pcm, hint: TranscriptionHint = TranscriptionHint(), urgency: Urgency = Urgency.NOW
    ) -> Transcription:
        line = self.lines[self.passes % len(self.lines)]
        if urgency is not Urgency.SPARE:
            self.passes += 1
        await asyncio.sleep(self.takes)
        if isinstance(line, Exception):
            raise EngineFailed(f"stt: {line}") from line
        words = line.split()
        heard = words if urgency is not Urgency.SPARE else words[: round(speech.seconds / WORD_SECONDS)]
        return Transcription(" ".join(heard), "en", words=_timed(heard) if hint.detail else ())

    def close(self) -> None: ...


def _timed(words: list[str]) -> tuple[Word, ...]:
    """At an even pace, each beyond doubt."""
    times = [(place * WORD_SECONDS, (place + 1) * WORD_SECONDS) for place in range(len(words))]
    return tuple(
        Word(f" {word}", round(start, 3), round(end, 3), (Token(f" {word}", 0.0),))
        for word, (start, end) in zip(words, times, strict=True)
    )


@dataclass(slots=True)
class ScriptedModel:
    """Replies with the lines in turn, for ever, a word at a time. A line may be a tool call or an exception."""

    lines: Sequence[str | Thought | Exception] = DEMO_REPLIES
    first: float = 0.05
    per_word: float = 0.01
    name: str = "scripted"
    context: int = 4096
    sees: bool = False
    ends: float | None = None
    """Its opinion on whether the user's words end the turn."""
    asked: deque[Prompt] = field(default_factory=lambda: deque[Prompt](maxlen=64), init=False)
    replies: int = field(default=0, init=False)

    async def reply(self, prompt: Prompt) -> AsyncGenerator[Thought, None]:
        line = self.lines[self.replies % len(self.lines)]
        self.replies += 1
        self.asked.append(prompt)
        await asyncio.sleep(self.first)
        if isinstance(line, Exception):
            raise EngineFailed(f"llm: {line}") from line
        if not isinstance(line, str):
            yield line
            yield Done(prompt_tokens=10, completion_tokens=10)
            return
        words = line.split()
        kept = words if prompt.max_tokens is None else words[: prompt.max_tokens]
        for n, word in enumerate(kept):
            yield Words(word if n == 0 else " " + word)
            await asyncio.sleep(self.per_word)
        yield Done(prompt_tokens=10, completion_tokens=len(kept), cut_short=len(kept) < len(words))

    async def warm(self, prompt: Prompt) -> None: ...

    async def p_end(self, prompt: Prompt) -> float | None:
        return self.ends

    async def count(self, prompt: Prompt) -> int | None:
        return None

    def forget(self, session: str) -> None: ...

    def close(self) -> None: ...


@cache
def _second(rate: int) -> Samples:
    """Of a tone of 220 Hz: whole periods, so that seconds can be put in a row."""
    return (0.2 * np.cos(2 * np.pi * 220 * np.arange(rate) / rate)).astype(np.float32)


@dataclass(slots=True)
class ToneVoice:
    """Hums a tone, 60 ms for every letter: audible from its first sample to its last."""

    takes: float = 0.03
    name: str = "scripted"
    rate: int = 24_000
    voices: tuple[Voice, ...] = (Voice("tone", "en", "a tone of 220 Hz"),)

    async def synthesize(
        self, text: str, *, voice: str, speed: float = 1.0, language: str | None = None, urgency: Urgency = Urgency.NOW
    ) -> AsyncGenerator[Pcm, None]:
        await asyncio.sleep(self.takes)
        if text.strip():
            yield Pcm(np.resize(_second(self.rate), round(0.06 * len(text.strip()) / speed * self.rate)), self.rate)

    def close(self) -> None: ...


def scripted_engines(
    *,
    stt: ScriptedTranscriber | None = None,
    llm: ScriptedModel | None = None,
    tts: ToneVoice | None = None,
    p_done: float = 0.95,
) -> Engines:
    """Five scripted engines; without arguments, those of the demo."""
    return Engines(
        LoudnessVad(),
        FixedTurnDetector(p_done),
        stt or ScriptedTranscriber(),
        llm or ScriptedModel(),
        tts or ToneVoice(),
    )
