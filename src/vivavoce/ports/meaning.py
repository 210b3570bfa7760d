"""Engines that tell what a text means, and whether it does harm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vivavoce.ports.urgency import Urgency

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Embedding:
    """The meaning of a text. `vector`: of length 1; `tokens`: what was read of the text."""

    vector: Vector
    tokens: int


class Embedder(Protocol):
    name: str
    dimensions: int
    longest: int
    """Tokens of one text that count."""

    async def embed(self, texts: Sequence[str], urgency: Urgency = Urgency.SOON) -> list[Embedding]:
        """One for each text; the same text has the same vector in any company."""
        ...

    def close(self) -> None: ...


HARMS = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/intent",
    "self-harm/instructions",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)
"""What a moderator tells of a text, in OpenAI's words."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """`scores`: 0 to 1, of each of HARMS; `applies`: those that are so likely that they should count."""

    scores: Mapping[str, float]
    applies: frozenset[str]


class Moderator(Protocol):
    name: str

    async def judge(self, texts: Sequence[str], urgency: Urgency = Urgency.SOON) -> list[Judgement]:
        """One for each text; the worst passage of a long one decides."""
        ...

    def close(self) -> None: ...
