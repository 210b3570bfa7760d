"""Notes, reminders, memories and profiles are their owner's, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from vivavoce.conversation.keepsakes import Memory, Persona, Profile, Reminder
from vivavoce.errors import RequestError
from vivavoce.storage import keepsakes
from vivavoce.storage.archive import open_archive
from vivavoce.storage.database import Database
from vivavoce.storage.keepsakes import Memories, Notes, Profiles, Reminders

ME, OTHER = "a" * 64, "b" * 64


def kept(database_url: str, story: Callable[[Database], Awaitable[None]]) -> None:
    async def run() -> None:
        async with open_archive(database_url) as archive:
            await story(archive.database)

    asyncio.run(run())


def test_notes_are_their_owners(database_url: str) -> None:
    async def story(database: Database) -> None:
        notes = Notes(database)
        milk = await notes.add(ME, "milk\0", "shopping list")
        await notes.add(OTHER, "theirs")
        assert await notes.all(ME) == [milk] and milk.text == "milk" and milk.list == "shopping list"
        assert await notes.delete(OTHER, [milk.id]) == 0
        assert await notes.delete(ME, [milk.id, "note_unknown"]) == 1
        assert await notes.all(ME) == []

    kept(database_url, story)


def test_reminders_come_back_in_the_order_in_which_they_are_due(database_url: str) -> None:
    async def story(database: Database) -> None:
        reminders = Reminders(database)
        late = Reminder("rem_2", ME, "reminder", "call Ann", 2_000.5, 1.0, 0.0, "it")
        soon = Reminder("rem_1", OTHER, "timer", "", 1_000.25, 1.0, 60.0)
        await reminders.add(late)
        await reminders.add(soon)
        assert await reminders.pending() == [soon, late]
        assert await reminders.pending(ME) == [late]
        assert await reminders.delete(ME, ["rem_2"]) == 1
        assert await reminders.pending() == [soon]

    kept(database_url, story)


def test_memories_are_changed_and_forgotten(database_url: str) -> None:
    async def story(database: Database) -> None:
        memories = Memories(database)
        memory = Memory("mem_1", "I live in Turin", "asked", "remember that I live in Turin", "conv_1", 1.0, 1.0)
        await memories.add(ME, memory)
        await memories.change(OTHER, "mem_1", "stolen")
        assert await memories.all(ME) == [memory]
        await memories.change(ME, "mem_1", "I live in Rome")
        assert [one.text for one in await memories.all(ME)] == ["I live in Rome"]
        assert await memories.delete(ME, ["mem_1"]) == 1

    kept(database_url, story)


def test_a_profile_is_the_default_until_it_is_set(database_url: str) -> None:
    async def story(database: Database) -> None:
        profiles = Profiles(database)
        assert await profiles.get(ME) == Profile()
        mine = Profile("Anna", "Short.", "pirate", False, "Europe/Rome", True, (Persona("pirate", "Arr.", "A pirate"),))
        await profiles.put(ME, mine)
        await profiles.put(ME, mine)
        assert await profiles.get(ME) == mine
        assert await profiles.get(OTHER) == Profile()

    kept(database_url, story)


def test_there_is_an_end_to_what_is_kept(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(keepsakes.MOST, "notes", 2)

    async def story(database: Database) -> None:
        notes = Notes(database)
        for _ in range(2):
            await notes.add(ME, "again")
        with pytest.raises(RequestError, match="Delete some first"):
            await notes.add(ME, "again")

    kept(database_url, story)


def test_what_was_forgotten_is_on_the_disk_no_more(tmp_path: Path) -> None:
    async def story(database: Database) -> None:
        memories = Memories(database)
        await memories.add(ME, Memory("mem_1", "my secret is xylophone", "asked", "", "", 1.0, 1.0))
        await memories.delete(ME, ["mem_1"])
        files = [path for path in tmp_path.iterdir() if path.is_file()]
        assert files and not any(b"xylophone" in path.read_bytes() for path in files)

    kept(f"sqlite:///{tmp_path / 'kept.db'}", story)
