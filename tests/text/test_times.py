"""Durations, days and moments as people say them, in five languages."""

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
    "de": {
        "zehn Minuten": 600, "eine halbe Stunde": 1800, "anderthalb Stunden": 5400, "eine Viertelstunde": 900,
        "eine Dreiviertelstunde": 2700, "eine Stunde und zwanzig Minuten": 4800, "zweieinhalb Minuten": 150,
        "45 Sekunden": 45, "zwei Tagen": 172800, "eine Woche": 604800,
    },
    "es": {
        "diez minutos": 600, "media hora": 1800, "una hora y media": 5400, "un cuarto de hora": 900,
        "tres cuartos de hora": 2700, "una hora y veinte minutos": 4800, "dos minutos y medio": 150,
        "treinta y cinco segundos": 35, "un minuto": 60, "una semana": 604800,
    },
    "fr": {
        "dix minutes": 600, "une demi-heure": 1800, "une heure et demie": 5400, "un quart d'heure": 900,
        "trois quarts d'heure": 2700, "une heure et vingt minutes": 4800, "deux minutes et demie": 150,
        "quatre-vingt-dix secondes": 90, "une minute": 60, "deux heures trente": 9000, "vingt et une minutes": 1260,
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


@given(st.integers(1, 599), st.sampled_from(["en", "it", "de", "es", "fr"]))
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
    "de": {
        "übermorgen": "2026-11-27", "Weihnachten": "2026-12-25", "Ostern": "2027-03-28", "Silvester": "2026-12-31",
        "am 25. Dezember": "2026-12-25", "der erste Mai": "2027-05-01", "nächsten Freitag": "2026-11-27",
        "fünfundzwanzigsten Dezember 2027": "2027-12-25", "zum dritten März": "2027-03-03", "Sonnabend": "2026-11-28",
    },
    "es": {
        "pasado mañana": "2026-11-27", "Navidad": "2026-12-25", "Nochevieja": "2026-12-31",
        "el 25 de diciembre": "2026-12-25", "el primero de mayo": "2027-05-01", "el próximo viernes": "2026-11-27",
        "el veinticinco de diciembre de 2027": "2027-12-25", "el lunes que viene": "2026-11-30",
    },
    "fr": {
        "après-demain": "2026-11-27", "Noël": "2026-12-25", "Pâques": "2027-03-28", "aujourd'hui": "2026-11-25",
        "le 25 décembre": "2026-12-25", "le premier mai": "2027-05-01", "vendredi prochain": "2026-11-27",
        "le vingt-cinq décembre 2027": "2027-12-25", "le 14 juillet": "2027-07-14",
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


@given(st.dates(date(2026, 11, 25), date(2027, 11, 24)), st.sampled_from(["en", "it", "de", "es", "fr"]))
def test_a_day_is_told_so_that_it_is_understood_again(day, language):
    told = said_day(day, language).partition(" ")[2]
    assert day_of(told, NOW.date(), language) == day


MOMENTS = {
    "de": {
        "in zehn Minuten": "25 15:40", "um fünf": "25 17:00", "um 16:45 Uhr": "25 16:45", "um halb neun": "25 20:30",
        "um Viertel nach acht": "25 20:15", "um Viertel vor sieben": "25 18:45", "heute Abend": "25 19:00",
        "morgen um neun": "26 09:00", "morgen früh um sechs": "26 06:00", "morgen Abend um acht": "26 20:00",
        "am Freitag um drei Uhr": "27 15:00", "um zehn nach sechs": "25 18:10", "um fünf vor sechs": "25 17:55",
        "in einer halben Stunde": "25 16:00", "in zwei Tagen": "27 15:30", "um sieben Uhr dreißig": "25 19:30",
        "um Mitternacht": "26 00:00", "am Montag": "30 09:00",
    },
    "es": {
        "en diez minutos": "25 15:40", "a las cinco": "25 17:00", "a las 16:45": "25 16:45",
        "a las ocho y media": "25 20:30", "a las siete menos cuarto": "25 18:45", "esta noche": "25 21:00",
        "mañana a las nueve": "26 09:00", "mañana por la mañana": "26 09:00", "a la una": "26 13:00",
        "mañana a las siete y cuarto": "26 07:15", "el viernes a las tres": "27 15:00", "a mediodía": "26 12:00",
        "dentro de media hora": "25 16:00", "a las ocho de la tarde": "25 20:00", "a las seis y veinte": "25 18:20",
        "pasado mañana": "27 09:00", "el lunes": "30 09:00",
    },
    "fr": {
        "dans dix minutes": "25 15:40", "à cinq heures": "25 17:00", "à 16h45": "25 16:45",
        "à huit heures et demie": "25 20:30", "à sept heures moins le quart": "25 18:45", "ce soir": "25 20:00",
        "demain à neuf heures": "26 09:00", "demain matin": "26 09:00", "à midi": "26 12:00", "à minuit": "26 00:00",
        "vendredi à trois heures": "27 15:00", "dans une demi-heure": "25 16:00", "à huit heures du soir": "25 20:00",
        "demain à sept heures trente": "26 07:30", "après-demain": "27 09:00", "lundi": "30 09:00",
        "cet après-midi à quatre heures": "25 16:00",
    },
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
    assert said_moment(NOW + timedelta(days=1), NOW, "de") == "morgen um 15:30 Uhr"
    assert said_moment(NOW.replace(day=28), NOW, "de") == "am Samstag, dem 28. November, um 15:30 Uhr"
    assert said_moment(NOW.replace(hour=1, day=28), NOW, "es") == "el sábado 28 de noviembre a la 1:30"
    assert said_moment(NOW + timedelta(days=1), NOW, "fr") == "demain à 15:30"
    assert said_clock(NOW.replace(hour=1, minute=5), "it") == "È l'una e 5"
    assert said_clock(NOW, "de") == "Es ist 15:30 Uhr"
