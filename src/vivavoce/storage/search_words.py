"""How text is cut into words to be found again: pure, and the same for both databases.

Case and accents do not matter ("Perché" is found by "perche"), a word is found by its beginning while it is being
typed, and Chinese, Japanese and Korean signs are words of their own, next to one another.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LONGEST_WORD = 64
MOST_INDEXED = 200_000
"""Characters of one item that are searched."""
MOST_TERMS = 16
LEAST_PREFIX = 2
"""A single letter is found as a word only: as a beginning it would be nearly everywhere."""
AROUND = 60
"""Characters of a snippet before the first match, and after it twice as many."""

_SIGNS = "\u1100-\u11ff\u2e80-\u30ff\u3130-\u318f\u31f0-\u4dbf\u4e00-\ua4cf\uac00-\ud7ff\uf900-\ufaff"
_INSIDE = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0963\u0966-\u109f"
"""Marks that are part of a word: of accents taken apart, of Hebrew, Arabic, the scripts of India and its east."""
_LETTER = rf"[^\W_{_SIGNS}]"
_WORD = re.compile(rf"[{_SIGNS}]|{_LETTER}(?:{_LETTER}|[{_INSIDE}])*")
_MARKS = re.compile("[\u0300-\u036f]+")


@dataclass(frozen=True, slots=True)
class Word:
    """`folded`: as it is compared; `start`, `end`: where it stands."""

    folded: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Term:
    """Words that have to stand together, in this order. `prefix`: the last of them may go on."""

    words: tuple[str, ...]
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a snippet."""

    text: str
    match: bool = False


def words(text: str) -> Iterator[Word]:
    for found in _WORD.finditer(text):
        if folded := _fold(found[0]):
            yield Word(folded, found.start(), found.end())


def folded(text: str) -> str:
    """The words of `text` as they are compared, with blanks between them."""
    return " ".join(word.folded for word in words(text[:MOST_INDEXED]))


def terms(query: str) -> tuple[Term, ...]:
    """What a person wants found: each word, quoted words together; the last word typed may be only begun."""
    found: list[Term] = []
    for number, part in enumerate(query.split('"')):
        inside = [word.folded for word in words(part)]
        if number % 2 and inside:
            found.append(Term(tuple(inside)))
        elif not number % 2:
            found += _loose(part)
    if found and not query.rstrip().endswith('"'):
        last = found[-1]
        begun = len(last.words[-1]) >= LEAST_PREFIX and not _is_sign(last.words[-1])
        found[-1] = Term(last.words, prefix=begun)
    return tuple(found[-MOST_TERMS:])


def _loose(part: str) -> Iterator[Term]:
    """The words of an unquoted part, one term each; signs that touch stay together, as they were written."""
    run: list[str] = []
    end = -1
    for word in words(part):
        if run and not (_is_sign(word.folded) and word.start == end):
            yield Term(tuple(run))
            run = []
        if _is_sign(word.folded):
            run.append(word.folded)
            end = word.end
        else:
            yield Term((word.folded,))
    if run:
        yield Term(tuple(run))


def snippet(text: str, wanted: Sequence[Term]) -> list[Piece]:
    """The part of `text` around the first match, with all matches in it marked."""
    matches = sorted(set(_matches(text, wanted)))
    first = matches[0][0] if matches else 0
    start = _at_blank(text, max(0, first - AROUND))
    end = min(len(text), first + 2 * AROUND)
    pieces = [Piece("…")] if start else []
    at = start
    for begin, stop in matches:
        if begin < at or begin >= end:
            continue
        pieces += [Piece(text[at:begin]), Piece(text[begin:stop], match=True)]
        at = stop
    rest = Piece(text[at : max(end, at)] + ("…" if max(end, at) < len(text) else ""))
    return [piece for piece in [*pieces, rest] if piece.text]


def _matches(text: str, wanted: Sequence[Term]) -> Iterator[tuple[int, int]]:
    there = list(words(text[:MOST_INDEXED]))
    for place in range(len(there)):
        for term in wanted:
            run = there[place : place + len(term.words)]
            if len(run) == len(term.words) and _fits([word.folded for word in run], term):
                yield run[0].start, run[-1].end


def _fits(run: list[str], term: Term) -> bool:
    *before, last = run
    if tuple(before) != term.words[:-1]:
        return False
    return last.startswith(term.words[-1]) if term.prefix else last == term.words[-1]


def _at_blank(text: str, place: int) -> int:
    """The beginning of a word at `place` or a little behind it."""
    if place == 0:
        return 0
    blank = text.find(" ", place, place + AROUND // 2)
    return place if blank < 0 else blank + 1


def _fold(word: str) -> str:
    plain = _MARKS.sub("", unicodedata.normalize("NFKD", word))
    return unicodedata.normalize("NFC", plain).casefold()[:LONGEST_WORD]


def _is_sign(word: str) -> bool:
    return re.fullmatch(f"[{_SIGNS}]", word[:1]) is not None
