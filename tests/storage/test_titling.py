"""When titles are made: once, for those that have none, while nobody talks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from tests.storage.test_conversations import ME, said
from tests.waiting import until
from vivavoce.conversation.items import Item
from vivavoce.storage import titling as module
from vivavoce.storage.archive import Archive, open_archive
from vivavoce.storage.conversations import Conversation, Metadata
from vivavoce.storage.database import MEMORY
from vivavoce.storage.titling import Titling


def telling(
    story: Callable[[Archive, Titling, list[str]], Awaitable[None]],
    monkeypatch: pytest.MonkeyPatch,
    gate: asyncio.Event | None = None,
) -> None:
    """`gate`: what the model waits for before it gives a title."""
    monkeypatch.setattr(module, "QUIET", 0.05)

    async def run() -> None:
        asked: list[str] = []

        async def make(items: Sequence[Item]) -> str:
            asked.append(items[0].id)
            await (gate.wait() if gate is not None else asyncio.sleep(0))
            return "A title"

        async with open_archive(MEMORY) as archive:
            titling = Titling(archive.conversations, make)
            running = asyncio.create_task(titling.run())
            await story(archive, titling, asked)
            running.cancel()
            await asyncio.wait([running])

    asyncio.run(run())


def test_a_thread_gets_one_title_and_keeps_what_else_is_said_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(archive: Archive, titling: Titling, asked: list[str]) -> None:
        made = await archive.conversations.create(ME, {"pinned": "true"}, [said("hello"), said("hi", "assistant")])
        named = await archive.conversations.create(ME, {"title": "Mine"}, [said("hello")])
        empty = await archive.conversations.create(ME, {})
        for one in (named, empty, made, made):
            titling.consider(ME, one.id)
        titling.consider(ME, "conv_gone")

        async def done() -> bool:
            return (await archive.conversations.get(ME, made.id)).title == "A title"

        await until(done)
        titling.consider(ME, made.id)
        await asyncio.sleep(0.2)
        assert len(asked) == 1
        assert (await archive.conversations.get(ME, made.id)).metadata == {"pinned": "true", "title": "A title"}
        assert (await archive.conversations.get(ME, named.id)).title == "Mine"
        assert (await archive.conversations.get(ME, empty.id)).title == ""

    telling(story, monkeypatch)


def test_a_title_that_the_person_gives_while_one_is_made_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(archive: Archive, titling: Titling, asked: list[str]) -> None:
        threads = archive.conversations
        named, other = [await threads.create(ME, {}, [said("hello")]) for _ in range(2)]
        describe = threads.describe

        async def overtaken(owner: str, conversation: str, change: Callable[[Metadata], Metadata]) -> Conversation:
            """The person is quicker by a hair."""
            if conversation == named.id:
                await describe(ME, named.id, lambda now: {**now, "title": "Mine", "pinned": "true"})
            return await describe(owner, conversation, change)

        monkeypatch.setattr(threads, "describe", overtaken)
        titling.consider(ME, named.id)
        titling.consider(ME, other.id)

        async def done() -> bool:
            return (await threads.get(ME, other.id)).title == "A title"

        await until(done)
        assert len(asked) == 2
        assert (await threads.get(ME, named.id)).metadata == {"title": "Mine", "pinned": "true"}

    telling(story, monkeypatch)


def test_the_model_is_not_asked_while_somebody_talks_and_stops_when_somebody_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story(archive: Archive, titling: Titling, asked: list[str]) -> None:
        made = await archive.conversations.create(ME, {}, [said("hello")])
        titling.talking("a session", True)
        titling.consider(ME, made.id)
        await asyncio.sleep(0.3)
        assert not asked
        titling.talking("a session", False)
        await until(lambda: len(asked) == 1)
        titling.talking("another", True)  # before it is done
        await asyncio.sleep(0.1)
        gate.set()
        await asyncio.sleep(0.2)
        assert (await archive.conversations.get(ME, made.id)).title == ""
        titling.talking("another", False)

        async def done() -> bool:
            return (await archive.conversations.get(ME, made.id)).title == "A title"

        await until(done)
        assert len(asked) == 2

    gate = asyncio.Event()
    telling(story, monkeypatch, gate)
