"""The words of answers that were given aloud, for an hour: a later request may refer to one by the id of its sound."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from time import time

KEPT = 3600
"""Seconds."""
MOST = 2000


class SpokenAnswers:
    """In memory, a bounded number. Each owner finds his own only."""

    def __init__(self, clock: Callable[[], float] = time) -> None:
        self._clock = clock
        self._answers: OrderedDict[str, tuple[str, str, float]] = OrderedDict()

    def note(self, owner: str, id: str, words: str) -> None:
        self._answers[id] = owner, words, self._clock() + KEPT
        while len(self._answers) > MOST:
            self._answers.popitem(last=False)

    def words(self, owner: str, id: str) -> str | None:
        """None when they are not known any more."""
        whose, words, until = self._answers.get(id, ("", "", 0.0))
        return words if whose == owner and self._clock() < until else None
