"""Numbers that were said, as figures: "two hundred and forty" → "240", "tre virgola cinque" → "3.5". Pure.

English and Italian, zero to 999,999,999. What recognisers write ("17", "1,000", "3,5") is understood as well.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import takewhile

from vivavoce.text.numbers import cardinal

_EN_TENS = {cardinal(n, "en"): n for n in range(20, 100, 10)}
_EN_SMALL = {cardinal(n, "en"): n for n in range(20)}
_EN_POWERS = {"thousand": 1_000, "million": 1_000_000}
_IT_LARGEST = 9_999
_POINT = {"en": "point", "it": "virgola"}
_FIGURE = {
    "en": re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"),
    "it": re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+(?:[.,]\d+)?"),
}


def with_figures(text: str, language: str, *, lone: bool = False) -> str:
    """`text`, lower-case, with every number in figures: a dot before decimals, nothing between thousands. Words that
    also mean something else ("one", "sei") stay words where they stand alone, unless `lone`."""
    plain = _plain(text, language)
    found = list(_WORD.finditer(plain))
    words = [match[0] for match in found]
    said, place, at = "", 0, 0
    while place < len(words):
        figure, taken = _read(words[place:], language)
        if not taken or (taken == 1 and words[place] in _AMBIGUOUS and not lone):
            figure, taken = words[place], 1
        said += plain[at : found[place].start()] + figure
        place += taken
        at = found[place - 1].end()
    return said + plain[at:]


def number(text: str, language: str) -> float | None:
    """The number that `text` is, whole; None where it is none. "a" and "one" count."""
    words = _WORD.findall(_plain(text, language))
    figure, taken = _read(words, language)
    if taken == len(words) and taken:
        return float(figure)
    return 1.0 if len(words) == 1 and words[0] in _ONE else None


_ONE = frozenset(("a", "an", "un", "una", "uno", "un'"))
_AMBIGUOUS = frozenset(("one", "uno", "sei", "point", "mila"))
"""Alone these may be no number: "the last one", "chi sei"."""
_WORD = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+'?|[^\w\s]")


def _plain(text: str, language: str) -> str:
    """Lower-case, figures as Python writes them, hyphens between words open."""
    text = text.lower().replace("’", "'")
    text = _FIGURE["it" if language == "it" else "en"].sub(lambda match: _figure(match[0], language), text)
    return re.sub(r"(?<=[a-z])-(?=[a-z])", " ", text)


def _figure(written: str, language: str) -> str:
    if language == "it":
        grouped = re.fullmatch(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?", written)
        return (written.replace(".", "") if grouped else written).replace(",", ".")
    return written.replace(",", "")


def _read(words: list[str], language: str) -> tuple[str, int]:
    """The number that `words` begin with, in figures, and how many of them it takes; 0: none."""
    if not words:
        return "", 0
    if words[0][0].isdecimal():
        return _with_power(words, language)
    whole, taken = _italian(words) if language == "it" else _english(words)
    if not taken:
        return "", 0
    decimals, more = _decimals(words[taken:], language)
    return f"{whole}{decimals}", taken + more


def _with_power(words: list[str], language: str) -> tuple[str, int]:
    """ "3 million", "2.5 milioni": a figure and a word."""
    powers = {"milioni": 1_000_000, "milione": 1_000_000, "mila": 1_000} if language == "it" else _EN_POWERS
    power = powers.get(words[1]) if len(words) > 1 else None
    return (f"{float(words[0]) * power:.12g}", 2) if power else (words[0], 1)


def _decimals(words: list[str], language: str) -> tuple[str, int]:
    """Digits behind a spoken point."""
    if not words or words[0] != _POINT["it" if language == "it" else "en"]:
        return "", 0
    known = _italian_words() if language == "it" else {**_EN_SMALL, **_EN_TENS}
    said = list(takewhile(lambda word: word.isdecimal() or known.get(word, 100) < 100, words[1:]))
    digits = "".join(word if word.isdecimal() else str(known[word]) for word in said)
    return (f".{digits}", 1 + len(said)) if digits else ("", 0)


def _english(words: list[str]) -> tuple[int, int]:
    total = group = taken = 0
    for place, word in enumerate(words):
        if word in _EN_POWERS and taken:
            total, group = total + group * _EN_POWERS[word], 0
        elif word == "hundred" and group and group < 100:
            group *= 100
        elif word == "and" and taken and group % 100 == 0 and _goes_on(words[place + 1 :]):
            continue
        elif (value := _EN_TENS.get(word)) and group % 100 == 0 and not _ended(words, place):
            group += value
        elif _small_fits(words, place, group, taken):
            group += _EN_SMALL[word]
        elif word in ("a", "an") and not taken and words[1:2] and words[1] in ("hundred", *_EN_POWERS):
            group = 1
        else:
            break
        taken = place + 1
    return total + group, taken


def _ended(words: list[str], place: int) -> bool:
    """The number before this word is whole: "zero five" are two numbers."""
    return place > 0 and words[place - 1] == "zero"


def _small_fits(words: list[str], place: int, group: int, taken: int) -> bool:
    value = _EN_SMALL.get(words[place])
    if value is None or _ended(words, place):
        return False
    if not taken:
        return True
    return value > 0 and (group % 100 == 0 or (value < 10 and group % 10 == 0 and group % 100 >= 20))


def _goes_on(words: list[str]) -> bool:
    return bool(words) and (words[0] in _EN_TENS or _EN_SMALL.get(words[0], 0) > 0)


@cache
def _italian_words() -> dict[str, int]:
    """Italian writes a number as one word; recognisers drop the accent of "ventitré" now and then."""
    known = {cardinal(n, "it").replace(" ", ""): n for n in range(_IT_LARGEST + 1)}
    return {**{word.replace("é", "e"): n for word, n in known.items()}, **known, "ventuno": 21, "ventun": 21}


def _italian_value(word: str) -> int | None:
    thousands, mila, rest = word.partition("mila")
    known = _italian_words()
    if not mila or word in known:
        return known.get(word)
    many, few = known.get(thousands), known.get(rest) if rest else 0
    return None if many is None or few is None else many * 1_000 + few


def _italian(words: list[str]) -> tuple[int, int]:
    total = taken = 0
    for place, word in enumerate(words):
        value = _italian_value(word)
        if value is None and word in ("milione", "milioni") and taken:
            total, taken = total * 1_000_000, place + 1
        elif value is not None and (not taken or words[place - 1] in ("milione", "milioni", "e")):
            total, taken = total + value, place + 1
        elif not (word == "e" and taken and words[place - 1] in ("milione", "milioni")):
            break
    return total, taken
