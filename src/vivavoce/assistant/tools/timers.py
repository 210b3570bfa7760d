"""Timers, reminders and alarms: set, list, cancel. `assistant/alarms.py` tells them when they are due."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

import dateparser

from vivavoce.assistant.alarms import ReminderShelf
from vivavoce.assistant.sentences import SPOKEN, phrase, sentence
from vivavoce.assistant.tools.clock import Clock
from vivavoce.assistant.tools.tool import Built, Given, answer, changes, failure, reads, schema, tongue_of, tongues_for
from vivavoce.conversation.items import new_id
from vivavoce.conversation.keepsakes import Reminder
from vivavoce.ports import ToolContext, ToolResult
from vivavoce.text.durations import said_duration, seconds_of
from vivavoce.text.moments import moment_of, said_moment
from vivavoce.text.relevance import ranked

Kind = Literal["timer", "reminder"]
LONGEST_TIMER = 7 * 86_400.0
FOUND = 0.5
_TIMER_WORDS = re.compile(r"\b(?:timers?|temporizador(?:es)?|minuteurs?|minuteries?|kurzzeitwecker)\b", re.IGNORECASE)
_REMINDER_WORDS = re.compile(
    r"\b(?:reminders?|alarms?|promemoria|sveglie?|sveglia|allarm[ei]|erinnerung(?:en)?|wecker|recordatorios?|alarmas?|"
    r"rappels?|alarmes?|réveils?)\b",
    re.IGNORECASE,
)
_ALL_WORDS = re.compile(
    r"\b(?:all|every|tutt[ei]|timers|reminders|alarms|sveglie|alle|erinnerungen|tod[oa]s|temporizadores|recordatorios|"
    r"alarmas|tous|toutes|minuteurs|minuteries|rappels|alarmes|réveils)\b",
    re.IGNORECASE,
)
_LINKS = re.compile(
    r"\b(?:the|my|for|about|of|to|il|la|i|le|gli|di|per|mio|mia|miei|mie|and|e|der|die|das|den|dem|mein|meine|meinen|für|an|"
    r"über|von|und|el|los|las|mi|mis|de|del|para|sobre|y|les|mon|ma|mes|pour|du|des|et)\b|\b[ld]'",
    re.IGNORECASE,
)
_ARTICLE = re.compile(
    r"^(?:(?:the|my|la|il|i|le|gli|der|die|das|den|el|los|las|les|mon|ma|mes|mi|mis|meine?n?) |l')", re.IGNORECASE
)


class TimerTools:
    def __init__(self, shelf: ReminderShelf, clock: Clock, changed: Callable[[], None]) -> None:
        """`changed()`: told whenever something was set or cancelled."""
        self._shelf, self._clock, self._changed = shelf, clock, changed

    def tools(self) -> list[Built]:
        when = "When, as said: in ten minutes, tomorrow at nine, on Friday at 3 pm"
        return [
            changes(
                "set_timer",
                "Start a timer that speaks up when it ends.",
                schema("duration", duration="How long: five minutes, an hour and a half", label="What it is for"),
                self._timer,
            ),
            changes(
                "set_reminder",
                "Remind the person of something at a time, or wake them.",
                schema("when", when=when, text="What of; leave it out for an alarm"),
                self._reminder,
            ),
            reads("list_timers", "The timers and reminders that are set, and the time left.", schema(), self._list),
            changes(
                "cancel_timer",
                "Cancel a timer, reminder or alarm.",
                schema(which="Which one: the pasta timer, the reminder about the dentist, all timers"),
                self._cancel,
            ),
        ]

    async def _timer(self, given: Given, context: ToolContext) -> ToolResult:
        said = given.need("duration")
        found = (seconds_of(said, tongue) for tongue in tongues_for(context))
        seconds = next((one for one in found if one is not None), None)
        if seconds is None or not 1 <= seconds <= LONGEST_TIMER:
            raise failure(context, "duration_unknown", said=said)
        label = _label(given.text("label"))
        await self._add(context, "timer", label, seconds, seconds)
        key, duration = "timer_set_called" if label else "timer_set", said_duration(seconds, tongue_of(context))
        return answer(context, key, label=label, duration=duration)

    async def _reminder(self, given: Given, context: ToolContext) -> ToolResult:
        tongue, said = tongue_of(context), given.need("when")
        now = await self._clock.here(context.owner)
        found = (moment_of(said, now, each) for each in tongues_for(context))
        moment = next((one for one in found if one is not None), None) or _parsed(said, now, tongue)
        if moment is None:
            raise failure(context, "moment_unknown", said=said)
        text = given.text("text").rstrip(".")
        await self._add(context, "reminder", text, (moment - now).total_seconds())
        key = "reminder_set" if text else "alarm_set"
        return answer(context, key, moment=said_moment(moment, now, tongue), text=text)

    async def _add(self, context: ToolContext, kind: Kind, text: str, wait: float, seconds: float = 0.0) -> None:
        now, tongue = self._clock.now(), tongue_of(context)
        tongue = tongue if tongue in SPOKEN else "en"
        await self._shelf.add(Reminder(new_id("rem"), context.owner, kind, text, now + wait, now, seconds, tongue))
        self._changed()

    async def _list(self, _: Given, context: ToolContext) -> ToolResult:
        pending = await self._shelf.pending(context.owner)
        tongue = tongue_of(context)
        if not pending:
            return answer(context, "nothing_set")
        now = await self._clock.here(context.owner)
        told = " ".join(_line(one, now, tongue) for one in pending[:5])
        return ToolResult(told, told if tongue in SPOKEN else None)

    async def _cancel(self, given: Given, context: ToolContext) -> ToolResult:
        which, tongue = given.text("which"), tongue_of(context)
        pending = await self._shelf.pending(context.owner)
        chosen = _chosen(which, pending, tongue)
        if not chosen:
            raise failure(context, "nothing_like_that")
        await self._shelf.delete(context.owner, [one.id for one in chosen])
        self._changed()
        if len(chosen) > 1:
            return answer(context, "cancelled_many", count=len(chosen))
        return answer(context, "cancelled", name=_name(chosen[0], tongue))


def _label(text: str) -> str:
    return _ARTICLE.sub("", _TIMER_WORDS.sub("", text).strip()).strip()


def _parsed(said: str, now: datetime, tongue: str) -> datetime | None:
    """What our own grammar does not know, dates as models write them among it."""
    base = {"RELATIVE_BASE": now.replace(tzinfo=None), "PREFER_DATES_FROM": "future", "REQUIRE_PARTS": ["day", "month"]}
    languages = [tongue if tongue in SPOKEN else "en"]
    found: datetime | None = dateparser.parse(said, languages=languages, settings=base)
    if found is None:
        return None
    moment = found if found.tzinfo else found.replace(tzinfo=now.tzinfo)
    return moment.astimezone(now.tzinfo) if moment > now else None


def _name(reminder: Reminder, tongue: str) -> str:
    if reminder.kind == "timer":
        key, length = "timer_name_called" if reminder.text else "timer_name", said_duration(reminder.seconds, tongue)
        return phrase(tongue, key, label=reminder.text, duration=length)
    return reminder.text or phrase(tongue, "alarm_name")


def _line(reminder: Reminder, now: datetime, tongue: str) -> str:
    name = _name(reminder, tongue)
    if reminder.kind == "timer":
        return sentence(tongue, "timer_line", name=name, left=said_duration(reminder.due - now.timestamp(), tongue))
    due = datetime.fromtimestamp(reminder.due, UTC).astimezone(now.tzinfo)
    return sentence(tongue, "reminder_line", name=name, moment=said_moment(due, now, tongue))


def _chosen(which: str, pending: list[Reminder], tongue: str) -> list[Reminder]:
    """Those that are meant: all of a kind, the only one of a kind, or the one of these words or this length."""
    kind = "timer" if _TIMER_WORDS.search(which) else "reminder" if _REMINDER_WORDS.search(which) else None
    fitting = [one for one in pending if kind in (None, one.kind)]
    words = _REMINDER_WORDS.sub(" ", _TIMER_WORDS.sub(" ", _ALL_WORDS.sub(" ", which)))
    words = _LINKS.sub(" ", words).strip(" .,")
    if not words:
        return fitting if _ALL_WORDS.search(which) or len(fitting) < 2 else fitting[:1]
    seconds = seconds_of(words, tongue)
    if seconds is not None:
        return [one for one in fitting if one.seconds == seconds][:1]
    found = ranked(words, fitting, lambda one: one.text)
    return [found[0][1]] if found and found[0][0] >= FOUND else []
