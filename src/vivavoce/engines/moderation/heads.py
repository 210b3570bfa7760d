"""Six judges of a text, each a weighted sum of its meaning and of the words in it, and what follows for the thirteen
categories. Six more weigh the words alone: MiniLM reads English, and a kind of words says the same in any language.
Pure; how they were taught and how good they are: `bench/moderation/`."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from vivavoce.engines.moderation.words import evidence, plain_threat, signs, strength
from vivavoce.ports import Vector

HEADS = ("harassment", "hate", "illicit", "self-harm", "sexual", "violence")
FILE, WORDS_FILE = "heads.npz", "words.npz"
WORD_WEIGHT = 0.4
"""Of a word's evidence beside the numbers of a meaning, whose length is 1."""
STEEP = 1.5
"""Makes probabilities of sums; which ones are above a half does not depend on it."""
FAINT = 0.25
"""What is left of a head's score for a finer category that nothing else speaks for."""

CERTAIN = 0.9
WORDS_A_SIGN = 25
"""Of a long passage: as many words as the longest requests that taught the heads have."""

Heads = Mapping[str, NDArray[np.float32]]


@cache
def trained(name: str = FILE) -> Heads:
    """Weights and bias of each head, as they ship."""
    with np.load(io.BytesIO(files(__package__).joinpath(name).read_bytes())) as file:
        return {head: file[head].astype(np.float32) for head in HEADS}


def features(text: str, meaning: Vector) -> NDArray[np.float32]:
    words = np.array([float(found) for found in evidence(text).values()], np.float32)
    return np.concatenate([meaning, WORD_WEIGHT * words]).astype(np.float32)


def scores(text: str, meaning: Vector, heads: Heads) -> dict[str, float]:
    """Every category's score, 0 to 1; above a half it applies."""
    given = features(text, meaning)
    base = {head: _probability(float(given @ weights[:-1] + weights[-1])) for head, weights in heads.items()}
    return _with_threats({**base, **_finer(text, base)}, text)


def word_features(text: str, language: str) -> NDArray[np.float32]:
    found = {**evidence(text, language), **signs(text, language)}
    return np.array([float(there) for there in found.values()], np.float32)


def word_scores(text: str, language: str, heads: Heads) -> dict[str, float]:
    """As `scores`, by the words alone."""
    given = word_features(text, language)
    seen = 0.5 if _only_tells(text, language) else 1.0
    base = {head: seen * _probability(float(given @ weights[:-1] + weights[-1])) for head, weights in heads.items()}
    return _with_threats({**base, **_finer(text, base, language)}, text, language)


def _with_threats(told: dict[str, float], text: str, language: str = "en") -> dict[str, float]:
    """What somebody says in so many words needs no weighing."""
    if not plain_threat(text, language):
        return told
    return told | {harm: max(told[harm], CERTAIN) for harm in ("harassment", "harassment/threatening", "violence")}


def _only_tells(text: str, language: str) -> bool:
    """A long passage in which one word among many speaks of harm, nobody speaks of himself or to anybody, and nothing
    is asked for: as encyclopedias write. What a word weighs was learned of requests, which are short."""
    long = len(text.split())
    found = evidence(text, language) | signs(text, language)
    spoken = any(found[name] for name in ("oneself", "asking", "ways", "threats", "insults"))
    return long > WORDS_A_SIGN and not spoken and strength(text, language) * WORDS_A_SIGN < long


def _finer(text: str, base: Mapping[str, float], language: str = "en") -> dict[str, float]:
    """Categories that are part of another: its score, where the words speak for that part."""
    found = evidence(text, language) | signs(text, language)
    armed = found["weapons"] or found["killing"] or found["unrest"]
    parts = {
        "harassment/threatening": ("harassment", found["threats"]),
        "hate/threatening": ("hate", found["threats"] or armed),
        "illicit/violent": ("illicit", found["weapons"] or found["killing"]),
        "self-harm/intent": ("self-harm", found["oneself"]),
        "self-harm/instructions": ("self-harm", found["ways"] or found["asking"]),
        "sexual/minors": ("sexual", found["minors"]),
        "violence/graphic": ("violence", found["gore"]),
    }
    return {name: base[whole] * (1.0 if there else FAINT) for name, (whole, there) in parts.items()}


def _probability(total: float) -> float:
    return 1 / (1 + float(np.exp(-np.clip(STEEP * total, -30, 30))))
