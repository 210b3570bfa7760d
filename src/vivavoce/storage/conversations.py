"""Conversations and their items, each of them somebody's: an id of somebody else is answered like one that does not
exist.

A conversation whose metadata say `temporary: "true"` lives in a database in memory, and ends with the process or a day
later. Every method raises StorageError when the database cannot be used, and RequestError as it says.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from sqlalchemy import Row, delete, insert, literal, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vivavoce.conversation.items import new_id
from vivavoce.conversation.keepsakes import TEMPORARY
from vivavoce.errors import RequestError
from vivavoce.storage import rows, search
from vivavoce.storage.bodies import Body
from vivavoce.storage.database import Database, storable
from vivavoce.storage.rows import StoredItem
from vivavoce.storage.search_words import Piece, snippet, terms
from vivavoce.storage.tables import conversations, item_audio, items, responses

T = TypeVar("T")
Metadata = Mapping[str, str]

DAY = 86_400.0
MOST_PAIRS = 16
"""Of metadata, as OpenAI has it."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """`created`, `updated`: Unix times in s; something was last said at `updated`."""

    id: str
    created: float
    updated: float
    metadata: dict[str, str]

    @property
    def title(self) -> str:
        return self.metadata.get("title", "")


@dataclass(frozen=True, slots=True)
class Snippet:
    """A place in an item where something was found."""

    item_id: str
    role: str | None
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """`snippets` are empty where the title alone holds what was looked for."""

    conversation: Conversation
    snippets: tuple[Snippet, ...]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Part of a list; `more`: it goes on."""

    rows: tuple[T, ...]
    more: bool


