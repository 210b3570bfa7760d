"""The same promises on SQLite, in a file and in memory, and on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text

from vivavoce.errors import RequestError
from vivavoce.storage.archive import Archive, open_archive
from vivavoce.storage.conversations import Conversations, Found

ME, OTHER = "a" * 64, "b" * 64


def said(text: str, role: str = "user") -> dict[str, Any]:
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "status": "completed", "content": [{"type": kind, "text": text}]}


def kept(database_url: str, story: Callable[[Archive], Awaitable[None]]) -> None:
    async def run() -> None:
        async with open_archive(database_url) as archive:
            await story(archive)

    asyncio.run(run())


def words(found: Found) -> list[str]:
    return ["".join(f"[{it.text}]" if it.match else it.text for it in one.pieces) for one in found.snippets]


async def texts(conversations: Conversations, conversation_id: str, owner: str = ME) -> list[str]:
    page = await conversations.items(owner, conversation_id, limit=1000)
    return [item.body["content"][0]["text"] for item in page.rows]


def test_what_is_kept_comes_back_in_order(database_url: str) -> None:
    async def story(archive: Archive) -> None:
        threads = archive.conversations
        made = await threads.create(ME, {"title": "Rome"}, [said("one"), said("three", "assistant")])
        first = (await threads.items(ME, made.id, limit=1)).rows[0]
        await threads.add(ME, made.id, [said("two"), said("two and a half")], after=first.id)
        await threads.add(ME, made.id, [said("zero")], after="root")
        assert await texts(threads, made.id) == ["zero", "one", "two", "two and a half", "three"]
        assert (await threads.get(ME, made.id)).metadata == {"title": "Rome"}

    kept(database_url, story)


def test_an_id_of_somebody_else_is_as_one_that_does_not_exist(database_url: str) -> None:
    """Else ids could be tried, and threads be read."""

    async def story(archive: Archive) -> None:
        threads = archive.conversations
        made = await threads.create(ME, {"title": "secret"}, [said("a secret")])
        item = (await threads.items(ME, made.id, limit=1)).rows[0]
        calls: list[Callable[[str], Awaitable[object]]] = [
            lambda name: threads.get(OTHER, name),
            lambda name: threads.describe(OTHER, name, lambda now: now),
            lambda name: threads.delete(OTHER, name),
            lambda name: threads.fork(OTHER, name),
            lambda name: threads.add(OTHER, name, [said("mine now")]),
            lambda name: threads.items(OTHER, name, limit=1),
            lambda name: threads.item(OTHER, name, item.id),
            lambda name: threads.change(OTHER, name, {**item.body, "role": "system"}),
            lambda name: threads.remove(OTHER, name, item.id),
            lambda name: threads.audio(OTHER, name, item.id),
            lambda name: threads.keep_audio(OTHER, name, item.id, "audio/ogg", b""),
            lambda name: threads.newest(OTHER, limit=1, after=name),
        ]
        for call in calls:
            with pytest.raises(RequestError) as theirs:
                await call(made.id)
            with pytest.raises(RequestError) as nobodys:
                await call("conv_nowhere")
            assert str(theirs.value).replace(made.id, "conv_nowhere") == str(nobodys.value)
            assert theirs.value.code == nobodys.value.code == "conversation_not_found"
        assert not (await threads.newest(OTHER, limit=9)).rows
        assert not (await threads.search(OTHER, "secret", limit=9)).rows
        assert await texts(threads, made.id) == ["a secret"]

    kept(database_url, story)


def test_search_finds_beginnings_without_accents_and_marks_them(database_url: str) -> None:
    async def story(archive: Archive) -> None:
        threads = archive.conversations
        italian = await threads.create(
            ME, {}, [said("Perché l'Università è chiusa?"), said("È domenica.", "assistant")]
        )
        english = await threads.create(ME, {"title": "Universal remotes"}, [said("Which one fits my set?")])
        chinese = await threads.create(ME, {}, [said("我想去東京鐵塔")])

        async def ids(query: str) -> list[str]:
            return [found.conversation.id for found in (await threads.search(ME, query, limit=9)).rows]

        assert await ids("univ") == [english.id, italian.id]  # titles first
        assert await ids("perche chiusa") == [italian.id]
        assert await ids("perche domenica") == []  # not in one message
        assert await ids('"universita e"') == [italian.id]
        assert await ids('"e universita"') == []
        assert await ids("東京") == [chinese.id]
        assert await ids("京東") == []
        found = (await threads.search(ME, "UNIVERSITÀ", limit=9)).rows[0]
        assert words(found) == ["Perché l'[Università] è chiusa?"]

    kept(database_url, story)


TYPED = [
    "", "   ", "'", '"', "'; DROP TABLE items; --", "a OR b", "NEAR(a b)", "words:*", "^x", "(", "%", "_", "\\",
    "&|!<->", "\0", "*", "§", "'§' | 'x'", "x" * 100_000, " ".join(map(str, range(5000))),
]  # fmt: skip


def test_whatever_is_typed_is_only_words(database_url: str) -> None:
    async def story(archive: Archive) -> None:
        await archive.conversations.create(OTHER, {"title": "x"}, [said("a b x drop table items")])
        for query in TYPED:
            assert (await archive.conversations.search(ME, query, limit=9)).rows == (), query

    kept(database_url, story)


def test_pages_of_threads_and_of_matches_go_on_where_they_ended(database_url: str) -> None:
    async def story(archive: Archive) -> None:
        threads = archive.conversations
        made = [(await threads.create(ME, {}, [said(f"rain {n}"), said("rain again")])).id for n in range(7)]
        newest, found, after = list[str](), list[str](), None
        while True:
            page = await threads.newest(ME, limit=3, after=after)
            newest += [row.id for row in page.rows]
            if not page.more:
                break
            after = newest[-1]
        after = None
        while True:
            matches = await threads.search(ME, "rain", limit=3, after=after)
            found += [row.conversation.id for row in matches.rows]
            if not matches.more:
                break
            after = found[-1]
        assert newest == found == made[::-1]

    kept(database_url, story)


def test_a_fork_has_the_beginning_and_leaves_the_other_alone(database_url: str) -> None:
    async def story(archive: Archive) -> None:
        threads = archive.conversations
        made = await threads.create(ME, {"title": "t"}, [said("one"), said("two", "assistant"), said("three")])
        two = (await threads.items(ME, made.id, limit=3)).rows[1]
        await threads.keep_audio(ME, made.id, two.id, "audio/ogg", b"sound")
        fork = await threads.fork(ME, made.id, two.id)
        assert await texts(threads, fork.id) == ["one", "two"]
        assert fork.metadata == {"title": "t", "forked_from": made.id}
        assert await threads.audio(ME, fork.id, two.id) == ("audio/ogg", b"sound")
        await threads.delete(ME, made.id)
        assert await texts(threads, fork.id) == ["one", "two"]
        assert len((await threads.search(ME, "two", limit=9)).rows) == 1

    kept(database_url, story)


def test_an_item_that_changes_is_found_by_its_new_words_only(database_url: str) -> None:
    async def story(archive: Archive) -> None:
        threads = archive.conversations
        made = await threads.create(ME, {}, [said("the whole of it", "assistant")])
        item = (await threads.items(ME, made.id, limit=1)).rows[0]
        await threads.change(ME, made.id, {**said("the half", "assistant"), "id": item.id, "status": "incomplete"})
        assert not (await threads.search(ME, "whole", limit=9)).rows
        assert (await threads.search(ME, "half", limit=9)).rows
        await threads.remove(ME, made.id, item.id)
        assert not (await threads.search(ME, "half", limit=9)).rows

    kept(database_url, story)


def test_hostile_text_is_kept_as_it_is(database_url: str) -> None:
    """PostgreSQL takes no NUL in a text; a huge item fits; nothing of it is lost."""

    async def story(archive: Archive) -> None:
        threads = archive.conversations
        hostile = ["nul \0 here", "'; DROP TABLE items; --", "<script>", "🙂" * 10, "w" * 3_000_000, "a b " * 500_000]
        made = await threads.create(ME, {"title": "nul\0"}, [said(text) for text in hostile])
        assert await texts(threads, made.id) == hostile
        assert (await threads.get(ME, made.id)).title == "nul\0"
        assert len((await threads.search(ME, "here", limit=9)).rows) == 1

    kept(database_url, story)


def test_an_id_is_used_once_and_a_refused_item_changes_nothing(database_url: str) -> None:
    async def story(archive: Archive) -> None:
        threads = archive.conversations
        made = await threads.create(ME, {}, [{**said("one"), "id": "mine"}])
        with pytest.raises(RequestError, match="in use"):
            await threads.add(ME, made.id, [said("two"), {**said("three"), "id": "mine"}])
        with pytest.raises(RequestError, match="in use"):
            await threads.create(ME, {}, [{**said("one"), "id": "a"}, {**said("two"), "id": "a"}])
        assert await texts(threads, made.id) == ["one"]
        assert len((await threads.newest(ME, limit=9)).rows) == 1

    kept(database_url, story)


def test_writers_at_once_lose_nothing(database_url: str) -> None:
    async def story(archive: Archive) -> None:
        threads = archive.conversations
        made = await threads.create(ME, {})
        await asyncio.gather(*(threads.add(ME, made.id, [said(str(n))]) for n in range(40)))
        page = await threads.items(ME, made.id, limit=100)
        assert sorted(int(item.body["content"][0]["text"]) for item in page.rows) == list(range(40))

    kept(database_url, story)


def test_what_is_temporary_never_reaches_the_database(database_url: str) -> None:
    async def story(archive: Archive) -> None:
        threads = archive.conversations
        made = await threads.create(ME, {"temporary": "true"}, [said("between us")])
        assert await texts(threads, made.id) == ["between us"]
        assert not (await threads.newest(ME, limit=9)).rows
        async with archive.database.reading() as connection:
            assert await connection.scalar(text("SELECT count(*) FROM items")) == 0

    kept(database_url, story)


def test_whoever_is_cancelled_in_the_middle_takes_nothing_with_him(database_url: str) -> None:
    """A client that goes away cancels what it asked for, at any point; in memory there is one connection for all."""

    async def story(archive: Archive) -> None:
        threads = archive.conversations
        made = await threads.create(ME, {}, [said("stays")])
        for steps in range(60):
            task = asyncio.create_task(threads.add(ME, made.id, [said("perhaps")] * 3))
            reading = asyncio.create_task(threads.items(ME, made.id, limit=100))
            for _ in range(steps):
                await asyncio.sleep(0.0002)
            task.cancel()
            reading.cancel()
            await asyncio.wait([task, reading])
        kept_now = await texts(threads, made.id)
        assert kept_now[0] == "stays"
        assert len(kept_now) % 3 == 1  # all three or none
        await threads.add(ME, made.id, [said("last")])
        assert (await texts(threads, made.id))[-1] == "last"

    kept(database_url, story)
