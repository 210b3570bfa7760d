"""Uploaded files, met by the official client: kept for their owner alone, checked for what they are."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from openai import AsyncOpenAI, BadRequestError, NotFoundError

from tests.api.fakes import Served, serving
from tests.waiting import PATIENCE
from vivavoce.api.rest.files import file_routes
from vivavoce.assistant.files import FileShelf

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 32
KEYS = ("first-key", "second-key")


def meet(scene: Callable[[AsyncOpenAI, Served], Awaitable[None]], folder: Path) -> None:
    async def run() -> None:
        shelf = FileShelf(folder)
        async with (
            serving(keys=KEYS, more=lambda keys: file_routes(shelf, keys)) as served,
            AsyncOpenAI(base_url=f"{served.base}/v1", api_key=KEYS[0], max_retries=0) as client,
        ):
            await scene(client, served)

    asyncio.run(run())


def test_a_file_is_kept_listed_read_and_deleted(tmp_path: Path) -> None:
    async def scene(client: AsyncOpenAI, _: Served) -> None:
        text = await client.files.create(file=("notes.md", b"# Notes"), purpose="user_data")
        picture = await client.files.create(file=("dot.png", PNG), purpose="vision")
        assert (text.object, text.filename, text.bytes, text.status) == ("file", "notes.md", 7, "processed")
        assert {file.id for file in (await client.files.list()).data} == {text.id, picture.id}
        assert [file.id async for file in client.files.list(purpose="vision", limit=1)] == [picture.id]
        assert (await client.files.retrieve(text.id)).filename == "notes.md"
        assert (await client.files.content(text.id)).content == b"# Notes"
        assert (await client.files.delete(text.id)).deleted
        with pytest.raises(NotFoundError):
            await client.files.retrieve(text.id)

    meet(scene, tmp_path)
    assert len(list(tmp_path.rglob("file-*"))) == 2  # of the picture, which nobody deleted


def test_pages_of_a_list_hold_every_file_once(tmp_path: Path) -> None:
    async def scene(client: AsyncOpenAI, _: Served) -> None:
        made = [(await client.files.create(file=("a.txt", b"a"), purpose="user_data")).id for _ in range(5)]
        seen = [file.id async for file in client.files.list(limit=2, order="asc")]
        assert sorted(seen) == sorted(made)

    meet(scene, tmp_path)


def test_nobody_sees_or_deletes_what_is_another_key_s(tmp_path: Path) -> None:
    async def scene(client: AsyncOpenAI, served: Served) -> None:
        mine = await client.files.create(file=("mine.txt", b"secret"), purpose="user_data")
        other = AsyncOpenAI(base_url=f"{served.base}/v1", api_key=KEYS[1], max_retries=0)
        assert (await other.files.list()).data == []
        for attempt in (other.files.retrieve, other.files.content, other.files.delete):
            with pytest.raises(NotFoundError):
                await attempt(mine.id)
        assert (await client.files.content(mine.id)).content == b"secret"
        await other.close()

    meet(scene, tmp_path)


@pytest.mark.parametrize("name", ["../../evil.txt", "..\\evil.txt", "/etc/passwd", "a\x00b.txt", "“<b>”.txt"])
def test_no_name_of_a_client_becomes_a_path(tmp_path: Path, name: str) -> None:
    shelf = tmp_path / "files"

    async def scene(client: AsyncOpenAI, served: Served) -> None:
        file = await client.files.create(file=(name, b"hello"), purpose="user_data")
        assert not set(file.filename) & set('/\\<>"\x00')
        async with httpx.AsyncClient(headers={"authorization": f"Bearer {KEYS[0]}"}, timeout=PATIENCE) as web:
            for path in (file.id + "%2F..%2Fx", "..%2F..%2Fsecret", "file-" + "0" * 23 + "%00"):
                assert (await web.get(f"{served.base}/v1/files/{path}")).status_code == 404

    meet(scene, shelf)
    assert all(path.is_relative_to(shelf) for path in tmp_path.rglob("*"))


@pytest.mark.parametrize(
    ("file", "purpose", "param"),
    [
        (("a.zip", b"PK\x03\x04aaaa"), "user_data", "file"),
        (("a.txt", b"ab\x00\x01"), "user_data", "file"),
        (("a.txt", b""), "user_data", "file"),
        (("a.txt", b"words"), "vision", "file"),
        (("a.txt", b"words"), "batch", "purpose"),
        (("a.txt", b"words"), "nonsense", "purpose"),
    ],
)
def test_what_nothing_could_read_is_refused_at_once(tmp_path: Path, file: tuple[str, bytes], purpose, param) -> None:
    async def scene(client: AsyncOpenAI, _: Served) -> None:
        with pytest.raises(BadRequestError) as refusal:
            await client.files.create(file=file, purpose=purpose)
        assert refusal.value.param == param

    meet(scene, tmp_path)


def test_a_file_goes_when_its_time_is_over(tmp_path: Path) -> None:
    async def scene(client: AsyncOpenAI, _: Served) -> None:
        lasting = {"anchor": "created_at", "seconds": 3600}
        file = await client.files.create(file=("a.txt", b"a"), purpose="user_data", expires_after=lasting)
        assert file.expires_at == file.created_at + 3600
        (told,) = tmp_path.rglob("*.json")
        told.write_text(json.dumps({**json.loads(told.read_text()), "expires": 1}))
        with pytest.raises(NotFoundError):
            await client.files.content(file.id)
        assert not list(tmp_path.rglob("file-*"))

    meet(scene, tmp_path)


def test_a_file_too_large_is_refused_before_it_is_read_whole(tmp_path: Path) -> None:
    async def scene(client: AsyncOpenAI, _: Served) -> None:
        with pytest.raises(Exception, match="larger than 25 MiB"):
            await client.files.create(file=("a.txt", b"a" * (26 * 2**20)), purpose="user_data")

    meet(scene, tmp_path)


def test_half_a_file_after_a_crash_is_no_file(tmp_path: Path) -> None:
    """The bytes are written first: without their note they are not listed, and the rest is served."""
    shelf = FileShelf(tmp_path)
    file = shelf.put("", "a.txt", "user_data", b"a")
    (tmp_path / "open" / ("file-" + "1" * 24 + ".bin")).write_bytes(b"torn")
    (tmp_path / "open" / ("file-" + "2" * 24 + ".json")).write_text("{")
    assert [each.id for each in shelf.files("")] == [file.id]
