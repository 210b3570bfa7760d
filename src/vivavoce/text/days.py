"""Days as people name them: "tomorrow", "next Friday", "the 25th of December", "Ferragosto". Pure; in the languages of
`tongues`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache

from vivavoce.text.numbers import ordinal
from vivavoce.text.numerals import with_figures
from vivavoce.text.tongues import bare, bare_pattern, tongue
from vivavoce.text.tongues.tongue import Days


def day_of(text: str, today: date, language: str) -> date | None:
    """The day that `text` names, the next one where several could be meant; None: it names none. "2027" may follow a
    feast or a date."""
    code = tongue(language).code
    plain = _plain(text, code)
    for find in (_near, _weekday, _feast, _date):
        if (found := find(plain, today, _words(code))) is not None:
            return found
    return None


def said_day(day: date, language: str, *, year: bool = False, on: bool = False) -> str:
    """ "Friday, December 25", "venerdì 25 dicembre", "Freitag, der 25. Dezember"; with the year where it matters. `on`:
    something happens then, "am Freitag, dem 25. Dezember"."""
    code, days = tongue(language).code, tongue(language).days
    weekday, month = days.weekdays[day.weekday()], days.months[day.month - 1]
    if code in ("en", "de"):
        weekday, month = weekday.title(), month.title()
    written = days.said_on or days.said if on else days.said
    said = written.format(weekday=weekday, month=month, day=days.first if day.day == 1 else day.day)
    return said + (days.said_year.format(year=day.year) if year else "")


def easter(year: int) -> date:
    """Of the Gregorian calendar, by the rule of Meeus, Jones and Butcher."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    h = (19 * a + b - d - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    i, k = divmod(c, 4)
    rest = (32 + 2 * e + 2 * i - h - k) % 7
    month, day = divmod(h + rest - 7 * ((a + 11 * h + 22 * rest) // 451) + 114, 31)
    return date(year, month, day + 1)


@cache
def _words(code: str) -> Days:
    """Of a language, without accents."""
    days = tongue(code).days
    return Days(
        weekdays=tuple(bare(name) for name in days.weekdays),
        months=tuple(bare(name) for name in days.months),
        near={bare(name): value for name, value in days.near.items()},
        feasts={bare(name): value for name, value in days.feasts.items()},
        easter={bare(name): value for name, value in days.easter.items()},
        lead=bare_pattern(days.lead),
        ordinals=tuple((bare_pattern(pattern), said) for pattern, said in days.ordinals),
        weekday=bare_pattern(days.weekday),
        dates=tuple(bare_pattern(pattern) for pattern in days.dates),
        year=bare_pattern(days.year),
        said=days.said,
        said_year=days.said_year,
    )


@cache
def _ordinals(code: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Ordinal numbers up to 31 in words, the longest first, where `numbers` knows them."""
    if code not in ("en", "de"):
        return ()
    ending = r"[nrs]?\b" if code == "de" else r"\b"
    return tuple((re.compile(rf"\b{bare(ordinal(n, code))}{ending}"), str(n)) for n in range(31, 0, -1))


def _plain(text: str, code: str) -> str:
    plain = bare(text).strip(" .,?!")
    for pattern, figure in _ordinals(code):  # "twenty-fifth" before "fifth"
        plain = pattern.sub(figure, plain)
    plain = re.sub(r"\s+", " ", with_figures(plain, code, lone=True))
    for ending, said in _words(code).ordinals:
        plain = re.sub(ending, said, plain)
    plain = re.sub(rf"^(?:{_words(code).lead})(?:(?<=')| )(?=\w)", "", plain)
    return re.sub(r"\s+", " ", plain).strip()


def _near(plain: str, today: date, words: Days) -> date | None:
    days = words.near.get(plain)
    return None if days is None else today + timedelta(days)


def _weekday(plain: str, today: date, words: Days) -> date | None:
    match = re.fullmatch(words.weekday.format(names="|".join(words.weekdays)), plain)
    if match is None:
        return None
    saturday = 5  # "Sonnabend"
    number = words.weekdays.index(match[1]) if match[1] in words.weekdays else saturday
    return today + timedelta((number - today.weekday() - 1) % 7 + 1)


def _feast(plain: str, today: date, words: Days) -> date | None:
    name, year = _year(plain, words)
    if name in words.feasts:
        month, day = words.feasts[name]
        return _next(lambda in_year: date(in_year, month, day), today, year)
    if name in words.easter:
        after = timedelta(words.easter[name])
        return _next(lambda in_year: easter(in_year) + after, today, year)
    return None


def _date(plain: str, today: date, words: Days) -> date | None:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", plain):
        return _valid(*map(int, plain.split("-")))
    name, year = _year(plain, words)
    months = "|".join(words.months)
    matches = (re.fullmatch(re.sub(r"\{months\}", lambda _: months, pattern), name) for pattern in words.dates)
    match = next((match for match in matches if match is not None), None)
    if match is None:
        return None
    month, day = _month(match["month"], words), int(match["day"])
    if month == 2 and day == 29 and year is None:
        year = next(y for y in range(today.year, today.year + 9) if _valid(y, 2, 29) and date(y, 2, 29) >= today)
    if _valid(year or today.year, month, day) is None:
        return None
    return _next(lambda in_year: date(in_year, month, day), today, year)


def _month(name: str, words: Days) -> int:
    """By its name, or another one that begins like it: "setiembre", "feber"."""
    if name in words.months:
        return words.months.index(name) + 1
    letters = 2 if name.startswith("set") else 3
    return next(n for n, month in enumerate(words.months, 1) if month[:letters] == name[:letters])


def _year(plain: str, words: Days) -> tuple[str, int | None]:
    """What is named, and the year behind it."""
    match = re.fullmatch(rf"(.+?),?{words.year} (\d{{4}})", plain)
    return (match[1], int(match[2])) if match and int(match[2]) else (plain, None)


def _next(on: Callable[[int], date], today: date, year: int | None) -> date:
    if year is not None:
        return on(year)
    this = on(today.year)
    return this if this >= today else on(today.year + 1)


def _valid(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
