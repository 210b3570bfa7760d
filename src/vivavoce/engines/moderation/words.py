"""Words that tell harmful texts from harmless ones where their meaning as a whole does not. Pure.

They are evidence, never a verdict: each kind weighs what it weighed in the texts that taught the moderator, in English
together with the meaning of the text around it. The words themselves are in words.toml; those of other languages, in
the same kinds, in words_<language>.toml.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

OTHERS = ("it", "de", "es", "fr")
"""Languages beside English whose words are known."""


@cache
def _patterns(language: str) -> dict[str, dict[str, re.Pattern[str]]]:
    name = f"words_{language}.toml" if language in OTHERS else "words.toml"
    lists = tomllib.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))
    return {
        part: {name: re.compile("|".join(words), re.IGNORECASE) for name, words in named.items()}
        for part, named in lists.items()
    }


def evidence(text: str, language: str = "en") -> dict[str, bool]:
    """Which kinds of words there are in a text, always in the same order."""
    return {name: pattern.search(text) is not None for name, pattern in _patterns(language)["evidence"].items()}


def strength(text: str, language: str = "en") -> int:
    """How many words of the kinds of `evidence` there are in all; ways of asking count for nothing."""
    kinds = _patterns(language)["evidence"]
    return sum(len(list(pattern.finditer(text))) for name, pattern in kinds.items() if name != "ways")


def plain_threat(text: str, language: str = "en") -> bool:
    """Whether somebody says that he wants to kill or hurt people. Things that everybody kills speak against it."""
    said = _patterns(language)["plain"]
    return said["intent"].search(text) is not None and said["tame"].search(text) is None


def signs(text: str, language: str = "en") -> dict[str, bool]:
    """Whether it speaks of `minors`, of `oneself`, or is `asking` how something is done."""
    return {name: pattern.search(text) is not None for name, pattern in _patterns(language)["signs"].items()}
