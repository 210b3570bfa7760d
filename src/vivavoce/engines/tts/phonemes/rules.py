"""Rewriting of spelling into sounds, for languages that are written nearly as they sound."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable

STRESS = "ˈ"
_TOKEN = re.compile(r"[^\W\d_]+|[.]{2,}|[;:,.!?—–…()¿¡]|(?<=\s)-(?=\s)|'")
_MARKS = {mark: mark for mark in ";:,.!?—…"} | {"–": "—", "-": "—", "(": ",", ")": ","}


class Rules:
    """Ordered rewriting: at each letter the first rule that matches gives its sounds. Rules look at the spelling, in
    which a stress mark may stand before a vowel and hides from no rule what is on its other side."""

    def __init__(self, rules: Iterable[tuple[str, str]]) -> None:
        self._rules = [(re.compile(pattern), sounds) for pattern, sounds in rules]

    def apply(self, word: str) -> str:
        plain = word.replace(STRESS, "")
        stressed = word.find(STRESS)
        sounds, place = "", 0
        while place < len(plain):
            match, made = self._first(plain, place)
            if place <= stressed < match:
                made = _before_vowel(made)
            sounds += made
            place = match
        return sounds

    def _first(self, plain: str, place: int) -> tuple[int, str]:
        for pattern, sounds in self._rules:
            if (match := pattern.match(plain, place)) and match.end() > place:
                return match.end(), sounds
        return place + 1, plain[place]


def _before_vowel(sounds: str) -> str:
    """The stress mark stands right before the vowel, as Kokoro learned it."""
    vowel = re.search(r"[aeiouɛɔɑəœøyɐɪʊʌ]", sounds)
    return sounds if vowel is None else sounds[: vowel.start()] + STRESS + sounds[vowel.start() :]


def said(text: str, word: Callable[[str], str]) -> str:
    """Each word in its sounds, marks kept. An apostrophe joins what it stands between."""
    parts: list[str] = []
    glued = True
    for token in _TOKEN.findall(unicodedata.normalize("NFC", text.replace("’", "'")).lower()):
        if token[0] == "'":
            glued = True
        elif token[0].isalpha():
            parts += ["" if glued else " ", word(token)]
            glued = False
        else:
            parts.append(_MARKS.get(token[0], ""))
    joined = re.sub(r",(?=\s*[;:,.!?—…])", "", "".join(parts))
    return joined.strip()