class Conversations:
    """`database` keeps them, `temporary` those that are not to be kept."""

    def __init__(self, database: Database, temporary: Database) -> None:
        self._database, self._temporary = database, temporary
        self.settled: Callable[[], Awaitable[None]] = _at_once
        """Waits until what sessions told is written: their items are read as if that took no time."""

    # --- conversations

    async def create(self, owner: str, metadata: Metadata, bodies: Sequence[Body] = ()) -> Conversation:
        """A new one with its first items. Raises RequestError for an id that two of them share."""
        temporary = metadata.get("temporary") == "true"
        new = new_id(TEMPORARY if temporary else "conv")
        if temporary:
            await self._sweep()
        async with self._home(new).writing() as connection:
            made = await insert_conversation(connection, new, owner, metadata)
            await rows.add(connection, new, owner, bodies)
        return made

    async def get(self, owner: str, conversation_id: str) -> Conversation:
        """Raises RequestError."""
        async with self._home(conversation_id).reading() as connection:
            return _conversation(await own(connection, owner, conversation_id))

    async def describe(self, owner: str, conversation_id: str, change: Callable[[Metadata], Metadata]) -> Conversation:
        """Give it the metadata that `change` makes of those that it has; nobody else changes them meanwhile. Raises
        RequestError, and what `change` raises."""
        async with self._home(conversation_id).writing() as connection:
            row = await own(connection, owner, conversation_id, change=True)
            metadata = change(row.metadata)
            values = {"metadata": dict(metadata), "title_words": search.title_words(metadata.get("title", ""))}
            await connection.execute(update(conversations).where(conversations.c.id == row.id).values(values))
        return Conversation(row.id, row.created, row.updated, dict(metadata))

    async def delete(self, owner: str, conversation_id: str) -> None:
        """Delete it for good: with its items, their sound, what is searched, and the responses that belong to it.
        Raises RequestError."""
        home = self._home(conversation_id)
        async with home.writing() as connection:
            await own(connection, owner, conversation_id, change=True)
            await connection.execute(delete(conversations).where(conversations.c.id == conversation_id))
            await connection.execute(delete(responses).where(responses.c.conversation_id == conversation_id))
        await home.scrub()

    async def newest(self, owner: str, *, limit: int, after: str | None = None) -> Page[Conversation]:
        """Those in which something was said last come first, from behind `after` on. Raises RequestError."""
        c = conversations.c
        wanted = select(conversations).where(c.owner == owner).order_by(c.updated.desc(), c.id.desc()).limit(limit + 1)
        async with self._database.reading() as connection:
            if after is not None:
                row = await own(connection, owner, after)
                wanted = wanted.where(tuple_(c.updated, c.id) < (row.updated, row.id))
            found = [_conversation(row) for row in await connection.execute(wanted)]
        return Page(tuple(found[:limit]), len(found) > limit)

    async def search(self, owner: str, query: str, *, limit: int, after: str | None = None) -> Page[Found]:
        """Those whose titles hold all words of `query`, then those with an item that does, newest first."""
        wanted = terms(storable(query))
        if not wanted:
            return Page((), False)
        async with self._database.reading() as connection:
            titled = await search.titled(connection, owner, wanted)
            ids = [row.id for row in titled]
            left = ids[ids.index(after) + 1 :] if after in ids else [] if after else ids
            keys = await search.search(
                connection, owner, wanted, most=limit + 1 + len(ids), after=None if after in ids else after
            )
            order = [*left, *(found for found in keys if found not in ids)]
            found = await _found(connection, owner, order[:limit], keys, wanted)
        return Page(tuple(found), len(order) > limit)

    async def fork(self, owner: str, conversation_id: str, up_to: str | None = None) -> Conversation:
        """A new conversation that begins as this one did, up to and with the item `up_to` (None: all of it). Raises
        RequestError."""
        home = self._home(conversation_id)
        async with home.writing() as connection:
            row = await own(connection, owner, conversation_id)
            wanted = rows.in_order(row.id)
            if up_to is not None:
                wanted = wanted.where(items.c.position <= (await rows.find(connection, row.id, up_to)).position)
            copied = (await connection.execute(wanted)).all()
            new = new_id(TEMPORARY if home is self._temporary else "conv")
            made = await insert_conversation(connection, new, owner, _of_fork(row))
            times = [item.created for item in copied]
            written = await rows.add(connection, new, owner, [item.body for item in copied], times=times)
            for item, copy in zip(copied, written, strict=True):
                sound = select(literal(copy.key), item_audio.c.media_type, item_audio.c.data).where(
                    item_audio.c.key == item.key
                )
                await connection.execute(insert(item_audio).from_select(["key", "media_type", "data"], sound))
        return made

    # --- items

    async def add(
        self, owner: str, conversation_id: str, bodies: Sequence[Body], *, after: str | None = None
    ) -> list[StoredItem]:
        """Write items after the item `after` (None: at the end, "root": at the start). Those without an id get one.
        Raises RequestError."""
        async with self.changing(owner, conversation_id) as connection:
            return await rows.add(connection, conversation_id, owner, bodies, after=after)

    async def items(
        self,
        owner: str,
        conversation_id: str,
        *,
        limit: int,
        after: str | None = None,
        order: Literal["asc", "desc"] = "asc",
    ) -> Page[StoredItem]:
        """Raises RequestError."""
        async with self._reading(owner, conversation_id) as connection:
            wanted = rows.in_order(conversation_id).limit(limit + 1)
            position = items.c.position
            if order == "desc":
                wanted = wanted.order_by(None).order_by(position.desc())
            if after is not None:
                start = (await rows.find(connection, conversation_id, after)).position
                wanted = wanted.where(position > start if order == "asc" else position < start)
            found = [rows.stored(row) for row in await connection.execute(wanted)]
        return Page(tuple(found[:limit]), len(found) > limit)

    async def item(self, owner: str, conversation_id: str, item_id: str) -> StoredItem:
        """Raises RequestError."""
        async with self._reading(owner, conversation_id) as connection:
            return rows.stored(await rows.find(connection, conversation_id, item_id))

    async def change(self, owner: str, conversation_id: str, body: Body) -> None:
        """Put a newer version of an item in its place. Raises RequestError."""
        async with self.changing(owner, conversation_id) as connection:
            row = await rows.find(connection, conversation_id, body["id"])
            await rows.change(connection, row, owner, body)

    async def remove(self, owner: str, conversation_id: str, item_id: str) -> Conversation:
        """Delete an item for good. Raises RequestError."""
        home = self._home(conversation_id)
        async with home.writing() as connection:
            row = await own(connection, owner, conversation_id, change=True)
            await rows.remove(connection, (await rows.find(connection, conversation_id, item_id)).key)
        await home.scrub()
        return _conversation(row)

    async def keep_audio(self, owner: str, conversation_id: str, item_id: str, media_type: str, data: bytes) -> None:
        """Keep the sound of an item. Raises RequestError."""
        async with self._home(conversation_id).writing() as connection:
            await own(connection, owner, conversation_id)
            key = (await rows.find(connection, conversation_id, item_id)).key
            await set_audio(connection, key, media_type, data)

    async def audio(self, owner: str, conversation_id: str, item_id: str) -> tuple[str, bytes]:
        """Media type and bytes of the sound that is kept of an item. Raises RequestError."""
        async with self._reading(owner, conversation_id) as connection:
            key = (await rows.find(connection, conversation_id, item_id)).key
            row = (await connection.execute(select(item_audio).where(item_audio.c.key == key))).first()
        if row is None:
            raise RequestError(
                "No sound of this item is kept. It is where the profile says keep_audio while it is spoken.",
                param="item_id",
                code="item_not_found",
            )
        return row.media_type, row.data

    # --- within

    def _home(self, conversation_id: str) -> Database:
        return self._temporary if conversation_id.startswith(TEMPORARY) else self._database

    @asynccontextmanager
    async def _reading(self, owner: str, conversation_id: str) -> AsyncGenerator[AsyncConnection, None]:
        """Where the items of a conversation are read. Raises RequestError."""
        await self.settled()
        async with self._home(conversation_id).reading() as connection:
            await own(connection, owner, conversation_id)
            yield connection

    @asynccontextmanager
    async def changing(self, owner: str, conversation_id: str) -> AsyncGenerator[AsyncConnection, None]:
        """A transaction in which something is said in a conversation. Raises RequestError."""
        async with self._home(conversation_id).writing() as connection:
            row = await own(connection, owner, conversation_id, change=True)
            yield connection
            now = update(conversations).where(conversations.c.id == row.id).values(updated=time.time())
            await connection.execute(now)

    async def _sweep(self) -> None:
        """Temporary conversations that have been quiet for a day are over."""
        async with self._temporary.writing() as connection:
            old = delete(conversations).where(conversations.c.updated < time.time() - DAY)
            await connection.execute(old)


