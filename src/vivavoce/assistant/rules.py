"""Patterns of what people say, from files beside this one: tables of lists of regular expressions with shared parts."""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from itertools import count

Rule = tuple[str, str, re.Pattern[str]]
"""Key and table of the file that a pattern stands under, and the pattern."""


def read_rules(name: str) -> tuple[dict[str, re.Pattern[str]], tuple[Rule, ...]]:
    """The parts of `<name>.toml` by name, and its rules in order. A group's name may stand in several places of one
    pattern, which `re` does not take: a number is put behind each."""
    file = resources.files("vivavoce.assistant") / f"{name}.toml"
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    parts: dict[str, str] = tables.pop("parts")

    def compiled(pattern: str) -> re.Pattern[str]:
        whole = re.sub(r"<<(\w+)>>", lambda match: parts[match[1]], pattern)
        place = count(1)
        return re.compile(re.sub(r"\?P<(\w+)>", lambda match: f"?P<{match[1]}_{next(place)}>", whole), re.IGNORECASE)

    rules = [
        (key, table, compiled(pattern))
        for table, lists in tables.items()
        for key, patterns in lists.items()
        for pattern in patterns
    ]
    return {key: compiled(part) for key, part in parts.items()}, tuple(rules)
