"""Stored responses, in every database: each its owner's, gone when it is deleted, out of reach when it is temporary."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from vivavoce.errors import RequestError
from vivavoce.storage.archive import Archive, open_archive
from vivavoce.storage.responses import StoredResponse, response_id

ME, OTHER = "a" * 64, "b" * 64
ASKED = {
    "id": "msg_1",
    "type": "message",
    "role": "user",
    "content": [{"type": "input_text", "text": "Hi\0 \ud83c\udf3b"}],
}
SAID = {"id": "msg_2", "type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello"}]}


def meet(url: str, scene: Callable[[Archive], Awaitable[None]]) -> None:
    async def run() -> None:
        async with open_archive(url) as archive:
            await scene(archive)

    asyncio.run(run())


def response(id: str = "resp_1", status: str = "in_progress", **more: object) -> StoredResponse:
    body = {"id": id, "status": status, "output": [SAID] if status == "completed" else []}
    return replace(StoredResponse(id, 1e9, status, body, (ASKED,), id), **more)  # type: ignore[arg-type]


def test_it_is_kept_changed_and_deleted(database_url: str) -> None:
    async def scene(archive: Archive) -> None:
        keep = archive.responses
        await keep.keep(ME, response())
        await keep.keep(ME, response(status="completed"))
        found = await keep.get(ME, "resp_1")
        assert found.status == "completed" and found.body["output"] == [SAID] and found.read[0]["id"] == "msg_1"
        assert (await keep.items(ME)).keys() == {"msg_1", "msg_2"}
        await keep.delete(ME, "resp_1")
        with pytest.raises(RequestError, match="no response"):
            await keep.get(ME, "resp_1")

    meet(database_url, scene)


def test_what_was_deleted_while_it_was_made_stays_deleted(database_url: str) -> None:
    async def scene(archive: Archive) -> None:
        await archive.responses.keep(ME, response())
        await archive.responses.delete(ME, "resp_1")
        await archive.responses.keep(ME, response(status="completed"))
        with pytest.raises(RequestError):
            await archive.responses.get(ME, "resp_1")

    meet(database_url, scene)


def test_nobody_else_reads_changes_or_deletes_it(database_url: str) -> None:
    async def scene(archive: Archive) -> None:
        await archive.responses.keep(ME, response())
        await archive.responses.keep(OTHER, response(status="failed"))
        for attempt in (archive.responses.get, archive.responses.delete):
            with pytest.raises(RequestError):
                await attempt(OTHER, "resp_1")
        assert (await archive.responses.get(ME, "resp_1")).status == "in_progress"
        assert await archive.responses.items(OTHER) == {}

    meet(database_url, scene)


def test_what_goes_on_from_something_temporary_is_temporary(database_url: str) -> None:
    """It must never reach the disk, however long the chain."""
    first = response_id(after="conv_temp_123")
    second = response_id(after=first)

    async def scene(archive: Archive) -> None:
        await archive.responses.keep(ME, response(second))
        assert (await archive.responses.get(ME, second)).id == second

    meet(database_url, scene)

    async def later(archive: Archive) -> None:
        with pytest.raises(RequestError):
            await archive.responses.get(ME, second)

    meet(database_url, later)
    assert response_id(after="resp_1").startswith("resp_") and "temp" not in response_id(after=None)


def test_those_of_a_conversation_go_with_it(database_url: str) -> None:
    async def scene(archive: Archive) -> None:
        thread = await archive.conversations.create(ME, {})
        await archive.responses.keep(ME, response(conversation=thread.id))
        await archive.conversations.delete(ME, thread.id)
        with pytest.raises(RequestError):
            await archive.responses.get(ME, "resp_1")

    meet(database_url, scene)


def test_old_ones_go_by_themselves(database_url: str) -> None:
    async def scene(archive: Archive) -> None:
        await archive.responses.keep(ME, response("resp_old"))  # of the year 2001
        archive.responses._swept = 0.0
        await archive.responses.keep(ME, response("resp_new", created=4e9))
        assert (await archive.responses.get(ME, "resp_new")).created == 4e9
        with pytest.raises(RequestError):
            await archive.responses.get(ME, "resp_old")

    meet(database_url, scene)
