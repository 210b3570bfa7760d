"""Durations, days and moments as people say them, in English and Italian."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.text.days import day_of, easter, said_day
from vivavoce.text.durations import said_duration, seconds_of
from vivavoce.text.moments import moment_of, said_clock, said_moment

NOW = datetime(2026, 11, 25, 15, 30, tzinfo=ZoneInfo("Europe/Rome"))  # a Wednesday

DURATIONS = {
    "en": {
        "five minutes": 300, "an hour and a half": 5400, "1 hour 20 minutes": 4800, "half an hour": 1800,
        "a quarter of an hour": 900, "three quarters of an hour": 2700, "two and a half minutes": 150,
        "an hour, ten minutes and 5 seconds": 4205, "a couple of minutes": 120, "ninety seconds.": 90,
    },
    "it": {
        "cinque minuti": 300, "un'ora e mezza": 5400, "mezz’ora": 1800, "un quarto d'ora": 900, "una settimana": 604800,
        "tre quarti d'ora": 2700, "un'ora e venti minuti": 4800, "due minuti e mezzo": 150, "un minuto": 60,
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("language", "said", "seconds"), [(k, s, n) for k, d in DURATIONS.items() for s, n in d.items()]
)
def test_durations(language, said, seconds):
    assert seconds_of(said, language) == seconds


@pytest.mark.parametrize("said", ["five", "minutes", "5 eggs", "1 hour 2 hours", "five minutes of silence", ""])
def test_what_is_no_duration(said):
    assert seconds_of(said, "en") is None


@given(st.integers(1, 599), st.sampled_from(["en", "it"]))
def test_a_short_duration_is_told_so_that_it_is_understood_again(seconds, language):
    assert seconds_of(said_duration(seconds, language), language) == seconds


DAYS = {
    "en": {
        "tomorrow": "2026-11-26", "Christmas": "2026-12-25", "Easter": "2027-03-28", "next Friday": "2026-11-27",
        "the 25th of December 2027": "2027-12-25", "the first of May": "2027-05-01", "Wednesday": "2026-12-02",
        "twenty-fifth of December": "2026-12-25", "February 29": "2028-02-29", "2027-01-05": "2027-01-05",
        "new year’s eve": "2026-12-31", "the day after tomorrow": "2026-11-27",
    },
    "it": {
        "dopodomani": "2026-11-27", "Natale": "2026-12-25", "Pasqua 2027": "2027-03-28",
        "venerdì prossimo": "2026-11-27",
        "il 25 dicembre": "2026-12-25", "il primo gennaio": "2027-01-01", "Ferragosto": "2027-08-15",
    },
}  # fmt: skip


@pytest.mark.parametrize(("language", "said", "day"), [(k, s, n) for k, d in DAYS.items() for s, n in d.items()])
def test_days(language, said, day):
    assert day_of(said, NOW.date(), language) == date.fromisoformat(day)


@pytest.mark.parametrize("said", ["my birthday", "31 february", "the war", "", "9999-99-99", "13"])
def test_what_is_no_day(said):
    assert day_of(said, NOW.date(), "en") is None


@given(st.integers(1583, 4099))
def test_easter_is_a_sunday_in_spring(year):
    day = easter(year)
    assert day.weekday() == 6 and date(year, 3, 22) <= day <= date(year, 4, 25)


@given(st.dates(date(2026, 11, 25), date(2027, 11, 24)), st.sampled_from(["en", "it"]))
def test_a_day_is_told_so_that_it_is_understood_again(day, language):
    told = said_day(day, language).partition(", ")[2] if language == "en" else said_day(day, language).partition(" ")[2]
    assert day_of(told, NOW.date(), language) == day


MOMENTS = {
    "en": {
        "in ten minutes": "25 15:40", "half an hour from now": "25 16:00", "at five": "25 17:00",
        "at 16:45": "25 16:45",
        "5 p.m.": "25 17:00", "at 7:30": "25 19:30", "at half past nine": "25 21:30", "at three o'clock": "26 15:00",
        "at 8 am": "26 08:00", "tomorrow at nine": "26 09:00", "tomorrow at three": "26 15:00", "tonight": "25 20:00",
        "this evening at quarter to nine": "25 20:45", "on Friday at 3 pm": "27 15:00", "tomorrow morning": "26 09:00",
        "next Monday": "30 09:00", "at noon": "26 12:00", "at two in the morning": "26 02:00",
        "at seven thirty pm": "25 19:30",
    },
    "it": {
        "tra dieci minuti": "25 15:40", "fra mezz'ora": "25 16:00", "alle cinque": "25 17:00", "alle 18:30": "25 18:30",
        "alle 7 e mezza": "25 19:30", "alle tre e un quarto": "26 15:15", "domani alle nove": "26 09:00",
        "domani mattina alle 8": "26 08:00", "stasera alle otto": "25 20:00", "venerdì alle 15": "27 15:00",
        "all'una": "26 13:00", "a mezzogiorno": "26 12:00", "alle due di notte": "26 02:00",
        "lunedì prossimo alle 9": "30 09:00",
    },
}  # fmt: skip


@pytest.mark.parametrize(("language", "said", "when"), [(k, s, n) for k, d in MOMENTS.items() for s, n in d.items()])
def test_moments(language, said, when):
    assert moment_of(said, NOW, language) == datetime.strptime(f"2026-11-{when}", "%Y-%m-%d %H:%M").replace(
        tzinfo=NOW.tzinfo
    )


@pytest.mark.parametrize("said", ["to call mum", "when I get home", "this morning", "at 25:00", "in zero minutes", ""])
def test_what_is_no_moment(said):
    assert moment_of(said, NOW, "en") is None


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)), st.text(max_size=40), st.sampled_from(["en", "it"]))
def test_no_moment_is_past(at, said, language):
    now = at.replace(tzinfo=NOW.tzinfo)
    for words in (said, "at five", "alle 7", "tomorrow at 3", "domani mattina", "at midnight"):
        found = moment_of(words, now, language)
        assert found is None or found > now


def test_moments_are_told_with_the_day_where_it_is_another():
    assert said_moment(NOW + timedelta(hours=2), NOW, "en") == "at 5:30 pm"
    assert said_moment(NOW + timedelta(days=1), NOW, "it") == "domani alle 15:30"
    assert said_moment(NOW.replace(hour=1, day=28), NOW, "it") == "sabato 28 novembre all'una e 30"
    assert said_clock(NOW.replace(hour=1, minute=5), "it") == "è l'una e 5"
