"""Where the database is, what is told of it, and that what is deleted is gone from the disk."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from pathlib import Path

import pytest

from tests.storage.test_conversations import ME, kept, said
from vivavoce.errors import StartupError, StorageError
from vivavoce.settings import entries, read_settings, storage_url
from vivavoce.storage.archive import Archive
from vivavoce.storage.database import Database

SECRET = "Unforgettable"


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def test_what_is_deleted_is_gone_from_every_file(tmp_path: Path) -> None:
    """Rows, search index, sound and write-ahead log; and what stays is whole."""

    async def story(archive: Archive) -> None:
        threads = archive.conversations
        stays = await threads.create(ME, {"title": "stays"}, [said(f"filler {n} " * 40) for n in range(100)])
        gone = await threads.create(ME, {"title": SECRET}, [said(f"{SECRET} {n}") for n in range(50)])
        half = await threads.create(ME, {}, [said("mine"), {**said(f"Inward{SECRET}"), "id": "msg_secret"}])
        await threads.keep_audio(ME, half.id, "msg_secret", "audio/ogg", SECRET.encode() * 1000)
        await threads.change(ME, stays.id, {**said(f"Changed{SECRET}"), "id": (await first(archive, stays.id))})
        await threads.change(ME, stays.id, {**said("changed"), "id": (await first(archive, stays.id))})
        assert SECRET.lower().encode() in on_disk(tmp_path).lower()
        await threads.delete(ME, gone.id)
        await threads.remove(ME, half.id, "msg_secret")
        left = on_disk(tmp_path).lower()
        assert SECRET.lower().encode() not in left and b"filler" in left
        assert len((await threads.search(ME, "filler", limit=9)).rows) == 1
        assert len((await threads.search(ME, "mine", limit=9)).rows) == 1

    kept(f"sqlite:///{tmp_path / 'kept.db'}", story)
    assert SECRET.lower().encode() not in on_disk(tmp_path).lower()
    with sqlite3.connect(tmp_path / "kept.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def first(archive: Archive, conversation_id: str) -> str:
    return (await archive.conversations.items(ME, conversation_id, limit=1)).rows[0].id


def test_nobody_else_on_the_machine_can_read_it(tmp_path: Path) -> None:
    async def story(archive: Archive) -> None:
        await archive.conversations.create(ME, {})
        assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "home").iterdir()} == {0o600}

    kept(f"sqlite:///{tmp_path / 'home' / 'kept.db'}", story)


@pytest.mark.parametrize(
    "url",
    [
        "hello", "", "mysql://user:hush-hush@host/name", "postgresql://user:hush-hush@[::1/name",
        "sqlite:////proc/nowhere/kept.db", "postgresql://user:hush-hush@127.0.0.1:1/name",
        "postgresql+psycopg9://user:hush-hush@127.0.0.1:1/name", "postgresql://user:hush-hush@127.0.0.1:port/name",
    ],
)  # fmt: skip
def test_a_database_that_cannot_be_opened_is_told_with_a_remedy_and_without_its_password(url: str) -> None:
    with pytest.raises(StartupError) as error:
        asyncio.run(Database.open(url))
    assert error.value.remedy
    assert "hush-hush" not in str(error.value) + error.value.remedy


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "diary.txt"
    path.write_text("Dear diary, " * 1000)
    with pytest.raises(StartupError):
        asyncio.run(Database.open(f"sqlite:///{path}"))
    assert path.read_text().startswith("Dear diary")


def test_a_database_that_another_program_holds_is_said_in_time(tmp_path: Path) -> None:
    path = tmp_path / "kept.db"

    async def run() -> None:
        database = await Database.open(f"sqlite:///{path}")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError):
            async with database.writing(0.2):
                pass
        other.rollback()
        other.close()
        async with database.writing():
            pass
        await database.aclose()

    asyncio.run(run())


def test_the_settings_show_where_it_is_and_not_its_password(tmp_path: Path) -> None:
    environment = {"VIVAVOCE_HOME": str(tmp_path)}
    assert storage_url(read_settings(environment=environment)) == f"sqlite:///{tmp_path / 'vivavoce.db'}"
    url = "postgresql+asyncpg://anna:hush@hush@db.example.org/vivavoce"
    settings = read_settings(environment={**environment, "VIVAVOCE_STORAGE__URL": url})
    assert storage_url(settings) == url
    (shown,) = [entry.value for entry in entries(settings) if entry.key == "storage.url"]
    assert shown == "postgresql+asyncpg://anna:***@db.example.org/vivavoce"
    assert "hush" not in repr(settings)
