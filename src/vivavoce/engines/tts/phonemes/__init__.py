"""Text to the phonemes that Kokoro learned, without the GPL: dictionaries and letters for English, rules for the rest.

English in two accents; Italian and Spanish by the rules of their spelling. Where no permissive package has the
dictionaries offline, speech falls back: Portuguese is read by Spanish rules and French by English ones, which can be
followed but has an accent; Hindi, Japanese and Chinese have no phonemes here and only what is in Latin letters is said.
"""

from __future__ import annotations

from functools import lru_cache

from vivavoce.engines.tts.phonemes.english import English
from vivavoce.engines.tts.phonemes.italian import italian
from vivavoce.engines.tts.phonemes.spanish import spanish

_RULES = {"it": italian, "es": spanish, "pt": spanish}


class Phonemizer:
    """Phonemes of any language. American English is loaded at once, British when first asked for."""

    def __init__(self) -> None:
        self._english = lru_cache(maxsize=2)(lambda british: English(british=british))
        self._english(False)

    def phonemes(self, text: str, language: str) -> str:
        """`language`: "en-us", "en-gb" or ISO 639-1."""
        rules = _RULES.get(language[:2])
        if rules is not None:
            return rules(text)
        return self._english(language == "en-gb").phonemes(text)
