"""Who speaks when: stretches of voice, and the voices in them told apart. Pure.

Speech is cut into windows that overlap, each with the vector of its voice (`ports.SpeakerEncoder`); windows whose
voices are alike are joined, the likest first, until no two groups are alike enough (agglomerative clustering, as in
Anguera et al. 2012, with the cosine of the groups' means). Where two people speak at once only one of them is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""Of shape (n, dimensions), each of length 1."""
Labels = NDArray[np.intp]

ALIKE = 0.65
"""Cosine of two groups' means from which they are one speaker; measured, see docs/audio.md."""
VOICED = 0.5
"""Probability of voice from which a hop is speech."""
SHORTEST_PAUSE, SHORTEST_SPEECH = 0.3, 0.2
"""Seconds: a shorter pause does not part two stretches of speech, and shorter speech is none."""
WINDOW, STEP = 1.6, 0.8
"""Seconds of speech by which a voice is known, and from one such window to the next."""
LEAST = 2
"""Windows of which a speaker has at least so many; fewer go to the likest other."""
MOST_COMPARED = 1000
"""Windows that are compared each with each, spread evenly over the sound; the others go where they fit best."""
TINY = 1e-12
"""What a length has at least: nothing is divided by none."""


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` to `end`, in seconds."""

    start: float
    end: float


def speech_in(
    voice: Sequence[float], hop: float, *, voiced_from: float = VOICED, pause: float = SHORTEST_PAUSE
) -> list[Span]:
    """Stretches of speech. `voice`: probability of voice in each hop of `hop` seconds, speech from `voiced_from`;
    `pause`: seconds of silence that part two stretches."""
    voiced = np.flatnonzero(np.asarray(voice) >= voiced_from)
    if not len(voiced):
        return []
    breaks = np.flatnonzero(np.diff(voiced) * hop > pause + hop)
    starts, ends = voiced[np.r_[0, breaks + 1]], voiced[np.r_[breaks, len(voiced) - 1]] + 1
    spans = (Span(float(start) * hop, float(end) * hop) for start, end in zip(starts, ends, strict=True))
    return [span for span in spans if span.end - span.start >= SHORTEST_SPEECH]


def windows_in(spans: Sequence[Span]) -> list[Span]:
    """Windows over the speech; the last one of a stretch ends with it."""
    windows: list[Span] = []
    for span in spans:
        count = max(1, round((span.end - span.start - WINDOW) / STEP) + 1)
        starts = np.linspace(span.start, max(span.start, span.end - WINDOW), count)
        windows += [Span(float(start), min(float(start) + WINDOW, span.end)) for start in starts]
    return windows


def tell_apart(vectors: Vectors, alike: float = ALIKE) -> Labels:
    """A number for the voice of each window, counted from 0 in the order in which they first speak."""
    if not len(vectors):
        return np.zeros(0, np.intp)
    chosen = np.linspace(0, len(vectors) - 1, min(len(vectors), MOST_COMPARED)).round().astype(int)
    groups = _joined(vectors[chosen], alike)
    means = means_of(vectors[chosen], groups)
    kept = means[np.bincount(groups) >= min(LEAST, len(vectors))]
    means = kept if len(kept) else means
    labels = nearest(vectors, means)
    return _in_order(nearest(vectors, means_of(vectors, _in_order(labels))))


def nearest(vectors: Vectors, means: Vectors) -> Labels:
    """The likest of `means` for each vector."""
    return np.asarray((vectors @ means.T).argmax(axis=1))


def named(means: Vectors, known: Vectors, alike: float = ALIKE) -> list[int | None]:
    """Which of the `known` voices each group is: each at most one, the likest pair first; None: nobody known."""
    found: list[int | None] = [None] * len(means)
    if not len(means) or not len(known):
        return found
    scores = means @ known.T
    for place in np.argsort(scores, axis=None)[::-1]:
        group, voice = divmod(int(place), len(known))
        if scores[group, voice] < alike:
            break
        if found[group] is None and voice not in found:
            found[group] = voice
    return found


def _joined(vectors: Vectors, alike: float) -> Labels:
    """Groups, the likest two joined first."""
    sums, groups = vectors.astype(np.float64), np.arange(len(vectors))
    alive: NDArray[np.bool_] = np.ones(len(vectors), np.bool_)
    scores = sums @ sums.T
    np.fill_diagonal(scores, -np.inf)
    while True:
        one, other = divmod(int(scores.argmax()), len(scores))
        if scores[one, other] < alike:
            break
        sums[one] += sums[other]
        groups[groups == other] = one
        alive[other] = False
        means = sums / (np.linalg.norm(sums, axis=1, keepdims=True) + TINY)
        row = np.where(alive, means @ means[one], -np.inf)
        row[one] = -np.inf
        scores[one], scores[:, one] = row, row
        scores[other], scores[:, other] = -np.inf, -np.inf
    return np.asarray(np.unique(groups, return_inverse=True)[1])


def means_of(vectors: Vectors, groups: Labels) -> Vectors:
    """The mean voice of each group, of length 1."""
    sums = np.zeros((int(groups.max()) + 1, vectors.shape[1]), np.float32)
    np.add.at(sums, groups, vectors)
    means: Vectors = sums / (np.linalg.norm(sums, axis=1, keepdims=True) + np.float32(TINY))
    return means


def _in_order(labels: Labels) -> Labels:
    """Numbered anew, by first appearance."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.intp)
    rank[np.argsort(first)] = np.arange(len(first))
    return np.asarray(rank[inverse])
