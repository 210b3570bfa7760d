"""Notes and lists: add, find, read, delete."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Protocol

from vivavoce.assistant.sentences import phrase
from vivavoce.assistant.tools.tool import Built, Given, answer, changes, failure, reads, schema, tongue_of
from vivavoce.conversation.keepsakes import Note
from vivavoce.ports import ToolContext, ToolResult
from vivavoce.text.relevance import ranked

AT_ONCE = 5
"""Notes that are told at once: more nobody keeps in mind."""
FOUND = 0.5
"""Share of the words asked for that a note has to hold."""
_LAST = frozenset(
    "last latest newest most recent ultima ultimo più recente letzte letzten neueste jüngste última último reciente "
    "dernière dernier récente".split()
)
_FIRST = frozenset("first oldest prima primo erste ersten älteste primera primero antigua première premier".split())
_NOTE = re.compile(r"\b(?:notes?|nota|notas|notizen?|the|la|my|mia|one|meine|die|mi|ma|plus|más|le|el|l')\b")


class NoteShelf(Protocol):
    async def add(self, owner: str, text: str, on: str = "") -> Note: ...
    async def all(self, owner: str) -> list[Note]: ...
    async def delete(self, owner: str, ids: Collection[str]) -> int: ...


class NoteTools:
    def __init__(self, shelf: NoteShelf) -> None:
        self._shelf = shelf

    def tools(self) -> list[Built]:
        on = "Name of a list, such as shopping list; leave it out for a plain note"
        which = "Words of the note, or: last, first"
        return [
            changes(
                "add_note",
                "Write down a note, or something on a list.",
                schema("text", text="What to write down", list=on),
                self._add,
            ),
            reads(
                "find_notes",
                "Read the person's notes or a list, or those about something.",
                schema(query="What they are about; leave it out for all", list=on),
                self._find,
            ),
            changes(
                "delete_note",
                "Delete one note, or an entry of a list.",
                schema("which", which=which, list=on),
                self._delete,
            ),
            changes("delete_all_notes", "Delete every note of the person.", schema(), self._clear, asks_first=True),
        ]

    async def _add(self, given: Given, context: ToolContext) -> ToolResult:
        text, on = given.need("text"), _list(given.text("list"))
        await self._shelf.add(context.owner, text, on)
        return answer(context, "noted_on" if on else "noted", text=text, list=_named(on, context))

    async def _find(self, given: Given, context: ToolContext) -> ToolResult:
        on, query = _list(given.text("list")), given.text("query")
        notes = [note for note in await self._shelf.all(context.owner) if note.list == on or (not on and query)]
        if query:
            notes = [note for score, note in ranked(query, notes, lambda it: f"{it.text} {it.list}") if score >= FOUND]
        if on:
            return _told_list(notes, on, context)
        if not notes:
            return answer(context, "no_notes_about" if query else "no_notes", query=query)
        newest = notes[:AT_ONCE] if query else notes[::-1][:AT_ONCE]
        said = " ".join(f"{note.text.rstrip('.')}." for note in newest)
        key = "one_note" if len(notes) == 1 else "all_notes" if len(notes) == len(newest) else "some_notes"
        return answer(context, key, count=len(notes), shown=len(newest), notes=said)

    async def _delete(self, given: Given, context: ToolContext) -> ToolResult:
        on = _list(given.text("list"))
        notes = [note for note in await self._shelf.all(context.owner) if not on or note.list == on]
        note = _chosen(given.need("which"), notes)
        if note is None:
            raise failure(context, "no_such_note")
        await self._shelf.delete(context.owner, [note.id])
        return answer(context, "note_deleted", text=note.text)

    async def _clear(self, given: Given, context: ToolContext) -> ToolResult:
        gone = await self._shelf.delete(context.owner, [note.id for note in await self._shelf.all(context.owner)])
        return answer(context, "notes_deleted_one" if gone == 1 else "notes_deleted", count=gone)


def _list(name: str) -> str:
    """Lists are found by their names, whatever their case; "to do list" and "to-do list" are one."""
    return name.lower().replace("to do", "to-do").removeprefix("my ").removeprefix("the ").strip()


def _named(on: str, context: ToolContext) -> str:
    """A list's name as it is written: German has a capital in it."""
    return on[:1].upper() + on[1:] if tongue_of(context) == "de" else on


def _told_list(notes: list[Note], on: str, context: ToolContext) -> ToolResult:
    if not notes:
        return answer(context, "list_empty", list=_named(on, context))
    names, link = [note.text for note in notes], phrase(tongue_of(context), "and")
    entries = f"{', '.join(names[:-1])} {link} {names[-1]}" if len(names) > 1 else names[0]
    return answer(context, "list_read", list=_named(on, context), entries=entries)


def _chosen(which: str, notes: list[Note]) -> Note | None:
    words = set(_NOTE.sub("", which.lower()).split())
    if notes and words and words <= _LAST:
        return notes[-1]
    if notes and words and words <= _FIRST:
        return notes[0]
    found = ranked(which, notes, lambda note: note.text)
    return found[0][1] if found and found[0][0] >= FOUND else None
