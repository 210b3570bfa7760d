"""The time and the date, here and anywhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from vivavoce.assistant.places import zone_of
from vivavoce.assistant.tools.tool import Built, Given, answer, reads, schema, tongue_of
from vivavoce.errors import ToolFailed
from vivavoce.ports import ToolContext, ToolResult
from vivavoce.text.days import day_of, said_day
from vivavoce.text.moments import said_clock

Now = Callable[[], float]
"""Unix time in s."""
ZoneFor = Callable[[str], Awaitable[ZoneInfo]]
"""The zone in which an owner lives."""


class Clock:
    def __init__(self, now: Now, zone_for: ZoneFor) -> None:
        self.now, self._zone_for = now, zone_for

    def tools(self) -> list[Built]:
        place = "City or country; leave it out for the person's own place"
        day = "A day as people name it: tomorrow, next Friday, Christmas, December 25 2027; leave it out for today"
        return [
            reads("get_time", "The time now, here or anywhere in the world.", schema(place=place), self._time),
            reads(
                "get_date", "Weekday and date: of today, or of a day by name.", schema(day=day, place=place), self._date
            ),
            reads("days_until", "How many days it is until a day.", schema("day", day=day), self._until),
        ]

    async def here(self, owner: str) -> datetime:
        """Now, where the owner lives."""
        return datetime.fromtimestamp(self.now(), UTC).astimezone(await self._zone_for(owner))

    async def _time(self, given: Given, context: ToolContext) -> ToolResult:
        place = given.text("place").strip(" .?!")
        now = await self._at(place, context)
        en, it = said_clock(now, "en"), said_clock(now, "it")
        if not place:
            return answer(context, f"It is {en}.", f"{it}.".capitalize())
        apart = now.date() - (await self.here(context.owner)).date()
        day_en = {1: " tomorrow", -1: " yesterday"}.get(apart.days, "")
        day_it = {1: " di domani", -1: " di ieri"}.get(apart.days, "")
        place = " ".join(
            word[:1].upper() + word[1:] if len(word) > 3 or word == "new" else word for word in place.split()
        )
        it = it[:1].upper() + it[1:]
        return answer(context, f"It is {en}{day_en} in {place}.", f"{it}{day_it}, ora di {place}.")

    async def _date(self, given: Given, context: ToolContext) -> ToolResult:
        today = (await self._at(given.text("place"), context)).date()
        if not (name := given.text("day")):
            en, it = said_day(today, "en", year=True), said_day(today, "it", year=True)
            return answer(context, f"Today is {en}.", f"Oggi è {it}.")
        day = self._day(name, today, context)
        verb_en, verb_it = ("was", "era") if day < today else ("is", "è")
        en, it = said_day(day, "en", year=True), said_day(day, "it", year=True)
        return answer(context, f"That {verb_en} {en}.", f"{verb_it} {it}.".capitalize())

    async def _until(self, given: Given, context: ToolContext) -> ToolResult:
        today = (await self.here(context.owner)).date()
        day = self._day(given.need("day"), today, context)
        days = (day - today).days
        en, it = said_day(day, "en"), said_day(day, "it")
        match days:
            case 0:
                return answer(context, f"That is today, {en}.", f"È oggi, {it}.")
            case 1:
                return answer(context, f"That is tomorrow, {en}.", f"È domani, {it}.")
            case _ if days < 0:
                return answer(context, f"That was {-days} days ago, on {en}.", f"È stato {-days} giorni fa, {it}.")
            case _:
                return answer(context, f"{days} days, until {en}.", f"Mancano {days} giorni, fino a {it}.")

    async def _at(self, place: str, context: ToolContext) -> datetime:
        if not place:
            return await self.here(context.owner)
        zone = zone_of(place)
        if zone is None:
            en, it = f"I do not know what time zone {place} is in.", f"Non so in che fuso orario si trova {place}."
            raise ToolFailed(it if tongue_of(context) == "it" else en)
        return datetime.fromtimestamp(self.now(), UTC).astimezone(zone)

    def _day(self, name: str, today: date, context: ToolContext) -> date:
        tongue = tongue_of(context)
        day = day_of(name, today, tongue) or day_of(name, today, "en") or day_of(name, today, "it")
        if day is None:
            raise ToolFailed(f"Non so che giorno è {name}." if tongue == "it" else f"I do not know what day {name} is.")
        return day
