"""Chat completions that clients asked to have stored, each somebody's, for thirty days or until they are deleted."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vivavoce.errors import RequestError
from vivavoce.storage.bodies import Body
from vivavoce.storage.database import Database, storable
from vivavoce.storage.responses import KEPT, SWEEP_EVERY
from vivavoce.storage.tables import completions

MOST = 10_000
"""Of one owner; the oldest ones go."""


@dataclass(frozen=True, slots=True)
class StoredCompletion:
    """`body`: as it was on the wire, `messages`: what it answered."""

    body: Body
    messages: tuple[Body, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which completions of an owner, and how many. `after`: the id of the last one that is known already."""

    limit: int
    after: str | None = None
    newest_first: bool = False
    model: str | None = None
    metadata: Mapping[str, str] | None = None


class Completions:
    """Every method raises StorageError when the database cannot be used, and RequestError for what is not there or
    somebody else's."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._swept = 0.0

    async def keep(self, owner: str, completion: Body, messages: Sequence[Body]) -> None:
        now = time.time()
        body = {name: value for name, value in completion.items() if name != "metadata"}
        values = {
            "id": completion["id"],
            "owner": owner,
            "created": now,
            "expires": now + KEPT,
            "model": storable(completion["model"]),
            "metadata": completion.get("metadata") or {},
            "body": body,
            "messages": list(messages),
        }
        async with self._database.writing() as connection:
            await self._sweep(connection, owner)
            await connection.execute(insert(completions).values(values))

    async def get(self, owner: str, completion_id: str) -> StoredCompletion:
        async with self._database.reading() as connection:
            row = (await connection.execute(select(completions).where(_one(owner, completion_id)))).first()
        if row is None:
            raise _missing(completion_id)
        return _stored(row)

    async def describe(self, owner: str, completion_id: str, metadata: Mapping[str, str]) -> StoredCompletion:
        """The same completion under other metadata."""
        changed = update(completions).where(_one(owner, completion_id)).values(metadata=dict(metadata))
        async with self._database.writing() as connection:
            if not (await connection.execute(changed)).rowcount:
                raise _missing(completion_id)
        return await self.get(owner, completion_id)

    async def delete(self, owner: str, completion_id: str) -> None:
        """For good."""
        async with self._database.writing() as connection:
            if not (await connection.execute(delete(completions).where(_one(owner, completion_id)))).rowcount:
                raise _missing(completion_id)
        await self._database.scrub()

    async def list(self, owner: str, wanted: Wanted) -> tuple[list[Body], bool]:
        """Those completions, and whether there are more behind them."""
        async with self._database.reading() as connection:
            rows = [
                row for row in await connection.execute(await _listing(connection, owner, wanted)) if _fits(row, wanted)
            ]
            ids = [row.id for row in rows[: wanted.limit]]
            found = await connection.execute(select(completions).where(completions.c.id.in_(ids)))
            bodies = {row.id: _stored(row).body for row in found}
        return [bodies[id] for id in ids], len(rows) > wanted.limit

    async def _sweep(self, connection: AsyncConnection, owner: str) -> None:
        """What is over goes, and the oldest of an owner who keeps too many."""
        if time.time() - self._swept < SWEEP_EVERY:
            return
        self._swept = time.time()
        await connection.execute(delete(completions).where(completions.c.expires < self._swept))
        newest = select(completions.c.id).where(completions.c.owner == owner).order_by(completions.c.created.desc())
        over = newest.offset(MOST).limit(MOST)
        await connection.execute(delete(completions).where(completions.c.id.in_(over)))


def _one(owner: str, completion_id: str) -> ColumnElement[bool]:
    return and_(completions.c.id == storable(completion_id), completions.c.owner == owner)


async def _listing(connection: AsyncConnection, owner: str, wanted: Wanted) -> Any:
    """Ids and metadata only: the bodies of a page are read once it is known."""
    columns = completions.c
    listing = select(columns.id, columns.metadata).where(columns.owner == owner)
    if wanted.model is not None:
        listing = listing.where(columns.model == storable(wanted.model))
    if wanted.after is not None:
        known = select(columns.created).where(_one(owner, wanted.after))
        created = (await connection.execute(known)).scalar()
        if created is None:
            raise RequestError("'after' must be the id of a stored completion.", param="after", code="invalid_value")
        later, same = columns.created > created, columns.id > wanted.after
        if wanted.newest_first:
            later, same = columns.created < created, columns.id < wanted.after
        listing = listing.where(or_(later, and_(columns.created == created, same)))
    if wanted.newest_first:
        return listing.order_by(columns.created.desc(), columns.id.desc())
    return listing.order_by(columns.created, columns.id)


def _fits(row: Row[Any], wanted: Wanted) -> bool:
    return wanted.metadata is None or wanted.metadata.items() <= row._mapping["metadata"].items()


def _stored(row: Row[Any]) -> StoredCompletion:
    metadata = row._mapping["metadata"] or None
    return StoredCompletion({**row.body, "metadata": metadata}, tuple(row.messages))


def _missing(completion_id: str) -> RequestError:
    return RequestError(
        f"There is no stored completion {completion_id[:64]!r}; it needs 'store': true, and is kept for thirty days.",
        param="completion_id",
        code="completion_not_found",
    )
