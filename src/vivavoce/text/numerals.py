"""Numbers that were said, as figures: "two hundred and forty" → "240", "tre virgola cinque" → "3.5". Pure.

English, Italian, German, Spanish and French, zero to 999,999,999. What recognisers write ("17", "1,000", "3,5") is
understood as well.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import takewhile

from vivavoce.text.numbers import cardinal
from vivavoce.text.tongues import bare, tongue
from vivavoce.text.tongues.tongue import Numerals

_EN_TENS = {cardinal(n, "en"): n for n in range(20, 100, 10)}
_EN_SMALL = {cardinal(n, "en"): n for n in range(20)}
_EN_POWERS = {"thousand": 1_000, "million": 1_000_000}
_IT_LARGEST = 9_999
_LONGEST = 6
"""Words of a number below a thousand: "neuf cent quatre vingt dix neuf"."""


def with_figures(text: str, language: str, *, lone: bool = False) -> str:
    """`text`, lower-case and without accents, with every number in figures: a dot before decimals, nothing between
    thousands. Words that also mean something else ("one", "sei", "un") stay words where they stand alone, unless
    `lone`."""
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
    return 1.0 if len(words) == 1 and words[0] in tongue(language).numerals.ones | {"un", "una"} else None


_AMBIGUOUS = frozenset("one uno sei point mila ein eine einen einem einer eines un una une neuf once mil".split())
"""Alone these may be no number: "the last one", "chi sei", "un café neuf"."""
_WORD = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+'?|[^\w\s]")


def _plain(text: str, language: str) -> str:
    """Lower-case and bare, figures as Python writes them, hyphens between words open."""
    kind = tongue(language).numerals
    text = re.sub(kind.figure, lambda match: _figure(match[0], kind), bare(text))
    return re.sub(r"(?<=[a-z])-(?=[a-z])", " ", text)


def _figure(written: str, kind: Numerals) -> str:
    if kind.point == "point":
        return written.replace(",", "")
    grouped = re.fullmatch(kind.grouped, written)
    return (re.sub(r"[.\s]", "", written) if grouped else written).replace(",", ".")


def _read(words: list[str], language: str) -> tuple[str, int]:
    """The number that `words` begin with, in figures, and how many of them it takes; 0: none."""
    if not words:
        return "", 0
    kind = tongue(language).numerals
    if words[0][0].isdecimal():
        return _with_power(words, kind)
    if kind.joined:
        whole, taken = _joined(words, tongue(language).code, kind)
    elif tongue(language).code == "en":
        whole, taken = _english(words)
    else:
        whole, taken = _apart(words, tongue(language).code, kind)
    if not taken:
        return "", 0
    decimals, more = _decimals(words[taken:], tongue(language).code)
    return f"{whole}{decimals}", taken + more


def _with_power(words: list[str], kind: Numerals) -> tuple[str, int]:
    """ "3 million", "2.5 milioni": a figure and a word."""
    power = _powers(kind).get(words[1]) if len(words) > 1 else None
    return (f"{float(words[0]) * power:.12g}", 2) if power else (words[0], 1)


def _decimals(words: list[str], language: str) -> tuple[str, int]:
    """Digits behind a spoken point."""
    if not words or words[0] != tongue(language).numerals.point:
        return "", 0
    known = {**_EN_SMALL, **_EN_TENS} if language == "en" else _known(language)
    said = list(takewhile(lambda word: word.isdecimal() or known.get(word, 100) < 100, words[1:]))
    digits = "".join(word if word.isdecimal() else str(known[word]) for word in said)
    return (f".{digits}", 1 + len(said)) if digits else ("", 0)


def _powers(kind: Numerals) -> dict[str, int]:
    return {bare(word): power for word, power in kind.powers.items()}


# --- English -----------------------------------------------------------------------------------------


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


# --- numbers that are one word below a million: Italian, German ------------------------------------------


def _joined(words: list[str], language: str, kind: Numerals) -> tuple[int, int]:
    total = taken = 0
    millions = {word for word, power in _powers(kind).items() if power == 1_000_000}
    for place, word in enumerate(words):
        value = _joined_value(word, language, kind)
        if value is None and word in millions and taken:
            total, taken = total * 1_000_000, place + 1
        elif value is not None and (not taken or words[place - 1] in millions | {kind.link}):
            total, taken = total + value, place + 1
        elif not (word == kind.link and taken and words[place - 1] in millions):
            break
    return total, taken


def _joined_value(word: str, language: str, kind: Numerals) -> int | None:
    known = _known(language)
    if word in known:
        return known[word]
    before, mark, behind = word.partition(kind.joined)
    if not mark:
        return None
    many = known.get(before) if before else 1 if language == "de" else None
    few = known.get(behind) if behind else 0
    return None if many is None or few is None else many * 1_000 + few


# --- numbers of several words: Spanish, French -----------------------------------------------------------


def _apart(words: list[str], language: str, kind: Numerals) -> tuple[int, int]:
    """Groups below a thousand, each with its power behind it, the largest first."""
    total = taken = 0
    below, powers = 10**9, _powers(kind)
    while taken < len(words):
        group, more = _group(words[taken:], language)
        power = powers.get(words[taken + more]) if taken + more < len(words) else None
        if power is not None and power < below and (more or power == 1_000):
            total, taken, below = total + (group if more else 1) * power, taken + more + 1, power
            continue
        return (total + group, taken + more) if more and below > 1 else (total, taken)
    return total, taken


def _group(words: list[str], language: str) -> tuple[int, int]:
    """The longest number below a thousand that `words` begin with, and how many of them it takes."""
    known = _known(language)
    for length in range(min(_LONGEST, len(words)), 0, -1):
        value = known.get(" ".join(words[:length]))
        if value is not None:
            return value, length
    return 0, 0


# --- what is known -------------------------------------------------------------------------------------


@cache
def _known(language: str) -> dict[str, int]:
    """Numbers by their words, bare, with one blank between two: all below a thousand, in Italian below ten thousand."""
    kind = tongue(language).numerals
    blank = "" if kind.joined else " "
    largest = _IT_LARGEST if language == "it" else 999
    known = {re.sub(r"[\s-]+", blank, bare(cardinal(n, language))): n for n in range(largest + 1)}
    variants: dict[str, int] = {bare(word): value for word, value in (kind.also or {}).items()}
    for said, value in known.items():
        variants |= dict.fromkeys(_VARIANTS[language](said), value)
    return {**{one: 1 for one in kind.ones if language != "it"}, **variants, **known}


def _italian_also(said: str) -> list[str]:
    return []


def _german_also(said: str) -> list[str]:
    """ "hundertfünf", "dreissig"."""
    short = said.removeprefix("ein") if said.startswith("einhundert") else said
    return [short, short.replace("ß", "ss"), said.replace("ß", "ss")]


def _spanish_also(said: str) -> list[str]:
    """ "treinta y una", "doscientas", "veintiún"."""
    also = [re.sub(r"uno$", one, said) for one in ("un", "una")] if said != "uno" else []
    return [*also, *(each.replace("cientos", "cientas") for each in (said, *also))]


def _french_also(said: str) -> list[str]:
    """ "vingt et une", "quatre vingt", "deux cents trois"; the Swiss and Belgians say "septante", "nonante"."""
    also = [re.sub(r"\bun$", "une", said), re.sub(r"\bvingts$", "vingt", said), re.sub(r"\bcent\b", "cents", said)]
    swiss = [re.sub(r"soixante (?:et )?(dix|onze|douze|treize|quatorze|quinze|seize|dix sept|dix huit|dix neuf)$",
                    lambda match: _tens("septante", match[1]), said),
             re.sub(r"quatre vingt (dix|onze|douze|treize|quatorze|quinze|seize|dix sept|dix huit|dix neuf)$",
                    lambda match: _tens("nonante", match[1]), said)]  # fmt: skip
    return [*also, *swiss]


def _tens(tens: str, teen: str) -> str:
    """ "septante" and "onze" are "septante et un"."""
    names = "dix onze douze treize quatorze quinze seize".split()
    unit = cardinal(names.index(teen), "fr") if teen in names else teen.removeprefix("dix ")
    return tens if unit == "zéro" else f"{tens} et un" if unit == "un" else f"{tens} {unit}"


_VARIANTS = {"it": _italian_also, "de": _german_also, "es": _spanish_also, "fr": _french_also}
