"""What sessions tell is written in order, survives a database that is away, and holds nobody up."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
import soundfile
from sqlalchemy import insert

from tests.storage.test_conversations import ME, said
from vivavoce.audio.pcm import Pcm
from vivavoce.errors import RequestError, StorageError
from vivavoce.storage import writer as writing
from vivavoce.storage.archive import Archive, open_archive
from vivavoce.storage.tables import profiles
from vivavoce.storage.writer import Drop, Put, Writer

Story = Callable[[Archive, Writer, list[tuple[str, str]]], Awaitable[None]]


def written(url: str, story: Story) -> None:
    async def run() -> None:
        answered: list[tuple[str, str]] = []
        async with open_archive(url) as archive:
            writer = Writer(archive.conversations, archive.database, lambda *it: answered.append(it))
            running = asyncio.create_task(writer.run())
            await story(archive, writer, answered)
            running.cancel()
            await asyncio.wait([running])

    asyncio.run(run())


def put(conversation: str, name: str, text: str, after: str | None = None, sound: Pcm | None = None) -> Put:
    return Put(ME, conversation, {**said(text), "id": name}, after, sound)


async def lines(archive: Archive, conversation: str) -> list[str]:
    page = await archive.conversations.items(ME, conversation, limit=100)
    return [item.body["content"][0]["text"] for item in page.rows]


def tone(seconds: float, rate: int) -> Pcm:
    return Pcm((0.3 * np.sin(np.arange(round(seconds * rate)) * 0.1)).astype(np.float32), rate)


def test_items_are_new_change_and_go_in_the_order_in_which_they_were_told(database_url: str) -> None:
    async def story(archive: Archive, writer: Writer, answered: list[tuple[str, str]]) -> None:
        made = (await archive.conversations.create(ME, {})).id
        for change in (
            put(made, "b", "two"), put(made, "a", "one", "root"), put(made, "c", "three"),
            put(made, "b", "two, but other words"), Drop(ME, made, "c"), Drop(ME, made, "never was"),
            put(made, "d", "four", "c"),
        ):  # fmt: skip
            assert writer.take(change)
        writer.answered(ME, made)
        await writer.settle()
        assert await lines(archive, made) == ["one", "two, but other words", "four"]
        assert answered == [(ME, made)]

    written(database_url, story)


def test_whoever_reads_right_after_an_answer_finds_it(database_url: str) -> None:
    """A page that is reloaded at once must not miss the last turn, though the database takes its time."""

    async def story(archive: Archive, writer: Writer, _: Any) -> None:
        made = (await archive.conversations.create(ME, {})).id
        async with archive.database.writing():
            assert writer.take(put(made, "a", "just said"))
            reading = asyncio.create_task(lines(archive, made))
            await asyncio.sleep(0.05)  # the writer is at it, and has to wait
        assert await reading == ["just said"]

    written(database_url, story)


def test_sound_is_kept_only_where_the_person_said_so(database_url: str) -> None:
    async def story(archive: Archive, writer: Writer, _: Any) -> None:
        threads = archive.conversations
        made = (await threads.create(ME, {})).id
        writer.take(put(made, "a", "not to be kept", sound=tone(1.0, 16_000)))
        await writer.settle()
        with pytest.raises(RequestError, match="keep_audio"):
            await threads.audio(ME, made, "a")
        async with archive.database.writing() as connection:
            await connection.execute(insert(profiles).values(owner=ME, updated=0.0, body={"keep_audio": True}))
        writer.take(put(made, "b", "to be kept", sound=tone(1.0, 16_000)))
        writer.take(put(made, "c", "of a voice of another rate", sound=tone(2.0, 22_050)))
        await writer.settle()
        for name, seconds in (("b", 1.0), ("c", 2.0)):
            media_type, data = await threads.audio(ME, made, name)
            assert media_type == "audio/ogg"
            assert soundfile.info(io.BytesIO(data)).duration == pytest.approx(seconds, abs=0.05)
            assert len(data) < seconds * 12_000
            assert (await threads.item(ME, made, name)).body["vivavoce"]["audio"] is True

    written(database_url, story)


def test_a_conversation_that_was_deleted_meanwhile_stays_deleted(database_url: str) -> None:
    async def story(archive: Archive, writer: Writer, _: Any) -> None:
        gone = (await archive.conversations.create(ME, {})).id
        stays = (await archive.conversations.create(ME, {})).id
        await archive.conversations.delete(ME, gone)
        writer.take(put(gone, "a", "too late"))
        writer.take(put(stays, "a", "in time"))
        await writer.settle()
        assert await lines(archive, stays) == ["in time"]
        with pytest.raises(RequestError):
            await archive.conversations.get(ME, gone)

    written(database_url, story)


class Flaky:
    """Conversations whose database is away for a while."""

    def __init__(self, archive: Archive, away: int) -> None:
        self._archive, self.away = archive, away

    @asynccontextmanager
    async def changing(self, owner: str, conversation: str) -> AsyncGenerator[Any, None]:
        self.away -= 1
        if self.away >= 0:
            raise StorageError("away")
        async with self._archive.conversations.changing(owner, conversation) as connection:
            yield connection


def test_while_the_database_is_away_nothing_is_lost_and_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(writing, "QUEUE", 50)

    async def story(archive: Archive, _: Writer, __: Any) -> None:
        made = (await archive.conversations.create(ME, {})).id
        flaky = Flaky(archive, 4)
        writer = Writer(flaky, archive.database, lambda *_: None)  # type: ignore[arg-type]
        running = asyncio.create_task(writer.run())
        taken = [writer.take(put(made, str(n), str(n))) for n in range(55)]
        assert taken == [True] * 50 + [False] * 5  # told so, so that it comes again
        await writer.settle()
        running.cancel()
        page = await archive.conversations.items(ME, made, limit=100)
        assert [item.id for item in page.rows] == [str(n) for n in range(50)]

    written("sqlite:///:memory:", story)
