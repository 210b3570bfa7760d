"""Lengths of time as people say them: "an hour and a half", "un quarto d'ora", "anderthalb Stunden". Pure; in the
languages of `tongues`."""

from __future__ import annotations

import re
from functools import cache

from vivavoce.text.numerals import with_figures
from vivavoce.text.tongues import bare, bare_pattern, tongue

UNITS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}


def seconds_of(text: str, language: str) -> float | None:
    """The length of time that `text` is, in s; None where it is none, or holds anything else."""
    plain = _plain(text, language)
    whole, parts = _patterns(tongue(language).code)
    if not whole.fullmatch(plain):
        return None
    found = [(match.lastgroup, match) for match in parts.finditer(plain)]
    units = [unit for unit, _ in found]
    if len(set(units)) < len(units):
        return None
    return sum(float(match[unit]) * UNITS[unit] for unit, match in found if unit)


def said_duration(seconds: float, language: str) -> str:
    """ "1 hour and 20 minutes": at most two units, so that it can be kept in mind while it is heard."""
    words = tongue(language).durations
    rest = max(0, round(seconds))
    if rest >= 600:
        rest = round(rest / 60) * 60
    parts: list[str] = []
    for unit in ("day", "hour", "minute", "second"):
        count, rest = divmod(rest, UNITS[unit])
        if count or (unit == "second" and not parts):
            parts.append(f"{count} {words.said[unit][count != 1]}")
        if len(parts) == 2:
            break
    return f" {words.link} ".join(parts)


@cache
def _patterns(language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Of a whole length, and of its parts."""
    words = tongue(language).durations
    parts = [rf"(?P<{unit}>\d+(?:\.\d+)?) ?{bare_pattern(name)}\b" for unit, name in words.units.items()]
    whole = rf"(?: ?(?:,|\b{words.link}\b)? ?(?:{'|'.join(parts)}))"
    return re.compile(rf"{re.sub('[?]P<[a-z]+>', '?:', whole)}{{1,4}}"), re.compile("|".join(parts))


def _plain(text: str, language: str) -> str:
    words = tongue(language).durations
    plain = re.sub(r"' (?=[^\W\d])", "'", with_figures(text, language, lone=True)).strip(" .,!?")
    plain = re.sub(rf"^(?:(?:{bare_pattern(words.lead)}) )+", "", plain)
    for pattern, said in words.halves:
        plain = re.sub(bare_pattern(pattern), bare(said), plain)
    return plain.replace("-", " ")
