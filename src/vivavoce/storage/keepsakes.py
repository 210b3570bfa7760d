"""Notes, reminders, memories and profiles, each of them somebody's. Every method raises StorageError."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, Table, delete, func, insert, select, update

from vivavoce.conversation.items import new_id
from vivavoce.conversation.keepsakes import Memory, Note, Persona, Profile, Reminder
from vivavoce.errors import RequestError
from vivavoce.storage.database import Database, storable
from vivavoce.storage.tables import memories, notes, profiles, reminders

MOST = {"notes": 2_000, "reminders": 200, "memories": 500}
"""Of one owner: what nobody says in a year, and a loop in an hour."""


class Notes:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, owner: str, text: str, on: str = "") -> Note:
        """`on`: the list. Raises RequestError where there are too many."""
        note = Note(new_id("note"), storable(text), time.time(), storable(on))
        values = {"title": note.list, "text": note.text, "updated": note.created, "body": {}}
        await _insert(self._database, notes, owner, note.id, note.created, values)
        return note

    async def all(self, owner: str) -> list[Note]:
        """The oldest first."""
        return [Note(row.id, row.text, row.created, row.title) for row in await _all(self._database, notes, owner)]

    async def delete(self, owner: str, ids: Collection[str]) -> int:
        """For good; how many there were."""
        return await _delete(self._database, notes, owner, ids)


class Reminders:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, reminder: Reminder) -> None:
        """Raises RequestError where there are too many."""
        body = {"kind": reminder.kind, "seconds": reminder.seconds, "language": reminder.language}
        values = {"due": reminder.due, "done": False, "text": storable(reminder.text), "body": body}
        await _insert(self._database, reminders, reminder.owner, reminder.id, reminder.created, values)

    async def pending(self, owner: str | None = None) -> list[Reminder]:
        """Those that were not told yet (None: everybody's), the first to come due first."""
        wanted = select(reminders).where(reminders.c.done.is_(False)).order_by(reminders.c.due, reminders.c.id)
        if owner is not None:
            wanted = wanted.where(reminders.c.owner == owner)
        async with self._database.reading() as connection:
            return [_reminder(row) for row in await connection.execute(wanted)]

    async def delete(self, owner: str, ids: Collection[str]) -> int:
        """Those that were told or cancelled; how many there were."""
        return await _delete(self._database, reminders, owner, ids, scrub=False)


class Memories:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, owner: str, memory: Memory) -> None:
        """Raises RequestError where there are too many."""
        body = {"source": memory.source, "said": storable(memory.said), "conversation": memory.conversation}
        values = {"text": storable(memory.text), "updated": memory.updated, "body": body}
        await _insert(self._database, memories, owner, memory.id, memory.created, values)

    async def all(self, owner: str) -> list[Memory]:
        """The oldest first."""
        return [_memory(row) for row in await _all(self._database, memories, owner)]

    async def change(self, owner: str, memory_id: str, text: str) -> None:
        here = memories.c.id == storable(memory_id), memories.c.owner == owner
        async with self._database.writing() as connection:
            values = {"text": storable(text), "updated": time.time()}
            await connection.execute(update(memories).where(*here).values(values))

    async def delete(self, owner: str, ids: Collection[str]) -> int:
        """For good; how many there were."""
        return await _delete(self._database, memories, owner, ids)


class Profiles:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, owner: str) -> Profile:
        """As it was set; the default where nothing was."""
        async with self._database.reading() as connection:
            body = await connection.scalar(select(profiles.c.body).where(profiles.c.owner == owner))
        if body is None:
            return Profile()
        known = {name: value for name, value in body.items() if name in Profile.__dataclass_fields__}
        return Profile(**{**known, "personas": tuple(Persona(**one) for one in body.get("personas", ()))})

    async def version(self, owner: str) -> float:
        """Another one after each `put` and `touch`; 0 before the first."""
        async with self._database.reading() as connection:
            return await connection.scalar(select(profiles.c.updated).where(profiles.c.owner == owner)) or 0.0

    async def touch(self, owner: str) -> None:
        """What is known of the owner beside the profile has changed."""
        async with self._database.writing() as connection:
            touched = update(profiles).where(profiles.c.owner == owner).values(updated=time.time())
            if not (await connection.execute(touched)).rowcount:
                await connection.execute(insert(profiles).values(owner=owner, updated=time.time(), body={}))

    async def put(self, owner: str, profile: Profile) -> None:
        values = {"updated": time.time(), "body": asdict(profile)}
        async with self._database.writing() as connection:
            await connection.execute(delete(profiles).where(profiles.c.owner == owner))
            await connection.execute(insert(profiles).values(owner=owner, **values))


# --- rows ----------------------------------------------------------------------------------------------


async def _insert(
    database: Database, table: Table, owner: str, row_id: str, created: float, values: dict[str, Any]
) -> None:
    async with database.writing() as connection:
        count = await connection.scalar(select(func.count()).select_from(table).where(table.c.owner == owner))
        if (count or 0) >= MOST[table.name]:
            raise RequestError(
                f"There are {count} {table.name} already. Delete some first.", code=f"too_many_{table.name}"
            )
        await connection.execute(insert(table).values(id=row_id, owner=owner, created=created, **values))


async def _all(database: Database, table: Table, owner: str) -> list[Row[Any]]:
    wanted = select(table).where(table.c.owner == owner).order_by(table.c.created, table.c.id)
    async with database.reading() as connection:
        return list(await connection.execute(wanted))


async def _delete(database: Database, table: Table, owner: str, ids: Collection[str], *, scrub: bool = True) -> int:
    if not ids:
        return 0
    async with database.writing() as connection:
        here = table.c.owner == owner, table.c.id.in_([storable(one) for one in ids])
        gone = (await connection.execute(delete(table).where(*here))).rowcount
    if scrub:
        await database.scrub()
    return gone


def _reminder(row: Row[Any]) -> Reminder:
    body = row.body
    return Reminder(
        row.id,
        row.owner,
        body["kind"],
        row.text,
        row.due,
        row.created,
        body.get("seconds", 0.0),
        body.get("language", "en"),
    )


def _memory(row: Row[Any]) -> Memory:
    body = row.body
    return Memory(
        row.id, row.text, body["source"], body.get("said", ""), body.get("conversation", ""), row.created, row.updated
    )
