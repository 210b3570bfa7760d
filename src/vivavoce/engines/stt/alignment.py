"""When each word was said, from the decoder's attention: dynamic time warping over the heads that follow the sound
(openai/whisper, timing.py). CTranslate2 does the warping; here its path becomes words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from vivavoce.conversation.words import Token, Word

STATE_SECONDS = 0.02
LONGEST_WORD = 1.0
"""Seconds. The path gives the silence before and after the words to the first and the last of them."""
UNSPACED = frozenset({"zh", "ja", "th", "lo", "my", "yue"})
"""Languages that write no spaces between words: every character counts as one there."""
INCOMPLETE = "\ufffd"
LEAST_PROBABILITY = 1e-10


@dataclass(frozen=True, slots=True)
class _Unit:
    """The least that can be read: a token, or several that make up one character."""

    text: str
    start: float
    end: float
    logprob: float


def words_of(
    tokens: Sequence[int],
    path: Iterable[tuple[int, int]],
    probabilities: Sequence[float],
    read: Callable[[Sequence[int]], str],
    language: str,
) -> tuple[Word, ...]:
    """`path`: (place of a token, encoder state) in order of time; `read`: the text of tokens."""
    units = list(_units(tokens, path, probabilities, read))
    groups: list[list[_Unit]] = []
    for unit in units:
        if groups and not _begins_word(unit, language):
            groups[-1].append(unit)
        else:
            groups.append([unit])
    return tuple(_word(group) for group in groups)


def shifted(words: Iterable[Word], seconds: float) -> tuple[Word, ...]:
    """The same words, later."""
    return tuple(Word(word.text, word.start + seconds, word.end + seconds, word.tokens) for word in words)


def _units(
    tokens: Sequence[int],
    path: Iterable[tuple[int, int]],
    probabilities: Sequence[float],
    read: Callable[[Sequence[int]], str],
) -> Iterable[_Unit]:
    spans: dict[int, tuple[int, int]] = {}
    for place, state in path:
        spans[place] = (spans.get(place, (state, state))[0], state)
    starts = [spans[place][0] if place in spans else 0 for place in range(len(tokens))]
    last = max((end for _, end in spans.values()), default=0) + 1
    times = [state * STATE_SECONDS for state in [*starts, max([last, *starts])]]
    begun, logprob = 0, 0.0
    for place in range(len(tokens)):
        logprob += math.log(max(probabilities[place], LEAST_PROBABILITY))
        text = read(tokens[begun : place + 1])
        if INCOMPLETE in text and place + 1 < len(tokens):
            continue
        yield _Unit(text, times[begun], times[place + 1], logprob)
        begun, logprob = place + 1, 0.0


def _begins_word(unit: _Unit, language: str) -> bool:
    letters = any(character.isalnum() for character in unit.text)
    return letters and (unit.text.startswith(" ") or language in UNSPACED)


def _word(units: list[_Unit]) -> Word:
    """A word; silence before or in it is taken off its beginning, silence after it off its end."""
    spoken = [unit for unit in units if any(character.isalnum() for character in unit.text)] or units[:1]
    start, end = spoken[0].start, spoken[-1].end
    for before, after in pairwise(spoken):
        if after.start - before.start > LONGEST_WORD:
            start = max(start, after.start - LONGEST_WORD / 4)
    if end - start > LONGEST_WORD:
        long_first = spoken[0].end - spoken[0].start > LONGEST_WORD and len(spoken) == 1
        start, end = (end - LONGEST_WORD / 2, end) if long_first else (start, start + LONGEST_WORD)
    text = "".join(unit.text for unit in units)
    return Word(text, round(start, 2), round(end, 2), tuple(Token(unit.text, unit.logprob) for unit in units))
