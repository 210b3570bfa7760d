"""Days as people name them: "tomorrow", "next Friday", "the 25th of December", "Ferragosto". Pure; English, Italian."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

from vivavoce.text.numbers import ordinal

WEEKDAYS = {
    "en": ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    "it": ("lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"),
}
MONTHS = {
    "en": ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
           "december"),
    "it": ("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre",
           "novembre", "dicembre"),
}  # fmt: skip
_NEAR = {
    "en": {"the day after tomorrow": 2, "day after tomorrow": 2, "tomorrow": 1, "today": 0, "yesterday": -1},
    "it": {"dopodomani": 2, "domani": 1, "oggi": 0, "ieri": -1},
}
_FEASTS = {
    "en": {
        "christmas eve": (12, 24), "christmas": (12, 25), "christmas day": (12, 25), "boxing day": (12, 26),
        "new year's eve": (12, 31), "new year": (1, 1), "new year's": (1, 1), "new year's day": (1, 1),
        "valentine's day": (2, 14), "halloween": (10, 31), "epiphany": (1, 6), "saint patrick's day": (3, 17),
        "independence day": (7, 4), "the fourth of july": (7, 4),
    },
    "it": {
        "vigilia di natale": (12, 24), "natale": (12, 25), "santo stefano": (12, 26), "san silvestro": (12, 31),
        "capodanno": (1, 1), "epifania": (1, 6), "befana": (1, 6), "san valentino": (2, 14), "ferragosto": (8, 15),
        "halloween": (10, 31), "ognissanti": (11, 1), "festa della liberazione": (4, 25), "primo maggio": (5, 1),
        "festa della repubblica": (6, 2),
    },
}  # fmt: skip
_EASTER = {
    "en": {"easter": 0, "easter sunday": 0, "good friday": -2, "easter monday": 1},
    "it": {"pasqua": 0, "pasquetta": 1, "venerdì santo": -2},
}


def day_of(text: str, today: date, language: str) -> date | None:
    """The day that `text` names, the next one where several could be meant; None: it names none. "2027" may follow a
    feast or a date."""
    tongue = "it" if language == "it" else "en"
    plain = _plain(text, tongue)
    for find in (_near, _weekday, _feast, _date):
        if (found := find(plain, today, tongue)) is not None:
            return found
    return None


def said_day(day: date, language: str, *, year: bool = False) -> str:
    """ "Friday, December 25" or "venerdì 25 dicembre"; with the year where it matters."""
    tongue = "it" if language == "it" else "en"
    weekday, month = WEEKDAYS[tongue][day.weekday()], MONTHS[tongue][day.month - 1]
    if tongue == "it":
        return f"{weekday} {'primo' if day.day == 1 else day.day} {month}" + (f" {day.year}" if year else "")
    return f"{weekday.title()}, {month.title()} {day.day}" + (f", {day.year}" if year else "")


def easter(year: int) -> date:
    """Of the Gregorian calendar, by the rule of Meeus, Jones and Butcher."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    h = (19 * a + b - d - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    i, k = divmod(c, 4)
    rest = (32 + 2 * e + 2 * i - h - k) % 7
    month, day = divmod(h + rest - 7 * ((a + 11 * h + 22 * rest) // 451) + 114, 31)
    return date(year, month, day + 1)


def _plain(text: str, tongue: str) -> str:
    plain = text.lower().replace("’", "'").strip(" .,?!")
    plain = re.sub(r"^(?:on|il|la|l'|lo|per|this|questo|questa|next year's)\s*(?=\w)", "", plain)
    for number in range(31, 0, -1):  # "twenty-fifth" before "fifth"
        plain = plain.replace(ordinal(number, tongue), str(number)) if tongue == "en" else plain
    plain = re.sub(r"(?<=\d)(?:st|nd|rd|th)\b", "", plain)
    return re.sub(r"\bprimo (?=di |[a-z]+)", "1 ", plain) if tongue == "it" and plain != "primo maggio" else plain


def _near(plain: str, today: date, tongue: str) -> date | None:
    days = _NEAR[tongue].get(plain)
    return None if days is None else today + timedelta(days)


def _weekday(plain: str, today: date, tongue: str) -> date | None:
    names = "|".join(WEEKDAYS[tongue]).replace("ì", "[ìi]'?")
    match = re.fullmatch(rf"(next |this |prossimo )?({names})( prossimo| prossima)?", plain)
    if match is None:
        return None
    said = match[2].rstrip("'")
    number = next(place for place, name in enumerate(WEEKDAYS[tongue]) if name[:3] == said[:3])
    return today + timedelta((number - today.weekday() - 1) % 7 + 1)


def _feast(plain: str, today: date, tongue: str) -> date | None:
    name, year = _year(plain)
    if name in _FEASTS[tongue]:
        month, day = _FEASTS[tongue][name]
        return _next(lambda in_year: date(in_year, month, day), today, year)
    if name in _EASTER[tongue]:
        after = timedelta(_EASTER[tongue][name])
        return _next(lambda in_year: easter(in_year) + after, today, year)
    return None


def _date(plain: str, today: date, tongue: str) -> date | None:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", plain):
        return _valid(*map(int, plain.split("-")))
    name, year = _year(plain)
    months = "|".join(MONTHS[tongue])
    match = re.fullmatch(rf"(?:the )?(?P<day>\d{{1,2}})(?: of)?(?: di)? (?P<month>{months})", name)
    match = match or re.fullmatch(rf"(?P<month>{months}) (?:the )?(?P<day>\d{{1,2}})", name)
    if match is None:
        return None
    month, day = MONTHS[tongue].index(match["month"]) + 1, int(match["day"])
    if month == 2 and day == 29 and year is None:
        year = next(y for y in range(today.year, today.year + 9) if _valid(y, 2, 29) and date(y, 2, 29) >= today)
    if _valid(year or today.year, month, day) is None:
        return None
    return _next(lambda in_year: date(in_year, month, day), today, year)


def _year(plain: str) -> tuple[str, int | None]:
    """What is named, and the year behind it."""
    match = re.fullmatch(r"(.+?),?(?: of| in| del)? (\d{4})", plain)
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
