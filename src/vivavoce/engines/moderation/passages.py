"""Cuts a text into passages that are judged one by one: a sentence must not drown in the harmless ones around it.
Pure."""

from __future__ import annotations

import re

LENGTH = 400
"""Characters of a passage, about what the moderator was taught with at most."""
MOST = 256
"""Passages of one text."""
_ENDS = re.compile(r"(?<=[.!?…])\s+|\n+")


def passages(text: str) -> list[str]:
    """Sentences joined up to LENGTH, longer ones cut, all of the text covered; a text that is longer than MOST
    passages has longer ones."""
    length = max(LENGTH, len(text) // (MOST // 2))
    found: list[str] = []
    for sentence in (part for whole in _ENDS.split(text) for part in _cut(whole.strip(), length)):
        if found and len(found[-1]) + len(sentence) < length:
            found[-1] = f"{found[-1]} {sentence}"
        else:
            found.append(sentence)
    return found


def _cut(sentence: str, length: int) -> list[str]:
    return [sentence[start : start + length] for start in range(0, len(sentence), length)]
