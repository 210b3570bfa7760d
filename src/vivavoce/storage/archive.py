"""What one server process keeps: its database, and the one in memory for what is not to be kept."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from vivavoce.storage.conversations import Conversations
from vivavoce.storage.database import MEMORY, Database


@dataclass(frozen=True, slots=True)
class Archive:
    """`database` is for whoever keeps more than conversations (`tables.py`)."""

    database: Database
    conversations: Conversations


@asynccontextmanager
async def open_archive(url: str) -> AsyncGenerator[Archive, None]:
    """Raises StartupError."""
    async with aclosing(await Database.open(url)) as database, aclosing(await Database.open(MEMORY)) as temporary:
        yield Archive(database, Conversations(database, temporary))
