"""Points in time as people name them: "in ten minutes", "tomorrow at half past nine", "stasera alle otto". Pure;
English and Italian. Without a day the next such time is meant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from vivavoce.text.days import MONTHS, WEEKDAYS, day_of, said_day
from vivavoce.text.durations import seconds_of
from vivavoce.text.numerals import with_figures


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the day: when it is where no hour is said, and whether it makes hours up to 12 ones after noon."""

    hour: int
    late: bool


_PARTS = {
    "en": {
        r"in the morning|this morning|morning": _Part(9, False),
        r"in the afternoon|this afternoon|afternoon": _Part(15, True),
        r"in the evening|this evening|evening": _Part(19, True),
        r"tonight|at night|night": _Part(20, True),
    },
    "it": {
        r"di mattina|del mattino|stamattina|mattina": _Part(9, False),
        r"del pomeriggio|di pomeriggio|oggi pomeriggio|pomeriggio": _Part(15, True),
        r"di sera|della sera|stasera|sera": _Part(20, True),
        r"stanotte|di notte": _Part(23, True),
    },
}
_TODAY = {
    "en": r"this morning|this afternoon|this evening|tonight",
    "it": r"stamattina|oggi pomeriggio|stasera|stanotte",
}
_IN = {"en": r"(?:in|after) (.+?)(?: from now)?|(.+?) from now", "it": r"(?:tra|fra|in) (.+)"}
_AT = r"(?:(?:per |verso )?(?:alle |all')|(?:per )?(?:le |l'))"
_CLOCK = {
    "en": (
        r"(?:at |by )?half past (?P<half>\d{1,2})",
        r"(?:at |by )?(?:a )?quarter past (?P<past>\d{1,2})",
        r"(?:at |by )?(?:a )?quarter to (?P<to>\d{1,2})",
        r"(?:at |by )(?P<noon>noon|midday)|(?:at |by )(?P<midnight>midnight)",
        r"(?:at |by )?(?P<hour>\d{1,2})(?:[: ](?P<minute>\d{2}))? ?(?P<half_day>a\.?m\.?|p\.?m\.?)(?!\w)",
        r"(?:at |by )?(?P<hour>\d{1,2})(?::(?P<minute>\d{2})| ?o'clock)",
        r"(?:at |by )(?P<hour>\d{1,2})(?: (?P<minute>\d{2}))?",
    ),
    "it": (
        r"(?:a |per )?(?P<noon>mezzogiorno)|(?:a |per )?(?P<midnight>mezzanotte)",
        rf"{_AT}(?:ore )?(?P<half>\d{{1,2}}|una) e mezz[ao]",
        rf"{_AT}(?:ore )?(?P<past>\d{{1,2}}|una) e un quarto",
        rf"{_AT}(?:ore )?(?P<to>\d{{1,2}}|una) meno un quarto",
        rf"{_AT}(?:ore )?(?P<hour>\d{{1,2}}|una)(?:(?::|\.| e )(?P<minute>\d{{1,2}}))?",
    ),
}  # fmt: skip
_FILLERS = {"en": r"\b(?:on|at|the|of|for|by|around|about)\b", "it": r"\b(?:di|del|per|verso|il|la|alle)\b|l'"}
_LONGEST = 366 * 86_400


def moment_of(text: str, now: datetime, language: str) -> datetime | None:
    """The moment that `text` names, in the zone of `now`, never before it; None: it names none, or says more."""
    tongue = "it" if language == "it" else "en"
    plain = re.sub(r"\s+", " ", with_figures(text, tongue, lone=True)).strip(" .,?!")
    if (within := re.fullmatch(_IN[tongue], plain)) is not None:
        seconds = seconds_of(next(group for group in within.groups() if group), tongue)
        return None if seconds is None or not 0 < seconds <= _LONGEST else now + timedelta(seconds=seconds)
    at, rest = _clock(plain, tongue)
    part, rest, of_today = _part_of_day(rest, tongue)
    day = day_of(_date_words(rest, tongue), now.date(), tongue) if _date_words(rest, tongue) else None
    if day is None and _date_words(rest, tongue):
        return None
    if at is None and part is None:
        return _at(day, time(9), now) if day is not None else None
    named = day if day is not None else now.date() if of_today else None
    return _resolve(at, part, named, now)


@dataclass(frozen=True, slots=True)
class _At:
    """An hour as it was said; `sure`: morning and afternoon cannot be mixed up."""

    hour: int
    minute: int
    sure: bool


def _clock(plain: str, tongue: str) -> tuple[_At | None, str]:
    for pattern in _CLOCK[tongue]:
        match = re.search(rf"(?:^|(?<=[ ,])){pattern}(?![\w:])", plain)
        if match is not None and (at := _at_of(match)) is not None:
            return at, f"{plain[: match.start()]} {plain[match.end() :]}"
    return None, plain