async def _at_once() -> None:
    """Nobody tells anything."""


async def set_audio(connection: AsyncConnection, key: int, media_type: str, data: bytes) -> None:
    await connection.execute(delete(item_audio).where(item_audio.c.key == key))
    await connection.execute(insert(item_audio).values(key=key, media_type=media_type, data=data))


async def own(connection: AsyncConnection, owner: str, conversation_id: str, *, change: bool = False) -> Row[Any]:
    """The row of a conversation, held against other writers where it is to `change`. Raises RequestError."""
    wanted = select(conversations).where(
        conversations.c.id == storable(conversation_id), conversations.c.owner == owner
    )
    row = (await connection.execute(wanted.with_for_update() if change else wanted)).first()
    if row is None:
        raise RequestError(
            f"There is no conversation {conversation_id!r}.", param="conversation_id", code="conversation_not_found"
        )
    return row


async def insert_conversation(
    connection: AsyncConnection,
    conversation_id: str,
    owner: str,
    metadata: Metadata,
    *,
    created: float | None = None,
    updated: float | None = None,
) -> Conversation:
    now = time.time()
    made = Conversation(conversation_id, created or now, updated or created or now, dict(metadata))
    values = {
        "id": made.id,
        "owner": owner,
        "created": made.created,
        "updated": made.updated,
        "metadata": made.metadata,
        "title_words": search.title_words(metadata.get("title", "")),
    }
    await connection.execute(insert(conversations).values(values))
    return made


def _conversation(row: Row[Any]) -> Conversation:
    return Conversation(row.id, row.created, row.updated, row.metadata)


def _of_fork(row: Row[Any]) -> Metadata:
    """Those of the first, and where there is room for it, which that was."""
    fits = len(row.metadata) < MOST_PAIRS or "forked_from" in row.metadata
    return {**row.metadata, **({"forked_from": row.id} if fits else {})}


async def _found(
    connection: AsyncConnection,
    owner: str,
    ids: Sequence[str],
    keys: Mapping[str, Sequence[int]],
    wanted: Sequence[Any],
) -> list[Found]:
    """What was found, as it is shown."""
    c = conversations.c
    known = {
        row.id: row for row in await connection.execute(select(conversations).where(c.id.in_(ids), c.owner == owner))
    }
    all_keys = [key for found in ids for key in keys.get(found, ())]
    matched = {row.key: row for row in await connection.execute(select(items).where(items.c.key.in_(all_keys)))}
    return [
        Found(
            _conversation(known[found]),
            tuple(
                Snippet(matched[key].id, matched[key].role, tuple(snippet(matched[key].text, wanted)))
                for key in keys.get(found, ())
            ),
        )
        for found in ids
        if found in known
    ]
