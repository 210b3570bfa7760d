"""How numbers, days and times are said in the languages whose requests are understood without a model."""

from __future__ import annotations

import unicodedata
from functools import cache

from vivavoce.text.tongues.english import ENGLISH
from vivavoce.text.tongues.french import FRENCH
from vivavoce.text.tongues.german import GERMAN
from vivavoce.text.tongues.italian import ITALIAN
from vivavoce.text.tongues.spanish import SPANISH
from vivavoce.text.tongues.tongue import Tongue

TONGUES = {tongue.code: tongue for tongue in (ENGLISH, ITALIAN, GERMAN, SPANISH, FRENCH)}


def tongue(language: str) -> Tongue:
    """Of a language by its ISO 639-1 code; English for one that has no data here."""
    return TONGUES.get(language, ENGLISH)


def bare(text: str) -> str:
    """Lower-case, without accents. Signs such as ² stay what they are."""
    return _bare(text) if not text.isascii() else text.lower()


@cache
def bare_pattern(pattern: str) -> str:
    """A pattern that is to be matched with bare texts."""
    return _bare(pattern, lower=False)


def _bare(text: str, *, lower: bool = True) -> str:
    letters = unicodedata.normalize("NFD", (text.lower() if lower else text).replace("’", "'"))
    return unicodedata.normalize("NFC", "".join(letter for letter in letters if not unicodedata.combining(letter)))
