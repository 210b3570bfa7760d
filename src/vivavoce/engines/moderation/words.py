"""Words that tell harmful texts from harmless ones where their meaning as a whole does not. Pure.

They are evidence, never a verdict: each weighs what it weighed in the texts that taught the moderator, together with
the meaning of the text around it. The words themselves are in words.toml.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files


@cache
def _patterns() -> dict[str, dict[str, re.Pattern[str]]]:
    lists = tomllib.loads(files(__package__).joinpath("words.toml").read_text(encoding="utf-8"))
    return {
        part: {name: re.compile("|".join(words), re.IGNORECASE) for name, words in named.items()}
        for part, named in lists.items()
    }


def evidence(text: str) -> dict[str, bool]:
    """Which kinds of words there are in a text, always in the same order."""
    return {name: pattern.search(text) is not None for name, pattern in _patterns()["evidence"].items()}


def signs(text: str) -> dict[str, bool]:
    """Whether it speaks of `minors`, of `oneself`, or is `asking` how something is done."""
    return {name: pattern.search(text) is not None for name, pattern in _patterns()["signs"].items()}
