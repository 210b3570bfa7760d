"""Requests so clear that no model need be asked which tool they mean: "set a timer for five minutes". Pure.

A rule is a pattern for the whole request and the tool it means; what its groups caught must be what their names say (a
place we know, a duration, a sum), else the rule does not hold. In doubt there is no intent, and the model decides.
The rules of a language are in `intents_<language>.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from vivavoce.assistant.places import zone_of
from vivavoce.assistant.rules import Rule, read_rules
from vivavoce.assistant.sentences import SPOKEN
from vivavoce.assistant.units import unit_of
from vivavoce.text.arithmetic import expression_of, is_sum
from vivavoce.text.days import day_of
from vivavoce.text.durations import seconds_of
from vivavoce.text.moments import moment_of
from vivavoce.text.numerals import number
from vivavoce.text.yes_no import yes_or_no

LONGEST = 300
"""Characters of a request that may be this clear."""
LONGEST_TIME = 9
"""Words: "on the twenty-fifth of December at half past nine"."""
_SOME_DAY = datetime(2028, 1, 1)
"""A midnight from which any time that is named lies ahead."""


@dataclass(frozen=True, slots=True)
class Intent:
    """`tool`: what is to be called; `reason`: the rule that said so, a stable word; `language`: of its words."""

    tool: str
    arguments: Mapping[str, str]
    reason: str
    language: str = "en"


def intent_of(text: str) -> Intent | None:
    """What the request means; None: not clear enough."""
    if not text or len(text) > LONGEST or "\n" in text.strip():
        return None
    found = _whole(text)
    if found is not None:
        return found
    found = _whole(shorter) if (shorter := _without_last_word(text)) else None
    return None if found is None or found.tool in _DELETING else found


_DELETING = frozenset(("delete_note", "delete_all_notes", "cancel_timer", "forget", "forget_everything"))


def _without_last_word(text: str) -> str:
    """The text without a single word behind its last full stop, which is mostly a "please" that was misheard; "" where
    there is none, or where it may be a no."""
    match = re.fullmatch(r"(.+[.!?]) +([^\W\d_]+)[.!?]?", text.strip())
    return match[1] if match and yes_or_no(match[2]) is not False else ""


def _whole(text: str) -> Intent | None:
    for language in SPOKEN:
        politeness, rules = _rules(language)
        said = plain(text, politeness)
        for reason, tool, pattern in rules:
            match = pattern.fullmatch(said)
            if match is not None and (arguments := _arguments(match, language)) is not None:
                return Intent(tool, arguments, reason, language)
    return None


@cache
def _rules(language: str) -> tuple[re.Pattern[str], tuple[Rule, ...]]:
    """What is cut off both ends of a request, and the rules of a language."""
    parts, rules = read_rules(f"intents_{language}")
    return parts["politeness"], rules


def plain(text: str, politeness: re.Pattern[str]) -> str:
    """The request itself: without greeting, "please", hesitation and the marks at its end."""
    said = re.sub(r"\s+", " ", text.replace("’", "'").replace("“", '"').replace("”", '"')).strip()
    while True:
        shorter = politeness.sub("", said).strip(" .,!?;:…")
        if shorter == said:
            return said
        said = shorter


def _arguments(match: re.Match[str], language: str) -> dict[str, str] | None:
    """What the groups caught, by name; None where one of them is not what its name says."""
    caught = {
        name.rstrip("_0123456789"): value.strip(" ,.;:\"'")
        for name, value in match.groupdict().items()
        if value and value.strip()
    }
    if "rest" in caught:
        return _reminder(caught.pop("rest"), language)
    fits = all(_FITS.get(name, _anything)(value, language) for name, value in caught.items())
    return caught if fits and all(caught.values()) else None


def _reminder(rest: str, language: str) -> dict[str, str] | None:
    """When and of what, in either order: "at five to call Ann", "to call Ann at five". The longest time counts."""
    link = re.compile(rf"^{_LINKS[language]}", re.IGNORECASE)
    rest = link.sub("", rest) if language in _UNLINKED else rest
    words = rest.split(" ")
    for length in range(min(LONGEST_TIME, len(words) - 1), 0, -1):
        first, last = " ".join(words[:length]), " ".join(words[-length:])
        for when, text, behind in ((first, " ".join(words[length:]), True), (last, " ".join(words[:-length]), False)):
            task = link.sub("", text).strip(" ,.;:")
            linked = task != text or not behind or language in _UNLINKED
            if task and linked and _is_moment(when, language):
                return {"when": when.strip(" ,"), "text": task}
    return None


_LINKS = {
    "en": r"(?:to|that|about|of) ",
    "it": r"(?:di|che|del|della|dell')(?: |(?<='))",
    "de": r"(?:daran,? (?:dass )?|an |dass |bitte )",
    "es": r"(?:que |de )",
    "fr": r"(?:que |qu'|de |d'|du |des |à )",
}
"""What stands between a reminder's time and what it is of."""
_UNLINKED = frozenset(("de", "es"))
"""Where it may be missing: "recuérdame mañana llamar a Ana"."""


def _is_place(value: str, _: str) -> bool:
    return zone_of(value) is not None


def _is_day(value: str, language: str) -> bool:
    return day_of(value, _SOME_DAY.date(), language) is not None


def _is_sum(value: str, language: str) -> bool:
    if re.search(r"\d[-/]\d", value):  # a date, a score, a telephone number, 24/7
        return False
    expression = expression_of(value, language)
    return expression is not None and is_sum(expression)


def _is_moment(value: str, language: str) -> bool:
    return moment_of(value, _SOME_DAY, language) is not None


def _is_duration(value: str, language: str) -> bool:
    return seconds_of(value, language) is not None


def _is_unit(value: str, _: str) -> bool:
    return unit_of(value) is not None


def _is_number(value: str, language: str) -> bool:
    return number(value, language) is not None


def _anything(_: str, __: str) -> bool:
    return True


_FITS: dict[str, Callable[[str, str], bool]] = {
    "place": _is_place,
    "day": _is_day,
    "expression": _is_sum,
    "when": _is_moment,
    "duration": _is_duration,
    "from_unit": _is_unit,
    "to_unit": _is_unit,
    "amount": _is_number,
}
