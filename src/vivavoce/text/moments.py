"""Points in time as people name them: "in ten minutes", "tomorrow at half past nine", "stasera alle otto", "um halb
neun". Pure; in the languages of `tongues`. Without a day the next such time is meant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import count

from vivavoce.text.days import day_of, said_day
from vivavoce.text.durations import seconds_of
from vivavoce.text.numerals import with_figures
from vivavoce.text.tongues import bare, bare_pattern, tongue
from vivavoce.text.tongues.tongue import Part

_LONGEST = 366 * 86_400


def moment_of(text: str, now: datetime, language: str) -> datetime | None:
    """The moment that `text` names, in the zone of `now`, never before it; None: it names none, or says more."""
    words = _words(tongue(language).code)
    plain = re.sub(r"\s+", " ", with_figures(text, language, lone=True)).strip(" .,?!")
    if (within := words.within.fullmatch(plain)) is not None:
        seconds = seconds_of(next(group for group in within.groups() if group), language)
        return None if seconds is None or not 0 < seconds <= _LONGEST else now + timedelta(seconds=seconds)
    at, rest = _clock(plain, words)
    part, rest, of_today = _part_of_day(rest, words)
    named_day = _date_words(rest, words)
    day = day_of(named_day, now.date(), language) if named_day else None
    if day is None and named_day:
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


@dataclass(frozen=True, slots=True)
class _Words:
    """Patterns of one language, without accents. `names`: beginnings of the names of days and months."""

    within: re.Pattern[str]
    clock: tuple[re.Pattern[str], ...]
    parts: tuple[tuple[re.Pattern[str], Part], ...]
    today: re.Pattern[str]
    fillers: re.Pattern[str]
    edges: re.Pattern[str]
    names: tuple[str, ...]


@cache
def _words(code: str) -> _Words:
    said, days = tongue(code).moments, tongue(code).days
    return _Words(
        re.compile(bare_pattern(said.within)),
        tuple(_timed(bare_pattern(pattern)) for pattern in said.clock),
        tuple((re.compile(rf"\b(?:{bare_pattern(pattern)})\b"), part) for pattern, part in said.parts.items()),
        re.compile(rf"\b(?:{bare_pattern(said.today)})\b"),
        re.compile(bare_pattern(said.fillers)),
        re.compile(bare_pattern(said.edges)),
        tuple(bare(name)[:4] for name in (*days.months, *days.weekdays)),
    )


def _timed(pattern: str) -> re.Pattern[str]:
    """A time among other words. A group's name may stand in several places, which `re` does not take."""
    place = count(1)
    numbered = re.sub(r"\?P<(\w+)>", lambda match: f"?P<{match[1]}_{next(place)}>", pattern)
    return re.compile(rf"(?:^|(?<=[ ,]))(?:{numbered})(?![\w:])")


def _clock(plain: str, words: _Words) -> tuple[_At | None, str]:
    for pattern in words.clock:
        match = pattern.search(plain)
        if match is not None and (at := _at_of(match)) is not None:
            return at, f"{plain[: match.start()]} {plain[match.end() :]}"
    return None, plain


_OFFSETS = {"half": 30, "past": 15, "to": -15, "half_to": -30}
_ONE = frozenset(("una", "une"))


def _at_of(match: re.Match[str]) -> _At | None:
    said = {name.rpartition("_")[0]: value for name, value in match.groupdict().items() if value is not None}
    if "noon" in said or "midnight" in said:
        return _At(12 if "noon" in said else 0, 0, True)
    name = next(name for name in (*_OFFSETS, "hour") if name in said)
    number = 1 if said[name] in _ONE else int(said[name])
    minute = _OFFSETS.get(name, int(said.get("minute", 0)) - int(said.get("minutes_to", 0)))
    if minute < 0:
        number, minute = (number - 1) % 24, minute + 60
    if number > 24 or not 0 <= minute <= 59:
        return None
    half_day = said.get("half_day", "")[:1]
    if half_day and not 1 <= number <= 12:
        return None
    if half_day:
        number = number % 12 + (12 if half_day == "p" else 0)
    return _At(number % 24, minute, bool(half_day) or number > 12 or number == 0)


def _part_of_day(plain: str, words: _Words) -> tuple[Part | None, str, bool]:
    of_today = words.today.search(plain) is not None
    for pattern, part in words.parts:
        match = pattern.search(plain)
        if match is not None:
            return part, f"{plain[: match.start()]} {plain[match.end() :]}", of_today
    return None, plain, False


def _date_words(rest: str, words: _Words) -> str:
    """What may name a day, without the small words round it."""
    named = rest if any(name in rest for name in words.names) else words.fillers.sub(" ", rest)
    return re.sub(r"\s+", " ", words.edges.sub("", named)).strip(" ,")


def _resolve(at: _At | None, part: Part | None, day: date | None, now: datetime) -> datetime | None:
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
    """What time it is: "It is 3:42 pm", "Sono le 15:42", "Es ist 15:42 Uhr"."""
    said = tongue(language).moments
    return (said.now_one or said.now if moment.hour == 1 else said.now).format(clock=_figures(moment, language))


def said_moment(moment: datetime, now: datetime, language: str) -> str:
    """When something is to be, as one says it: "at 5:00 pm", "tomorrow at 9:00 am", "on Friday, December 25 at …"."""
    away = (moment.date() - now.date()).days
    said = tongue(language).moments
    at = (said.at_one or said.at if moment.hour == 1 else said.at).format(clock=_figures(moment, language))
    if away == 0:
        return at
    if away == 1:
        return said.tomorrow.format(clock=at)
    return said.on.format(day=said_day(moment.date(), language, year=away > 300, on=True), clock=at)


def _figures(moment: datetime, language: str) -> str:
    if tongue(language).moments.twelve:
        return f"{moment.hour % 12 or 12}:{moment.minute:02d} {'pm' if moment.hour >= 12 else 'am'}"
    if language == "it" and moment.hour == 1:
        return f"una e {moment.minute}" if moment.minute else "una"
    return f"{moment.hour}:{moment.minute:02d}"