def _at_of(match: re.Match[str]) -> _At | None:
    said = {name: value for name, value in match.groupdict().items() if value is not None}
    if "noon" in said or "midnight" in said:
        return _At(12 if "noon" in said else 0, 0, True)
    hour = next((said[name] for name in ("half", "past", "to", "hour") if name in said), "")
    number = 1 if hour == "una" else int(hour)
    minute = {"half": 30, "past": 15, "to": -15}.get(next(iter(said)), int(said.get("minute", 0)))
    if minute < 0:
        number, minute = (number - 1) % 24, minute + 60
    if number > 24 or minute > 59:
        return None
    half_day = said.get("half_day", "")[:1]
    if half_day and not 1 <= number <= 12:
        return None
    if half_day:
        number = number % 12 + (12 if half_day == "p" else 0)
    return _At(number % 24, minute, bool(half_day) or number > 12 or number == 0)


def _part_of_day(plain: str, tongue: str) -> tuple[_Part | None, str, bool]:
    of_today = re.search(rf"\b(?:{_TODAY[tongue]})\b", plain) is not None
    for pattern, part in _PARTS[tongue].items():
        match = re.search(rf"\b(?:{pattern})\b", plain)
        if match is not None:
            return part, f"{plain[: match.start()]} {plain[match.end() :]}", of_today
    return None, plain, False


def _date_words(rest: str, tongue: str) -> str:
    """What may name a day, without the small words round it."""
    names = (*MONTHS[tongue], *WEEKDAYS[tongue])
    words = rest if any(name[:4] in rest for name in names) else re.sub(_FILLERS[tongue], " ", rest)
    words = re.sub(r"^(?:on|il|per|di|,|\s)+\b|[\s,]+(?:at|alle|,)?\s*$", "", words)
    return re.sub(r"\s+", " ", words).strip(" ,")


def _resolve(at: _At | None, part: _Part | None, day: date | None, now: datetime) -> datetime | None:
    if at is None:
        return _at(day, time(part.hour), now) if part is not None else None
    hour = at.hour
    small_hours = part is not None and part.hour >= 20 and hour < 6
    if part is not None and part.late and not at.sure and hour < 12 and not small_hours:
        hour += 12
    sure = at.sure or part is not None
    if day is not None:
        if not sure and 1 <= hour < 7:
            hour += 12  # "tomorrow at three" is no hour of the night
        return _at(day, time(hour, at.minute), now, or_later=not sure)
    return _at(None, time(hour, at.minute), now, or_later=not sure)


def _at(day: date | None, clock: time, now: datetime, *, or_later: bool = False) -> datetime | None:
    """The next such moment, on `day` where that is given. `or_later`: the hour may be one after noon as well; those of
    the night are not meant by people who are up by day."""
    clocks = [clock, clock.replace(hour=clock.hour + 12)] if or_later and clock.hour < 12 else [clock]
    days = [day] if day is not None else [now.date() + timedelta(more) for more in range(3)]
    moments = [datetime.combine(one, hour, now.tzinfo) for one in days for hour in clocks]
    by_day = 5 <= now.hour < 20
    fit = [moment for moment in moments if moment > now and not (or_later and by_day and 0 < moment.hour < 5)]
    return fit[0] if fit else None


def said_clock(moment: datetime, language: str) -> str:
    """ "3:42 pm"; "le 15:42" with its verb in Italian, "sono le 15:42"."""
    if language != "it":
        return f"{moment.hour % 12 or 12}:{moment.minute:02d} {'pm' if moment.hour >= 12 else 'am'}"
    return f"{'è' if moment.hour == 1 else 'sono'} {_hours_it(moment)}"


def said_moment(moment: datetime, now: datetime, language: str) -> str:
    """When something is to be, as one says it: "at 5:00 pm", "tomorrow at 9:00 am", "on Friday, December 25 at …"."""
    away = (moment.date() - now.date()).days
    if language == "it":
        clock = f"al{_hours_it(moment)}"
        day = {0: "", 1: "domani "}.get(away, f"{said_day(moment.date(), 'it', year=away > 300)} ")
        return day + clock
    clock = f"at {said_clock(moment, 'en')}"
    day = {0: "", 1: "tomorrow "}.get(away, f"on {said_day(moment.date(), 'en', year=away > 300)} ")
    return day + clock


def _hours_it(moment: datetime) -> str:
    if moment.hour == 1:
        return f"l'una e {moment.minute}" if moment.minute else "l'una"
    return f"le {moment.hour}:{moment.minute:02d}"
