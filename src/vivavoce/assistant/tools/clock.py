"""The time and the date, here and anywhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from vivavoce.assistant.places import zone_of
from vivavoce.assistant.sentences import phrase
from vivavoce.assistant.tools.tool import Built, Given, answer, failure, reads, schema, tongue_of, tongues_for
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
        place, tongue = given.text("place").strip(" .?!"), tongue_of(context)
        now = await self._at(place, context)
        clock = said_clock(now, tongue)
        if not place:
            return answer(context, "time", clock=clock)
        apart = (now.date() - (await self.here(context.owner)).date()).days
        key = {1: "day_there_next", -1: "day_there_before"}.get(apart)
        place = " ".join(
            word[:1].upper() + word[1:] if len(word) > 3 or word == "new" else word for word in place.split()
        )
        return answer(context, "time_there", clock=clock, day=phrase(tongue, key) if key else "", place=place)

    async def _date(self, given: Given, context: ToolContext) -> ToolResult:
        today = (await self._at(given.text("place"), context)).date()
        tongue, name = tongue_of(context), given.text("day")
        if not name:
            return answer(context, "today", day=said_day(today, tongue, year=True))
        day = self._day(name, today, context)
        return answer(context, "day_was" if day < today else "day_is", day=said_day(day, tongue, year=True))

    async def _until(self, given: Given, context: ToolContext) -> ToolResult:
        today = (await self.here(context.owner)).date()
        day = self._day(given.need("day"), today, context)
        days = (day - today).days
        key = {0: "until_today", 1: "until_tomorrow"}.get(days, "until_past" if days < 0 else "until")
        return answer(context, key, count=abs(days), day=said_day(day, tongue_of(context)))

    async def _at(self, place: str, context: ToolContext) -> datetime:
        if not place:
            return await self.here(context.owner)
        zone = zone_of(place)
        if zone is None:
            raise failure(context, "place_unknown", place=place)
        return datetime.fromtimestamp(self.now(), UTC).astimezone(zone)

    def _day(self, name: str, today: date, context: ToolContext) -> date:
        found = (day_of(name, today, tongue) for tongue in tongues_for(context))
        day = next((day for day in found if day is not None), None)
        if day is None:
            raise failure(context, "day_unknown", name=name)
        return day
