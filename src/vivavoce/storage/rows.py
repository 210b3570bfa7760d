"""Items as rows: written, read and put in order inside a transaction that somebody else holds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vivavoce.conversation.history import ROOT
from vivavoce.conversation.items import new_id
from vivavoce.errors import RequestError
from vivavoce.storage import search
from vivavoce.storage.bodies import PREFIXES, Body, text_of
from vivavoce.storage.database import storable
from vivavoce.storage.tables import items

AT_ONCE = 500
"""Rows in one statement."""


@dataclass(frozen=True, slots=True)
class StoredItem:
    """`body`: the item as the Responses API has it; `created`: Unix time in s."""

    key: int
    id: str
    created: float
    body: Body


def stored(row: Row[Any]) -> StoredItem:
    return StoredItem(row.key, row.id, row.created, row.body)


def in_order(conversation_id: str) -> Select[Any]:
    """All items of a conversation; what the caller may see has been checked."""
    return select(items).where(items.c.conversation_id == conversation_id).order_by(items.c.position)


async def look_for(connection: AsyncConnection, conversation_id: str, item_id: str) -> Row[Any] | None:
    wanted = select(items).where(items.c.conversation_id == conversation_id, items.c.id == storable(item_id))
    return (await connection.execute(wanted)).first()


async def find(connection: AsyncConnection, conversation_id: str, item_id: str) -> Row[Any]:
    """Raises RequestError."""
    row = await look_for(connection, conversation_id, item_id)
    if row is None:
        raise RequestError(
            f"There is no item {item_id!r} in the conversation {conversation_id!r}.",
            param="item_id",
            code="item_not_found",
        )
    return row


async def add(
    connection: AsyncConnection,
    conversation_id: str,
    owner: str,
    bodies: Sequence[Body],
    *,
    after: str | None = None,
    times: Sequence[float] | None = None,
) -> list[StoredItem]:
    """Write `bodies` after the item `after` (None: at the end, "root": at the start); those without an id get one.
    `times`: when each was made, None: now. Raises RequestError."""
    bodies = [{**body, "id": storable(body.get("id") or _new_id(body))} for body in bodies]
    position = await _room(connection, conversation_id, len(bodies), after)
    now = time.time()
    rows = [
        {
            "conversation_id": conversation_id,
            "id": body["id"],
            "position": position + place,
            "created": times[place] if times else now,
            "kind": storable(str(body.get("type", "")))[:64],
            "role": body.get("role"),
            "text": storable(text_of(body)),
            "body": body,
        }
        for place, body in enumerate(bodies)
    ]
    await _refuse_known(connection, conversation_id, [row["id"] for row in rows])
    written: list[StoredItem] = []
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        returning = insert(items).returning(items.c.key, sort_by_parameter_order=True)
        keys = (await connection.execute(returning, some)).scalars().all()
        await search.index(connection, owner, [(key, row["text"]) for key, row in zip(keys, some, strict=True)])
        written += [
            StoredItem(key, row["id"], row["created"], row["body"]) for key, row in zip(keys, some, strict=True)
        ]
    return written


async def change(connection: AsyncConnection, row: Row[Any], owner: str, body: Body) -> None:
    """Put a newer version of an item in its place."""
    text = storable(text_of(body))
    await connection.execute(update(items).where(items.c.key == row.key).values(body=body, text=text))
    await search.forget(connection, [row.key])
    await search.index(connection, owner, [(row.key, text)])


async def remove(connection: AsyncConnection, key: int) -> None:
    await connection.execute(delete(items).where(items.c.key == key))


async def _room(connection: AsyncConnection, conversation_id: str, count: int, after: str | None) -> int:
    """The position of the first of `count` items that are to stand after `after`; later ones move."""
    here = items.c.conversation_id == conversation_id
    if after is None:
        last = await connection.scalar(select(func.max(items.c.position)).where(here))
        return 0 if last is None else last + 1
    position: int = 0 if after == ROOT else (await find(connection, conversation_id, after)).position + 1
    later = update(items).where(here, items.c.position >= position).values(position=items.c.position + count)
    await connection.execute(later)
    return position


async def _refuse_known(connection: AsyncConnection, conversation_id: str, ids: list[str]) -> None:
    known = set[str]()
    here = select(items.c.id).where(items.c.conversation_id == conversation_id)
    for start in range(0, len(ids), AT_ONCE):
        known |= set(await connection.scalars(here.where(items.c.id.in_(ids[start : start + AT_ONCE]))))
    seen = set[str]()
    for item_id in ids:
        if item_id in known or item_id in seen:
            raise RequestError(f"The id {item_id!r} is in use already.", param="items", code="item_id_in_use")
        seen.add(item_id)


def _new_id(body: Body) -> str:
    return new_id(PREFIXES.get(str(body.get("type")), "item"))
