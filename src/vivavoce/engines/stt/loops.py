"""Finds and cuts the loops that Whisper's decoder falls into ("… of times. It was the best of times. It was …")."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

LONGEST_PATTERN = 16
"""Tokens of the longest pattern that is looked for: about a sentence."""
ENOUGH_TOKENS = 9
"""What repeats over fewer tokens than this may well have been said: "no, no, no", "ha ha ha ha"."""
ENOUGH_TIMES = 3
MOST_COMPRESSION = 2.4
"""Text that deflates better than this says the same again and again (openai/whisper's own threshold)."""
SHORTEST_COMPRESSIBLE = 40
"""Bytes under which the ratio tells nothing."""


def looping(tokens: Sequence[int], text: str) -> bool:
    """Whether a transcript repeats itself more than people do."""
    data = text.encode()
    too_even = len(data) >= SHORTEST_COMPRESSIBLE and len(data) / len(zlib.compress(data)) > MOST_COMPRESSION
    return too_even or _first_loop(tokens) is not None


def cut_loops(tokens: Sequence[int]) -> list[int]:
    """The same tokens with every loop reduced to one round. Ends: each pass shortens the list."""
    left = list(tokens)
    while (found := _first_loop(left)) is not None:
        start, size, times = found
        del left[start + size : start + size * times]
    return left


def _first_loop(tokens: Sequence[int]) -> tuple[int, int, int] | None:
    """(where it starts, size of the pattern, times it is said), shortest pattern first."""
    for size in range(1, LONGEST_PATTERN + 1):
        for start in range(len(tokens) - size * ENOUGH_TIMES + 1):
            times = _times(tokens, start, size)
            if times >= ENOUGH_TIMES and times * size >= ENOUGH_TOKENS:
                return start, size, times
    return None


def _times(tokens: Sequence[int], start: int, size: int) -> int:
    """How often the pattern of `size` tokens at `start` follows itself, the first time included."""
    pattern, times = tokens[start : start + size], 1
    while tokens[start + times * size : start + (times + 1) * size] == pattern:
        times += 1
    return times
