"""What the assistant's tools say, in the languages whose requests they understand: the sentences are in `said_*.toml`.
Pure."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

SPOKEN = ("en", "it", "de", "es", "fr")


def sentence(language: str, key: str, **fields: object) -> str:
    """The sentence of a key, in English where it is not there in `language`, with a capital at its beginning."""
    text = _sentences(language if language in SPOKEN else "en")[key].format_map(fields)
    return text[:1].upper() + text[1:]


def phrase(language: str, key: str, **fields: object) -> str:
    """As `sentence`, for within one."""
    return _sentences(language if language in SPOKEN else "en")[key].format_map(fields)


@cache
def _sentences(language: str) -> dict[str, str]:
    text = (resources.files("vivavoce.assistant") / f"said_{language}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
