"""Timers, reminders and alarms: set, list, cancel. `assistant/alarms.py` tells them when they are due."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

import dateparser

from vivavoce.assistant.alarms import ReminderShelf
from vivavoce.assistant.tools.clock import Clock
from vivavoce.assistant.tools.tool import Built, Given, answer, changes, reads, schema, tongue_of
from vivavoce.conversation.items import new_id
from vivavoce.conversation.keepsakes import Reminder
from vivavoce.errors import ToolFailed
from vivavoce.ports import ToolContext, ToolResult
from vivavoce.text.durations import said_duration, seconds_of
from vivavoce.text.moments import moment_of, said_moment
from vivavoce.text.relevance import ranked

Kind = Literal["timer", "reminder"]
LONGEST_TIMER = 7 * 86_400.0
FOUND = 0.5
_TIMER_WORDS = re.compile(r"\btimers?\b", re.IGNORECASE)
_REMINDER_WORDS = re.compile(r"\b(?:reminders?|alarms?|promemoria|sveglie?|sveglia|allarm[ei])\b", re.IGNORECASE)
_ALL_WORDS = re.compile(r"\b(?:all|every|tutt[ei]|timers|reminders|alarms|sveglie)\b", re.IGNORECASE)
_LINKS = re.compile(r"\b(?:the|my|for|about|of|to|il|la|i|le|gli|di|per|mio|mia|miei|mie|and|e)\b|l'", re.IGNORECASE)


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
        tongue, said = tongue_of(context), given.need("duration")
        seconds = next((found for lang in (tongue, "en", "it") if (found := seconds_of(said, lang)) is not None), None)
        if seconds is None or not 1 <= seconds <= LONGEST_TIMER:
            raise ToolFailed(f"Non so quanto dura {said}." if tongue == "it" else f"I do not know how long {said} is.")
        label = _label(given.text("label"))
        await self._add(context, "timer", label, seconds, seconds)
        en = f"{label} timer" if label else "Timer"
        it = f"Timer {label}" if label else "Timer"
        return answer(
            context,
            f"{en[:1].upper()}{en[1:]} set for {said_duration(seconds, 'en')}.",
            f"{it} impostato: {said_duration(seconds, 'it')}.",
        )

    async def _reminder(self, given: Given, context: ToolContext) -> ToolResult:
        tongue, said = tongue_of(context), given.need("when")
        now = await self._clock.here(context.owner)
        moment = next((found for lang in (tongue, "en", "it") if (found := moment_of(said, now, lang))), None)
        moment = moment or _parsed(said, now, tongue)
        if moment is None:
            raise ToolFailed(f"Non so quando è {said}." if tongue == "it" else f"I do not know when {said} is.")
        text = given.text("text").rstrip(".")
        await self._add(context, "reminder", text, (moment - now).total_seconds())
        en, it = said_moment(moment, now, "en"), said_moment(moment, now, "it")
        if not text:
            return answer(context, f"Alarm set, {en}.", f"Sveglia impostata, {it}.")
        return answer(context, f"I will remind you {en}: {text}.", f"Te lo ricordo {it}: {text}.")

    async def _add(self, context: ToolContext, kind: Kind, text: str, wait: float, seconds: float = 0.0) -> None:
        now = self._clock.now()
        tongue = "it" if tongue_of(context) == "it" else "en"
        await self._shelf.add(Reminder(new_id("rem"), context.owner, kind, text, now + wait, now, seconds, tongue))
        self._changed()

    async def _list(self, _: Given, context: ToolContext) -> ToolResult:
        pending = await self._shelf.pending(context.owner)
        if not pending:
            return answer(context, "No timers or reminders are set.", "Non ci sono timer né promemoria.")
        now = await self._clock.here(context.owner)
        en, it = (" ".join(_line(one, now, lang) for one in pending[:5]) for lang in ("en", "it"))
        return answer(context, en, it)

    async def _cancel(self, given: Given, context: ToolContext) -> ToolResult:
        which = given.text("which")
        pending = await self._shelf.pending(context.owner)
        chosen = _chosen(which, pending, tongue_of(context))
        if not chosen:
            it = tongue_of(context) == "it"
            raise ToolFailed("Non è impostato nulla del genere." if it else "Nothing like that is set.")
        await self._shelf.delete(context.owner, [one.id for one in chosen])
        self._changed()
        if len(chosen) > 1:
            return answer(context, f"I cancelled {len(chosen)} of them.", f"Ne ho annullati {len(chosen)}.")
        return answer(context, f"Cancelled: {_name(chosen[0], 'en')}.", f"Annullato: {_name(chosen[0], 'it')}.")


def _label(text: str) -> str:
    return re.sub(r"^(?:the|my|la|il|i|le|gli|l') ?", "", _TIMER_WORDS.sub("", text)).strip()


def _parsed(said: str, now: datetime, tongue: str) -> datetime | None:
    """What our own grammar does not know, dates as models write them among it."""
    base = {"RELATIVE_BASE": now.replace(tzinfo=None), "PREFER_DATES_FROM": "future", "REQUIRE_PARTS": ["day", "month"]}
    languages = ["it" if tongue == "it" else "en"]
    found: datetime | None = dateparser.parse(said, languages=languages, settings=base)
    if found is None:
        return None
    moment = found if found.tzinfo else found.replace(tzinfo=now.tzinfo)
    return moment.astimezone(now.tzinfo) if moment > now else None


def _name(reminder: Reminder, language: str) -> str:
    it = language == "it"
    if reminder.kind == "timer":
        length = said_duration(reminder.seconds, language)
        if reminder.text:
            return f"timer {reminder.text}" if it else f"{reminder.text} timer"
        return f"timer di {length}" if it else f"timer of {length}"
    return reminder.text or ("sveglia" if it else "alarm")


def _line(reminder: Reminder, now: datetime, language: str) -> str:
    name = _name(reminder, language)
    name = name[:1].upper() + name[1:]
    left = reminder.due - now.timestamp()
    if reminder.kind == "timer":
        return f"{name}: {'mancano' if language == 'it' else 'still'} {said_duration(left, language)}."
    due = datetime.fromtimestamp(reminder.due, UTC).astimezone(now.tzinfo)
    return f"{name}, {said_moment(due, now, language)}."


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
