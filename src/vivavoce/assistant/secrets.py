"""What is never remembered unasked, whatever is said of it. Pure; five languages."""

from __future__ import annotations

from functools import cache

from vivavoce.assistant.rules import Rule, read_rules


def holds_secret(text: str) -> bool:
    """Whether a text speaks of a password, a card or the like, or holds a long number."""
    return any(pattern.search(text) for _, _, pattern in _secrets())


@cache
def _secrets() -> tuple[Rule, ...]:
    return read_rules("secrets")[1]
