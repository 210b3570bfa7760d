"""Notes and lists: add, find, read, delete."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from vivavoce.assistant.tools.tool import Built, Given, answer, changes, reads, schema, tongue_of
from vivavoce.conversation.keepsakes import Note
from vivavoce.errors import ToolFailed
from vivavoce.ports import ToolContext, ToolResult
from vivavoce.text.relevance import ranked

AT_ONCE = 5
"""Notes that are told at once: more nobody keeps in mind."""
FOUND = 0.5
"""Share of the words asked for that a note has to hold."""
_LAST = frozenset("last latest newest most recent ultima ultimo più recente".split())
_FIRST = frozenset("first oldest prima primo".split())


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
        if on:
            return answer(context, f"I put {text} on your {on}.", f"Ho messo {text} nella tua {on}.")
        return answer(context, f"Noted: {text}.", f"Annotato: {text}.")

    async def _find(self, given: Given, context: ToolContext) -> ToolResult:
        on, query = _list(given.text("list")), given.text("query")
        notes = [note for note in await self._shelf.all(context.owner) if note.list == on or (not on and query)]
        if query:
            notes = [note for score, note in ranked(query, notes, lambda it: f"{it.text} {it.list}") if score >= FOUND]
        if on:
            return _told_list(notes, on, context)
        if not notes:
            about_en, about_it = (f" about {query}", f" su {query}") if query else ("", "")
            return answer(context, f"You have no notes{about_en}.", f"Non hai note{about_it}.")
        newest = notes[:AT_ONCE] if query else notes[::-1][:AT_ONCE]
        said = " ".join(f"{note.text.rstrip('.')}." for note in newest)
        if len(newest) == 1:
            return answer(context, f"One note: {said}", f"Una nota: {said}")
        of = len(notes)
        en = f"You have {of} notes." if of == len(newest) else f"You have {of} notes. The first {len(newest)}:"
        it = f"Hai {of} note." if of == len(newest) else f"Hai {of} note. Le prime {len(newest)}:"
        return answer(context, f"{en} {said}", f"{it} {said}")

    async def _delete(self, given: Given, context: ToolContext) -> ToolResult:
        on = _list(given.text("list"))
        notes = [note for note in await self._shelf.all(context.owner) if not on or note.list == on]
        note = _chosen(given.need("which"), notes)
        if note is None:
            it = tongue_of(context) == "it"
            raise ToolFailed("Non ho trovato una nota così." if it else "I found no such note.")
        await self._shelf.delete(context.owner, [note.id])
        return answer(context, f"Deleted: {note.text}.", f"Cancellata: {note.text}.")

    async def _clear(self, given: Given, context: ToolContext) -> ToolResult:
        gone = await self._shelf.delete(context.owner, [note.id for note in await self._shelf.all(context.owner)])
        if gone == 1:
            return answer(context, "I deleted one note.", "Ho cancellato una nota.")
        return answer(context, f"I deleted {gone} notes.", f"Ho cancellato {gone} note.")


def _list(name: str) -> str:
    """Lists are found by their names, whatever their case; "to do list" and "to-do list" are one."""
    return name.lower().replace("to do", "to-do").removeprefix("my ").removeprefix("the ").strip()


def _told_list(notes: list[Note], on: str, context: ToolContext) -> ToolResult:
    if not notes:
        return answer(context, f"Your {on} is empty.", f"La tua {on} è vuota.")
    names = [note.text for note in notes]
    joined = {
        word: f"{', '.join(names[:-1])} {word} {names[-1]}" if len(names) > 1 else names[0] for word in ("and", "e")
    }
    return answer(context, f"On your {on}: {joined['and']}.", f"Nella tua {on}: {joined['e']}.")


def _chosen(which: str, notes: list[Note]) -> Note | None:
    words = set(which.lower().replace("note", "").replace("nota", "").split()) - {"the", "la", "my", "mia", "one"}
    if notes and words and words <= _LAST:
        return notes[-1]
    if notes and words and words <= _FIRST:
        return notes[0]
    found = ranked(which, notes, lambda note: note.text)
    return found[0][1] if found and found[0][0] >= FOUND else None
