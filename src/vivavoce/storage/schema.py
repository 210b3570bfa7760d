"""The database's schema and the steps that lead to it (`migrations/versions/`), taken by alembic."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, text

from vivavoce.errors import StartupError

FOLDER = Path(__file__).parent / "migrations"
LOCK = 0x76697661
"""Names the lock by which servers that start at once on one PostgreSQL take turns."""

logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells every step


def upgrade(connection: Connection, to: str = "head") -> None:
    """Take the steps from what the database is to the revision `to`, all or none. Raises StartupError for a database
    of a newer program."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    try:
        command.upgrade(_config(connection), to)
    except CommandError as error:
        raise StartupError(
            f"The database cannot be brought up to date: {error}.",
            "It may have been written by a newer vivavoce: install that one, or set storage.url to another database.",
        ) from error


def revision(connection: Connection) -> str | None:
    """What the database is at; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """What this program brings it to."""
    head = ScriptDirectory(str(FOLDER)).get_current_head()
    assert head is not None, "there is at least one step"  # noqa: S101
    return head


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    attributes: dict[Any, Any] = config.attributes
    attributes["connection"] = connection
    return config
