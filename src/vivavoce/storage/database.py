"""One database: SQLite in a file or in memory, or PostgreSQL, chosen by its URL.

    async with database.reading() as connection: ...     # a consistent view; nothing may be written
    async with database.writing() as connection: ...     # one transaction: committed at the end, or nothing happened

Both have a deadline, and raise StorageError when the database does not do its part.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import URL, ExceptionContext, event, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, NoSuchModuleError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import StaticPool

from vivavoce.errors import StartupError, StorageError
from vivavoce.storage import schema

MEMORY = "sqlite:///:memory:"
"""The URL of a database that is gone when it is closed, and never on a disk."""
DEADLINE = 30.0
"""Seconds that one use of the database may take."""
OPENING = 60.0
"""Seconds in which it has to be there and up to date."""
LOCKED_MS = 2_000
"""How long SQLite waits for another program that writes."""
CONNECTIONS = 5
POSTGRESQL = {"plan_cache_mode": "force_custom_plan", "jit": "off"}
"""A plan for any words is a bad one for most: a rare one would be looked for in every row. And none takes so long that
compiling it pays."""
DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}


class Database:
    """Open one with `Database.open`, and `aclose` it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._in_memory = engine.url.database == ":memory:"
        self._writing = asyncio.Lock()

    @classmethod
    async def open(cls, url: str, *, upgrade: bool = True) -> Database:
        """Connect, and bring the schema up to date. Raises StartupError."""
        try:
            database = cls(_engine(_url(url)))
        except ModuleNotFoundError as error:
            raise StartupError(
                f"storage.url needs a library that is not installed: {error.name}.", "pip install 'vivavoce[postgres]'."
            ) from None
        if upgrade:
            try:
                async with database.writing(OPENING) as connection:
                    await connection.run_sync(schema.upgrade)
            except BaseException as error:
                await database.aclose()
                if isinstance(error, StorageError):
                    remedy = "See that it can be reached and written, or set storage.url to another database."
                    raise StartupError(str(error), remedy) from error
                raise
        return database

    @property
    def postgresql(self) -> bool:
        return self._engine.dialect.name == "postgresql"

    @property
    def file(self) -> Path | None:
        """Of SQLite, unless it is in memory."""
        name = self._engine.url.database
        return None if self.postgresql or self._in_memory or not name else Path(name)

    @asynccontextmanager
    async def reading(self, seconds: float = DEADLINE) -> AsyncGenerator[AsyncConnection, None]:
        """Raises StorageError."""
        if self._in_memory:  # one connection, which holds one transaction at a time
            async with self.writing(seconds) as connection:
                yield connection
            return
        async with _told(seconds), self._engine.connect() as connection, connection.begin():
            yield connection

    @asynccontextmanager
    async def writing(self, seconds: float = DEADLINE) -> AsyncGenerator[AsyncConnection, None]:
        """Raises StorageError, and IntegrityError as it comes."""
        if self.postgresql:
            async with _told(seconds), self._engine.begin() as connection:
                yield connection
            return
        async with _told(seconds), self._writing, self._engine.connect() as connection:
            await connection.execution_options(vivavoce_writes=True)
            async with connection.begin():
                yield connection

    @asynccontextmanager
    async def outside_transactions(self, seconds: float = DEADLINE) -> AsyncGenerator[AsyncConnection, None]:
        """For what runs in none, such as VACUUM. Raises StorageError."""
        async with _told(seconds), self._writing, self._engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            yield connection

    async def scrub(self) -> None:
        """Overwrite what was deleted: the search index still holds words of it, and the write-ahead log whole pages.
        PostgreSQL does so in its own time. Raises StorageError."""
        if self.postgresql:
            return
        async with self.writing() as connection:
            await connection.exec_driver_sql("INSERT INTO item_words (item_words) VALUES ('optimize')")
        async with self.outside_transactions() as connection:
            await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    async def aclose(self) -> None:
        await self._engine.dispose()


def storable(text: str) -> str:
    """`text` without what a database does not take: NUL characters and halves of surrogate pairs."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


@asynccontextmanager
async def _told(seconds: float) -> AsyncGenerator[None, None]:
    """What the database cannot do becomes a StorageError without its words, which may hold what people wrote."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except (IntegrityError, DataError, ProgrammingError):
        raise  # ours to put right, not the database's
    except TimeoutError as error:
        raise StorageError(f"The database did not answer within {seconds:g} s.") from error
    except (DBAPIError, sqlalchemy.exc.TimeoutError, OSError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise StorageError(f"The database cannot be used now ({type(cause).__name__}).") from error


def _url(written: str) -> URL:
    """Raises StartupError, which does not repeat the URL: it may hold a password."""
    try:
        url = make_url(written)
        driver = DRIVERS[url.drivername.partition("+")[0]]
    except (ArgumentError, KeyError, ValueError):
        raise StartupError(
            "storage.url is no database URL.",
            "Write sqlite:///path/to/file.db or postgresql+asyncpg://user:password@host/name.",
        ) from None
    return url.set(drivername=driver)


def _engine(url: URL) -> AsyncEngine:
    try:
        if url.get_backend_name() == "postgresql":
            return create_async_engine(
                url,
                pool_size=CONNECTIONS,
                pool_pre_ping=True,
                hide_parameters=True,
                connect_args={"timeout": 10, "server_settings": POSTGRESQL},
            )
        return _sqlite(url)
    except NoSuchModuleError as error:
        raise StartupError(f"storage.url: {error}.", "Leave the driver out of it.") from None


def _sqlite(url: URL) -> AsyncEngine:
    if url.database in (None, "", ":memory:"):
        engine = create_async_engine(url.set(database=":memory:"), poolclass=StaticPool, hide_parameters=True)
    else:
        _make_private(Path(str(url.database)))
        engine = create_async_engine(url, pool_size=CONNECTIONS, hide_parameters=True)
    event.listen(engine.sync_engine, "connect", _set_up)
    event.listen(engine.sync_engine, "begin", _begin)
    event.listen(engine.sync_engine, "handle_error", _keep_connection)
    return engine


def _keep_connection(context: ExceptionContext) -> None:
    """By default the connection of whoever is cancelled is given up: slowly, with the file locked, and with it all that
    is in memory. It is as good as before: its thread finishes the statement, and then rolls back."""
    if isinstance(context.original_exception, asyncio.CancelledError):
        context.is_disconnect = False


def _make_private(path: Path) -> None:
    """An empty file that nobody else on this machine can read, where there is none. Raises StartupError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StartupError(
            f"The database {path} cannot be opened: {error.strerror}.", "Set storage.url, or VIVAVOCE_HOME."
        ) from error


def _set_up(connection: Any, _: Any) -> None:
    """`secure_delete`: what is deleted is overwritten. `synchronous` FULL: what is committed survives a power cut."""
    connection.isolation_level = None  # transactions are begun by `_begin`, not by the driver's guess
    cursor = connection.cursor()
    for setting in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "secure_delete = ON",
        f"busy_timeout = {LOCKED_MS}",
    ):
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()


def _begin(connection: sqlalchemy.Connection) -> None:
    """A writer takes the lock first, so that it never has to give up half-way."""
    if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
        return
    writes = connection.get_execution_options().get("vivavoce_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
