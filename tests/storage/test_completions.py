"""Stored chat completions, in every database: each its owner's, found by what it is called, gone when it is deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from vivavoce.errors import RequestError
from vivavoce.storage import completions
from vivavoce.storage.archive import open_archive
from vivavoce.storage.completions import Completions, Wanted

ME, OTHER = "a" * 64, "b" * 64
ASKED = [{"id": "msg_1", "role": "user", "content": "Hi\0 🌻"}]


def meet(url: str, scene: Callable[[Completions], Awaitable[None]]) -> None:
    async def run() -> None:
        async with open_archive(url) as archive:
            await scene(archive.completions)

    asyncio.run(run())


def completion(n: int, **more: Any) -> dict[str, Any]:
    return {"id": f"chatcmpl_{n}", "model": "actor", "choices": [], "metadata": {"n": str(n)}, **more}


def test_it_is_kept_described_and_deleted(database_url: str) -> None:
    async def scene(kept: Completions) -> None:
        await kept.keep(ME, completion(1, metadata=None), ASKED)
        found = await kept.get(ME, "chatcmpl_1")
        assert found.body["model"] == "actor" and found.body["metadata"] is None and found.messages == tuple(ASKED)
        assert (await kept.describe(ME, "chatcmpl_1", {"a": "b"})).body["metadata"] == {"a": "b"}
        for stranger in (kept.get(OTHER, "chatcmpl_1"), kept.delete(OTHER, "chatcmpl_1")):
            with pytest.raises(RequestError, match="no stored completion"):
                await stranger
        await kept.delete(ME, "chatcmpl_1")
        with pytest.raises(RequestError, match="no stored completion"):
            await kept.describe(ME, "chatcmpl_1", {})

    meet(database_url, scene)


def test_pages_go_both_ways_and_hold_what_was_asked_for(database_url: str) -> None:
    async def scene(kept: Completions) -> None:
        for n in range(5):
            await kept.keep(ME, completion(n, model="seer" if n == 3 else "actor"), ASKED)
        await kept.keep(OTHER, completion(9), ASKED)

        async def ids(**wanted: Any) -> tuple[str, bool]:
            found, more = await kept.list(ME, Wanted(**{"limit": 2, **wanted}))
            return "".join(body["id"][-1] for body in found), more

        assert await ids() == ("01", True)
        assert await ids(after="chatcmpl_1") == ("23", True)
        assert await ids(after="chatcmpl_3") == ("4", False)
        assert await ids(newest_first=True) == ("43", True)
        assert await ids(newest_first=True, after="chatcmpl_1") == ("0", False)
        assert await ids(model="seer") == ("3", False)
        assert await ids(metadata={"n": "2"}) == ("2", False)
        assert await ids(limit=10) == ("01234", False)
        with pytest.raises(RequestError, match="after"):
            await ids(after="chatcmpl_9")

    meet(database_url, scene)


def test_the_oldest_go_where_one_keeps_too_many(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completions, "MOST", 3)
    monkeypatch.setattr(completions, "SWEEP_EVERY", 0)

    async def scene(kept: Completions) -> None:
        for n in range(6):
            await kept.keep(ME, completion(n), ASKED)
        await kept.keep(OTHER, completion(9), ASKED)
        found, _ = await kept.list(ME, Wanted(100))
        assert [body["id"][-1] for body in found] == ["2", "3", "4", "5"]  # one more until the next is kept
        assert len((await kept.list(OTHER, Wanted(100)))[0]) == 1

    meet(database_url, scene)
