"""Lengths of time as people say them: "an hour and a half", "un quarto d'ora". Pure; English and Italian."""

from __future__ import annotations

import re

from vivavoce.text.numerals import with_figures

UNITS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
_NAMES = {
    "en": {
        "second": r"(?:seconds?|secs?)", "minute": r"(?:minutes?|mins?)", "hour": r"(?:hours?|hrs?)",
        "day": r"days?", "week": r"weeks?",
    },
    "it": {
        "second": r"second[oi]", "minute": r"minut[oi]", "hour": r"or[ae]", "day": r"giorn[oi]",
        "week": r"settiman[ae]",
    },
}  # fmt: skip
_SAID = {
    "en": {name: (name, f"{name}s") for name in UNITS},
    "it": {
        "second": ("secondo", "secondi"), "minute": ("minuto", "minuti"), "hour": ("ora", "ore"),
        "day": ("giorno", "giorni"), "week": ("settimana", "settimane"),
    },
}  # fmt: skip
_AND = {"en": "and", "it": "e"}
_HALVES = {
    "en": (
        (r"\b(?:a )?half an? (hour|minute|day)\b", r"0.5 \1"),
        (r"\b(?:three|3) quarters of an hour\b", "45 minutes"),
        (r"\b(?:a )?quarter of an hour\b", "15 minutes"),
        (r"\b(?:an?|one|1) (hour|minute|day|week) and a half\b", r"1.5 \1"),
        (r"\b(\d+) and a half (\w+)", r"\1.5 \2"),
        (r"\b(\d+) (hours|minutes|days|weeks) and a half\b", r"\1.5 \2"),
        (r"\b(?:an?|one) (?:couple of )?(hour|minute|second|day|week)\b", r"1 \1"),
        (r"\ba couple of\b", "2"),
    ),
    "it": (
        (r"\bmezz'ora\b|\bmezz' ora\b|\bmezza ora\b|\bmezzora\b", "30 minuti"),
        (r"\b(?:tre|3) quarti d' ?ora\b", "45 minuti"),
        (r"\bun quarto d' ?ora\b", "15 minuti"),
        (r"\b(?:un' ?|una |1 )(ora|settimana) e mezz[ao]\b", r"1.5 \1"),
        (r"\b(?:un |1 )(minuto|giorno) e mezz[ao]\b", r"1.5 \1"),
        (r"\b(\d+) (ore|minuti|giorni|settimane) e mezz[ao]\b", r"\1.5 \2"),
        (r"\b(?:un' ?|una? )(ora|minuto|secondo|giorno|settimana)\b", r"1 \1"),
    ),
}


def seconds_of(text: str, language: str) -> float | None:
    """The length of time that `text` is, in s; None where it is none, or holds anything else."""
    tongue = "it" if language == "it" else "en"
    parts = [f"(?P<{unit}>\\d+(?:\\.\\d+)?) ?{name}" for unit, name in _NAMES[tongue].items()]
    whole = rf"(?: ?(?:,|\b{_AND[tongue]}\b)? ?(?:{'|'.join(parts)}))"
    plain = _plain(text, tongue)
    if not re.fullmatch(rf"{re.sub('[?]P<[a-z]+>', '?:', whole)}{{1,4}}", plain):
        return None
    found = [(match.lastgroup, match) for match in re.finditer("|".join(parts), plain)]
    units = [unit for unit, _ in found]
    if len(set(units)) < len(units):
        return None
    return sum(float(match[unit]) * UNITS[unit] for unit, match in found if unit)


def said_duration(seconds: float, language: str) -> str:
    """ "1 hour and 20 minutes": at most two units, so that it can be kept in mind while it is heard."""
    tongue = "it" if language == "it" else "en"
    rest = max(0, round(seconds))
    if rest >= 600:
        rest = round(rest / 60) * 60
    parts: list[str] = []
    for unit in ("day", "hour", "minute", "second"):
        count, rest = divmod(rest, UNITS[unit])
        if count or (unit == "second" and not parts):
            parts.append(f"{count} {_SAID[tongue][unit][count != 1]}")
        if len(parts) == 2:
            break
    return f" {_AND[tongue]} ".join(parts)


def _plain(text: str, tongue: str) -> str:
    plain = re.sub(r"' (?=[^\W\d])", "'", with_figures(text, tongue)).strip(" .,!?")
    plain = re.sub(r"^(?:(?:for|about|per|circa|di|da) )+", "", plain)
    for pattern, said in _HALVES[tongue]:
        plain = re.sub(pattern, said, plain)
    return plain.replace("-", " ")
