"""Recognised words, with their times and how sure the recogniser was of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Token:
    """What the recogniser writes in one step. `logprob`: natural logarithm of its probability."""

    text: str
    logprob: float


@dataclass(frozen=True, slots=True)
class Word:
    """`text`: as it stands in the transcript, with the space before it where the language writes one;
    `start`, `end`: seconds from the beginning of the sound."""

    text: str
    start: float
    end: float
    tokens: tuple[Token, ...] = ()
