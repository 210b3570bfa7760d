"""Whether somebody asks how far something in the background has come, and what they are told: a small model would tell
them anything. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from vivavoce.assistant.intents import plain
from vivavoce.assistant.rules import Rule, read_rules
from vivavoce.assistant.sentences import sentence
from vivavoce.conversation.hosted import RUNNING, SO_FAR
from vivavoce.conversation.items import FunctionOutput, Item

LONGEST = 80
"""Characters of such a question."""


def progress(question: str, items: Sequence[Item]) -> str | None:
    """What to answer in the question's language; None: it is another question, or nothing is running."""
    running = [item.output for item in items if isinstance(item, FunctionOutput) and item.output.startswith(RUNNING)]
    language = asked_in(question) if running and len(question) <= LONGEST else None
    if language is None:
        return None
    told = [text.partition(SO_FAR)[2].strip().rstrip(".") for text in running]
    known = "; ".join(text for text in told if text)
    return sentence(language, "progress", known=known) if known else sentence(language, "in_progress")


def asked_in(question: str) -> str | None:
    """The language in which it is asked how far something has come; None: that is not asked."""
    politeness, rules = _rules()
    said = plain(question, politeness)
    return next((language for _, language, pattern in rules if pattern.fullmatch(said)), None)


@cache
def _rules() -> tuple[re.Pattern[str], tuple[Rule, ...]]:
    parts, rules = read_rules("progress")
    return parts["politeness"], rules
