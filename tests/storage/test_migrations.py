"""The schema: from nothing, from every version that ever was, and what happens when it is not ours."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from tests.storage.test_conversations import ME, said
from vivavoce.errors import StartupError
from vivavoce.storage import schema
from vivavoce.storage.conversations import Conversations
from vivavoce.storage.database import MEMORY, Database
from vivavoce.storage.tables import tables

SCRIPTS = ScriptDirectory(str(schema.FOLDER))
REVISIONS = [script.revision for script in SCRIPTS.walk_revisions()][::-1]


def with_database(url: str, story: Callable[[Database], Awaitable[None]], *, upgrade: bool = True) -> None:
    async def run() -> None:
        database = await Database.open(url, upgrade=upgrade)
        try:
            await story(database)
        finally:
            await database.aclose()

    asyncio.run(run())


def test_the_steps_stand_in_one_line() -> None:
    """Two that were made at the same time must be put one behind the other."""
    assert SCRIPTS.get_heads() == [schema.newest()]
    assert [f"{number:04}" for number in range(1, len(REVISIONS) + 1)] == REVISIONS


def test_the_steps_lead_to_the_tables_as_they_are_written_down(database_url: str) -> None:
    def differences(connection: Connection) -> list[Any]:
        options = {"include_name": lambda name, kind, _: not (kind == "table" and str(name).startswith("item_words"))}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables))

    async def story(database: Database) -> None:
        async with database.reading() as connection:
            assert await connection.run_sync(differences) == []
            assert await connection.run_sync(schema.revision) == schema.newest()

    with_database(database_url, story)


@pytest.mark.parametrize("revision", REVISIONS)
def test_what_an_older_version_kept_is_there_after_the_steps(database_url: str, revision: str) -> None:
    """Rows are written by bare SQL: the code of that time is gone."""
    rows = (
        "INSERT INTO conversations (id, owner, created, updated, metadata, title_words) "
        "VALUES ('conv_old', 'o', 1.5, 2.5, '{\"title\": \"Old\"}', ' old ')",
        "INSERT INTO items (conversation_id, id, position, created, kind, role, text, body) "
        "VALUES ('conv_old', 'msg_old', 0, 1.5, 'message', 'user', 'words', '{\"type\": \"message\"}')",
    )

    async def story(database: Database) -> None:
        async with database.writing() as connection:
            await connection.run_sync(lambda it: schema.upgrade(it, revision))
            for row in rows:
                await connection.execute(text(row))
        async with database.writing() as connection:
            await connection.run_sync(schema.upgrade)
        threads = Conversations(database, database)
        assert (await threads.get("o", "conv_old")).title == "Old"
        assert (await threads.item("o", "conv_old", "msg_old")).body == {"type": "message"}

    with_database(database_url, story, upgrade=False)


def test_a_database_of_a_newer_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'kept.db'}"

    async def newer(database: Database) -> None:
        async with database.writing() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with_database(url, newer)
    with pytest.raises(StartupError, match="9999") as error:
        asyncio.run(Database.open(url))
    assert "newer vivavoce" in error.value.remedy


def test_servers_that_start_at_once_take_the_steps_once(database_url: str) -> None:
    if database_url == MEMORY:
        pytest.skip("nobody else sees what is in memory")

    async def run() -> None:
        databases = await asyncio.gather(*(Database.open(database_url) for _ in range(4)))
        threads = [Conversations(database, database) for database in databases]
        made = await threads[0].create(ME, {}, [said("one")])
        assert (await threads[3].get(ME, made.id)).id == made.id
        for database in databases:
            await database.aclose()

    asyncio.run(run())


def test_a_step_that_fails_leaves_nothing_half_done(database_url: str) -> None:

    def half(connection: Connection) -> None:
        schema.upgrade(connection)
        raise StartupError("the disk is full")

    async def story(database: Database) -> None:
        with pytest.raises(StartupError, match="disk"):
            async with database.writing() as connection:
                await connection.run_sync(half)
        async with database.reading() as connection:
            assert await connection.run_sync(lambda it: inspect(it).get_table_names()) == []

    with_database(database_url, story, upgrade=False)
