"""Tokens with their probabilities, as OpenAI's servers and llama.cpp tell them, beside the words that consist of them.
Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vivavoce.engines.llm.stops import StopCutter
from vivavoce.ports import ScoredToken, Words

LEAST = -9999.0
"""What stands for a probability of 0, which JSON has no logarithm of; OpenAI writes it so."""


def scored(entries: Iterable[Mapping[str, Any]] | None) -> list[ScoredToken]:
    """`logprobs.content` of a chunk."""
    return [_token(entry) for entry in entries or ()]


def _token(entry: Mapping[str, Any]) -> ScoredToken:
    text = str(entry.get("token") or "")
    given = entry.get("bytes")
    raw = bytes(given) if given is not None else text.encode(errors="replace")
    logprob = entry.get("logprob")
    likeliest = tuple(_token(each) for each in entry.get("top_logprobs") or ())
    return ScoredToken(text, LEAST if logprob is None else max(LEAST, float(logprob)), raw, likeliest)


class WordCutter:
    """A StopCutter whose words carry their tokens: words may wait for what comes after them (a stop text, the rest of
    a character), and tokens wait with them. What is never told takes its tokens along."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._cutter = StopCutter(stops)
        self._waiting: deque[ScoredToken] = deque()
        self._room = 0
        """Bytes of words told whose tokens were not given out yet."""
        self._scores = True

    @property
    def found(self) -> str | None:
        """The stop text that has come."""
        return self._cutter.found

    def score(self, tokens: Iterable[ScoredToken]) -> None:
        """The tokens of the text that is pushed next."""
        if self._scores:
            self._waiting.extend(tokens)

    def unscored(self) -> None:
        """The text is not what the tokens say, since a part of it is thinking: its words come without."""
        self._scores = False
        self._waiting.clear()

    def push(self, text: str) -> Words | None:
        return self._told(self._cutter.push(text))

    def finish(self) -> Words | None:
        """What was held back, now that nothing comes after it."""
        return self._told(self._cutter.finish())

    def _told(self, text: str) -> Words | None:
        if not text:
            return None
        self._room += len(text.encode(errors="replace"))
        tokens = []
        while self._waiting and len(self._waiting[0].bytes) <= self._room:
            token = self._waiting.popleft()
            self._room -= len(token.bytes)
            tokens.append(token)
        return Words(text, tuple(tokens))
