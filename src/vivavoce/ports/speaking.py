"""Engines that speak."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from vivavoce.audio.pcm import Pcm
from vivavoce.ports.urgency import Urgency


@dataclass(frozen=True, slots=True)
class Voice:
    id: str
    language: str
    """ISO 639-1."""
    description: str = ""


class Synthesizer(Protocol):
    name: str
    rate: int
    """Hz of the sound it makes."""
    voices: tuple[Voice, ...]

    def synthesize(
        self, text: str, *, voice: str, speed: float = 1.0, language: str | None = None, urgency: Urgency = Urgency.NOW
    ) -> AsyncGenerator[Pcm, None]:
        """Speak one clause of plain text, with no silence at its start and a natural pause at its end.

        `voice`: any name; OpenAI's names map to voices, unknown ones to the default. `language`: of the
        text where it is known; a voice of that language speaks it.
        """
        ...

    def close(self) -> None: ...
