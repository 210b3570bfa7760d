"""Responses that clients asked to have stored, each somebody's, for thirty days or until they are deleted."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vivavoce.conversation.items import new_id
from vivavoce.conversation.keepsakes import TEMPORARY
from vivavoce.errors import RequestError
from vivavoce.storage.bodies import Body
from vivavoce.storage.database import Database, storable
from vivavoce.storage.tables import responses

PREFIX, TEMPORARY_PREFIX = "resp", "resp_temp"
"""How ids begin; those of temporary conversations live in memory with them."""
KEPT = 30 * 86_400.0
"""Seconds, as OpenAI has it."""
SWEEP_EVERY = 3600.0
NEWEST = 100
"""Responses in which an item is looked for."""


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """`body`: the response on the wire, with what only we need; `read`: all items that it answered, the oldest first;
    `root`: the response with which its chain began."""

    id: str
    created: float
    status: str
    body: Body
    read: tuple[Body, ...]
    root: str
    conversation: str | None = None


def response_id(*, after: str | None) -> str:
    """A new id. `after`: the conversation or response that it goes on from."""
    temporary = after is not None and after.startswith((TEMPORARY, TEMPORARY_PREFIX))
    return new_id(TEMPORARY_PREFIX if temporary else PREFIX)


class Responses:
    """`database` keeps them, `temporary` those that are not to be kept. Every method raises StorageError when the
    database cannot be used, and RequestError for what is not there or somebody else's."""

    def __init__(self, database: Database, temporary: Database) -> None:
        self._database, self._temporary = database, temporary
        self._swept = 0.0

    async def keep(self, owner: str, response: StoredResponse) -> None:
        """Write it, or what has become of it; one that was deleted meanwhile stays deleted."""
        values = _values(owner, response)
        async with self._home(response.id).writing() as connection:
            if response.status in ("queued", "in_progress"):
                await self._sweep(connection)
                await connection.execute(insert(responses).values(values))
            else:
                mine = (responses.c.id == response.id, responses.c.owner == owner)
                await connection.execute(update(responses).where(*mine).values(values))

    async def get(self, owner: str, response_id: str) -> StoredResponse:
        wanted = select(responses).where(responses.c.id == storable(response_id), responses.c.owner == owner)
        async with self._home(response_id).reading() as connection:
            row = (await connection.execute(wanted)).first()
        if row is None:
            raise _missing(response_id)
        return _stored(row)

    async def delete(self, owner: str, response_id: str) -> None:
        """For good."""
        home = self._home(response_id)
        mine = (responses.c.id == storable(response_id), responses.c.owner == owner)
        async with home.writing() as connection:
            gone = await connection.execute(delete(responses).where(*mine))
        if not gone.rowcount:
            raise _missing(response_id)
        await home.scrub()

    async def items(self, owner: str) -> Mapping[str, Body]:
        """The items of the owner's newest responses by their ids, for those who refer to one."""
        newest = select(responses).where(responses.c.owner == owner).order_by(responses.c.created.desc()).limit(NEWEST)
        found: dict[str, Body] = {}
        for database in (self._database, self._temporary):
            async with database.reading() as connection:
                rows = [_stored(row) for row in await connection.execute(newest)]
            for row in reversed(rows):
                found |= {body["id"]: body for body in (*row.read, *row.body["output"])}
        return found

    def _home(self, response_id: str) -> Database:
        return self._temporary if response_id.startswith(TEMPORARY_PREFIX) else self._database

    async def _sweep(self, connection: AsyncConnection) -> None:
        if time.time() - self._swept > SWEEP_EVERY:
            self._swept = time.time()
            await connection.execute(delete(responses).where(responses.c.expires < time.time()))


def _values(owner: str, response: StoredResponse) -> dict[str, Any]:
    return {
        "id": response.id,
        "owner": owner,
        "created": response.created,
        "expires": response.created + KEPT,
        "conversation_id": response.conversation,
        "status": response.status,
        "body": response.body,
        "input": {"items": list(response.read), "root": response.root},
    }


def _stored(row: Row[Any]) -> StoredResponse:
    read, root = row.input["items"], row.input["root"]
    return StoredResponse(row.id, row.created, row.status, row.body, tuple(read), root, row.conversation_id)


def _missing(response_id: str) -> RequestError:
    return RequestError(f"There is no response {response_id[:64]!r}.", param="response_id", code="response_not_found")
