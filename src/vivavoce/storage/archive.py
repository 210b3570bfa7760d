"""What one server process keeps: its database, and the one in memory for what is not to be kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from vivavoce.conversation.items import Item
from vivavoce.storage.completions import Completions
from vivavoce.storage.conversations import Conversations
from vivavoce.storage.database import MEMORY, Database
from vivavoce.storage.recorder import Recorder
from vivavoce.storage.responses import Responses
from vivavoce.storage.titling import MakeTitle, Titling
from vivavoce.storage.writer import Writer


@dataclass(frozen=True, slots=True)
class Archive:
    """`database` is for whoever keeps more than conversations (`tables.py`)."""

    database: Database
    conversations: Conversations
    responses: Responses
    completions: Completions


@asynccontextmanager
async def open_archive(url: str) -> AsyncGenerator[Archive, None]:
    """Raises StartupError."""
    async with aclosing(await Database.open(url)) as database, aclosing(await Database.open(MEMORY)) as temporary:
        yield Archive(
            database, Conversations(database, temporary), Responses(database, temporary), Completions(database)
        )


class Keeper:
    """Keeps what happens in sessions. `run` it; `settle` it before the archive is closed. `titling` is also for whoever
    writes an answer into a conversation by other ways."""

    def __init__(self, archive: Archive, make_title: MakeTitle) -> None:
        self._conversations = archive.conversations
        self.titling = Titling(archive.conversations, make_title)
        self._writer = Writer(archive.conversations, archive.database, self.titling.consider)

    def recorder(self, owner: str, look: Callable[[], Sequence[Item]], room: int) -> Recorder:
        """For one session; `look`, `room`: see there."""
        return Recorder(self._conversations, self._writer, self.titling, owner, look, room)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._writer.run(), name="writer")
            tasks.create_task(self.titling.run(), name="titling")

    async def settle(self) -> None:
        await self._writer.settle()
