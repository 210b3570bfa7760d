"""Cuts a reply into clauses while it is being written, so that speech starts before the reply is whole.

The first clause is short, because its length is latency; the second is longer and the rest are sentences, because
long clauses sound better and the clause that plays hides the making of the next one. A cut never falls inside a
word, a number ("3.5", "$1,000", "10:30"), an abbreviation ("e.g.", "U.S.") or a block of code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

LONGEST = 400
"""Characters after which even text without a space is cut: nobody can wait for more."""


class Break(IntEnum):
    """How well a clause can end at a place."""

    WORD = 0
    LINK = 1
    """before "and", "because", "with" …"""
    PAUSE = 2
    """after a comma, a colon or a dash"""
    SENTENCE = 3


@dataclass(frozen=True, slots=True)
class Place:
    """A place where `text[:end]` may end a clause; `words`: how many words come before it."""

    end: int
    kind: Break
    words: int


@dataclass(frozen=True, slots=True)
class Pace:
    """Words after which a clause ends at a pause, before a linking word, and at the latest."""

    pause: int
    link: int
    most: int


@dataclass(slots=True)
class _Sure:
    """What no later text changes of one that is being read: the places `passed`, in `text[:at]`, and the `words` in
    `text[:counted]`. A reply comes word by word, and whoever read its clause anew for each would read it ten times."""

    at: int = 0
    counted: int = 0
    words: float = 0.0
    passed: list[Place] = field(default_factory=list[Place])


class ClauseCutter:
    """The clauses of one reply. `"".join(clauses)` is the text again, save white space at its very end.

    `first_words`: length that the first clause has at most where the text has no better place to stop.
    """

    def __init__(self, first_words: int = 6) -> None:
        self._paces = (
            Pace(1, max(3, first_words - 2), first_words),
            Pace(first_words, first_words + 3, 2 * first_words),
            Pace(15, 20, 25),
        )
        self._text = ""
        self._said = 0
        self._sure = _Sure()

    def push(self, text: str) -> list[str]:
        """Take the next piece of the reply; give the clauses that are whole now (later text cannot change them)."""
        self._text += text
        return self._take(final=False)

    def finish(self) -> list[str]:
        """The reply is over: give what is left, and start afresh."""
        clauses = self._take(final=True)
        if self._text.strip():
            clauses.append(self._text.rstrip())
        self._text, self._said, self._sure = "", 0, _Sure()
        return clauses

    def _take(self, *, final: bool) -> list[str]:
        clauses: list[str] = []
        if _FENCE.search(self._text):
            self._sure = _Sure()  # what is inside of it hangs on where it ends
        while place := _choose(self._text, self._pace(), final, self._sure):
            clauses.append(self._text[: place.end])
            self._text = self._text[place.end :]
            self._said += place.words
            self._sure = _Sure()
        return clauses

    def _pace(self) -> Pace:
        first, second, rest = self._paces
        return first if self._said < 3 else second if self._said < 9 else rest


def _choose(text: str, pace: Pace, final: bool, sure: _Sure) -> Place | None:
    """Where the clause at the start of `text` ends, as far as that is sure already."""
    passed = list(sure.passed)
    for place in _places(text, final, sure):
        if place.words > pace.most or _endless(text, place.end):
            return _best(passed) or Place(min(place.end, LONGEST), Break.WORD, place.words)
        if place.kind is Break.SENTENCE or place.words >= _enough(place.kind, pace):
            return place
        passed.append(place)
        if place.words == pace.most and all(each.kind is Break.WORD for each in passed):
            return place  # no later text changes it
    if _endless(text, len(text)):
        return _best(passed) or Place(LONGEST, Break.WORD, 1)
    return None


def _endless(text: str, end: int) -> bool:
    return end > LONGEST and not _FENCE.search(text, 0, end)


def _enough(kind: Break, pace: Pace) -> float:
    return {Break.PAUSE: pace.pause, Break.LINK: pace.link}.get(kind, float("inf"))


def _best(places: list[Place]) -> Place | None:
    """The strongest break that leaves a clause worth saying on its own; the later of equals."""
    return max((place for place in places if place.words), key=lambda place: (place.kind, place.end), default=None)


def _places(text: str, final: bool, sure: _Sure) -> Iterator[Place]:
    """All places after those that are sure where a clause might end, in order. One whose nature hangs on text to come
    is left out."""
    fences = [(match.start(), match.end()) for match in _FENCE.finditer(text)]
    last_space = text.rfind(" ")
    words, counted = sure.words, sure.counted
    for match in _CANDIDATE.finditer(text, sure.at):
        end = match.end("mark")
        if any(start < end < stop for start, stop in fences) or not text[:end].strip():
            continue
        kind = _kind(text, match, final)
        words += _count(text[counted:end])
        counted = end
        place = None if kind is None else Place(end, kind, int(words))
        if match.end() < last_space:  # the word behind it is whole
            sure.at, sure.counted, sure.words = match.end(), counted, words
            if place is not None:
                sure.passed.append(place)
        if place is not None:
            yield place


def _kind(text: str, match: re.Match[str], final: bool) -> Break | None:
    mark, end = match["mark"], match.end("mark")
    if mark == "":
        return Break.SENTENCE if "\n" in match["space"] else _between(text, match)
    if not match["space"] and not match["wide"]:
        return None  # "3.5", "10:30", "well—": no space, or none yet
    if match["wide"]:
        return _wide(text, mark, end, final)
    if "\n" in match["space"]:
        return Break.SENTENCE
    following = text[match.end() :]
    if not following:
        return None if not final else Break.SENTENCE
    if mark[0] in ".!?…":
        return _stop(text[:end], mark, following)
    return Break.PAUSE


def _wide(text: str, mark: str, end: int, final: bool) -> Break | None:
    """Marks that need no space after them: CJK punctuation, the em dash, dandas."""
    if end == len(text) and not final:
        return None  # a closing quotation mark may follow
    if text[end - 2 : end - 1].isdigit() and text[end : end + 1].isdigit():
        return None
    return Break.SENTENCE if mark[0] in "。！？｡।॥؟۔" else Break.PAUSE


def _stop(before: str, mark: str, following: str) -> Break | None:
    """What a full stop, a question mark or an ellipsis is, by the words on its two sides."""
    lower = following[0].islower()
    if mark[0] != "." or mark.startswith(".."):
        return Break.PAUSE if lower and len(mark) > 1 else Break.SENTENCE
    if lower or _SHORT.search(before) or (_DAY.search(before) and _MONTH.match(following)):
        return Break.WORD
    return Break.SENTENCE


def _between(text: str, match: re.Match[str]) -> Break | None:
    """The space between two words: before a linking word, once that is whole, a clause may well end."""
    following = _WORD.match(text, match.end())
    if following is None:
        return None
    last = _LAST.search(text, text.rfind(" ", 0, match.start()) + 1, match.start())
    if last is not None and last[0].lower() in _LEANS:
        return None  # "the", "of": belongs to what comes
    whole = following.end() < len(text)  # else it may go on: "an", "and", "Andes"
    return Break.LINK if whole and following[0].lower() in _LINKS else Break.WORD


def _count(piece: str) -> float:
    """Words, for the length of speech: two signs of a script without spaces count as one."""
    wide = len(_IDEOGRAPH.findall(piece))
    return wide / 2 + len(_SPOKEN.findall(_IDEOGRAPH.sub(" ", piece)))


_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_CLOSERS = r"[\"'”’»)\]}*_~]*"
_CANDIDATE = re.compile(
    rf"(?P<mark>(?P<wide>(?:[。！？｡，、；：।॥؟۔،]|[—―]+)[」』”’）》】]*)|(?:[.!?…]+|[,;:]|(?<=\s)(?:-{{1,2}}|–)){_CLOSERS}|)"
    rf"(?P<space>\s+|(?<=[。！？｡，、；：।॥؟۔،—―」』”’）》】]))"
)
_WORD = re.compile(r"[^\W\d_]+")
_LAST = re.compile(r"[^\W\d_]+\Z")
_SPOKEN = re.compile(r"\S*\w\S*")
_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_SHORT = re.compile(
    r"(?:\b(?:dr|mr|mrs|ms|prof|st|mt|vs|gen|sen|rep|gov|capt|lt|sgt|rev|hon|no|nos|vol|fig|figs|eq|sec|ch|pp|approx|est"
    r"|dept|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|e\.g|i\.e|cf|al|sig|sigg|sig\.ra|dott|ing|avv|on|es|pag|ca|tel"
    r"|sr|sra|srta|ud|uds|dra|ej|núm|mme|mlle|env|hr|fr|nr|bzw|usw|z\.b|d\.h|str|г|ул|им|т\.е|т\.д)|\b\w|\A\s*\d{1,3})\.\Z",
    re.IGNORECASE,
)
_DAY = re.compile(r"\b\d{1,2}\.\Z")
_MONTH = re.compile(r"(?:Jan|Feb|Mär|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez)")
_LINKS = frozenset(
    "and but or because so which who when where while if although though since unless until with without for from in on"
    " at by about into through during after before between as"
    " e ed ma o oppure perché che quando dove mentre se con senza per da dal dalla su tra fra nel nella"
    " y pero porque que cuando donde mientras sin para por desde en"
    " et mais ou car quand où pendant avec sans pour dans sur chez"
    " und aber oder weil dass wenn wo mit ohne für von auf bei"
    " mas quando onde com sem em no na"
    " и но или потому что чтобы когда где если с без для из в на"
    " और लेकिन या क्योंकि कि जब".split()
)
_LEANS = frozenset(
    "the a an of to in on at by for with from and or but as than my your his her its our their this that these those"
    " very is are was were be not no i you he she we they it"
    " il lo la gli le un uno una di del dello della dei degli delle al allo alla e ed che per con da su tra non"
    " el los las unos unas de y con para por sin que"
    " les une des du au aux et ou en dans sur pour parce ne"
    " der die das den dem des ein eine einen einem und oder mit für von zu im am nicht"
    " os um uma do da dos das ao em o"
    " и в на с не для из к по о".split()
)
