"""What one language needs for numbers, sums, days and times to be understood and said, as data. Pure.

Patterns are regular expressions that are matched without accents and case, with every number in figures ("one" too).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Rewriting = tuple[str, str]
"""A pattern, and what takes its place."""


@dataclass(frozen=True, slots=True)
class Numerals:
    """`point`: the word before decimals; `figure`: a number as it is written; `grouped`: one with signs between its
    thousands; `ones`: words for 1 that also mean something else; `powers`: words of thousands and millions;
    `joined`: numbers below a million are one word, with this word for a thousand in it; `link`: a word that may stand
    between millions and the rest."""

    point: str
    figure: str
    grouped: str
    ones: frozenset[str]
    powers: Mapping[str, int]
    joined: str = ""
    link: str = ""
    also: Mapping[str, int] | None = None
    """Other words for numbers below a thousand."""


@dataclass(frozen=True, slots=True)
class Days:
    """`near`: days from today; `feasts`: month and day; `easter`: days after Easter Sunday; `lead`: small words before
    a day; `ordinals`: pattern of ordinal numbers' endings, and words that stand for 1 before a month; `weekday` and
    `dates`: patterns round the names of weekdays and months; `year`: what may stand before one. `said`: how a date is
    written, with {weekday}, {day} and {month}; `first`: the first of a month; `said_year`: the year behind it."""

    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    near: Mapping[str, int]
    feasts: Mapping[str, tuple[int, int]]
    easter: Mapping[str, int]
    lead: str
    ordinals: tuple[Rewriting, ...]
    weekday: str
    dates: tuple[str, ...]
    year: str
    said: str
    said_year: str
    first: str = "1"
    said_on: str = ""
    """The date where something happens on it, if that is written otherwise."""


@dataclass(frozen=True, slots=True)
class Durations:
    """`units`: patterns of their names; `said`: one and many; `link`: "and"; `lead`: small words before a length;
    `halves`: fractions and the like, as figures."""

    units: Mapping[str, str]
    said: Mapping[str, tuple[str, str]]
    link: str
    lead: str
    halves: tuple[Rewriting, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the day: when it is where no hour is said, and whether it makes hours up to 12 ones after noon."""

    hour: int
    late: bool


@dataclass(frozen=True, slots=True)
class Moments:
    """`within`: "in ten minutes"; `clock`: patterns of a time, whose groups say what they caught: `hour` and `minute`,
    `half_day` (am, pm), `half`, `past`, `to` (30 and 15 minutes after, 15 before that hour), `half_to` (30 before),
    `minutes_to` (so many before), `noon`, `midnight`; `parts` of the day; `today`: those that are of today; `fillers`:
    small words round a day; `edges`: what is cut off both ends. `at`, `at_one`: how a time is said; `now`, `now_one`:
    what time it is; `tomorrow`, `on`: with {clock} and {day}; `twelve`: the clock has twelve hours."""

    within: str
    clock: tuple[str, ...]
    parts: Mapping[str, Part]
    today: str
    fillers: str
    edges: str
    at: str
    now: str
    tomorrow: str
    on: str
    at_one: str = ""
    now_one: str = ""
    twelve: bool = False


@dataclass(frozen=True, slots=True)
class Tongue:
    """`sums`: words of arithmetic as signs, in the order in which they apply; `articles`: what may stand before a sum;
    `thousands`, `decimal`: signs in numbers that are written."""

    code: str
    numerals: Numerals
    days: Days
    durations: Durations
    moments: Moments
    sums: tuple[Rewriting, ...]
    articles: str
    thousands: str
    decimal: str
