"""Time zones by the names of places, in the languages that the tools speak: cities of the time zone database and
countries, by the names that Unicode's CLDR has for them, and a list of our own."""

from __future__ import annotations

import tomllib
import unicodedata
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale

from vivavoce.assistant.sentences import SPOKEN

_CONTINENTS = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")


def zone_of(place: str) -> ZoneInfo | None:
    """The zone of a place ("Tokyo", "il Giappone", "Europe/Rome"); None: we do not know the place."""
    name = _plain(place)
    for article in _ARTICLES:
        key = _names().get(name.removeprefix(article)) if name.startswith(article) else None
        if key is not None:
            return ZoneInfo(key)
    return None


_ARTICLES = ("", "the ", "in ", "il ", "la ", "l'", "gli ", "i ", "le ", "les ", "el ", "los ", "las ", "der ", "die ")


def is_zone(key: str) -> bool:
    """Whether `key` is the name of a zone as settings and profiles have it: "Europe/Rome"."""
    return key in available_timezones()


@cache
def _names() -> dict[str, str]:
    known = available_timezones()
    names = {_plain(key): key for key in known}
    for key in sorted(known):
        if key.startswith(_CONTINENTS):
            names.setdefault(_plain(key.rpartition("/")[2]), key)
    for language in SPOKEN:
        names = {name: key for name, key in _translated(language).items() if key in known} | names
    names |= _countries()
    ours = tomllib.loads((resources.files("vivavoce.assistant") / "places.toml").read_text(encoding="utf-8"))
    return names | {_plain(name): key for key, known in ours.items() for name in known}


def _countries() -> dict[str, str]:
    """Countries by their English names, at the first zone that the database lists for them: their largest."""
    database = resources.files("tzdata.zoneinfo")
    zones: dict[str, str] = {}
    for code, _, key in _rows((database / "zone.tab").read_text(encoding="utf-8")):
        zones.setdefault(code, key)
    named = _rows((database / "iso3166.tab").read_text(encoding="utf-8"))
    return {_plain(row[1].partition(" (")[0]): zones[row[0]] for row in named if row[0] in zones}


def _translated(language: str) -> dict[str, str]:
    """Cities and countries as a language calls them."""
    locale = Locale(language)
    cities = {_plain(zone["city"]): key for key, zone in locale.time_zones.items() if "city" in zone}
    database = (resources.files("tzdata.zoneinfo") / "zone.tab").read_text(encoding="utf-8")
    zones = dict(reversed([(code, key) for code, _, key in _rows(database)]))
    countries = {_plain(name): zones[code] for code, name in locale.territories.items() if code in zones}
    return countries | cities


def _rows(table: str) -> list[list[str]]:
    return [line.split("\t")[:3] for line in table.splitlines() if line and not line.startswith("#")]


def _plain(name: str) -> str:
    """Lower-case, without accents and underscores."""
    letters = unicodedata.normalize("NFKD", name.lower().replace("’", "'").replace("_", " "))
    return " ".join("".join(letter for letter in letters if not unicodedata.combining(letter)).strip(" .?!").split())
