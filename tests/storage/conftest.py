"""Databases to test with: SQLite, and a PostgreSQL of our own, started in a temporary folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.storage.postgres import NoPostgres, create_database, running_postgres

_numbers = count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a server; skips where there is no PostgreSQL."""
    try:
        with running_postgres() as url:
            yield url
    except NoPostgres as why:
        pytest.skip(str(why))


@pytest.fixture(params=["sqlite", "memory", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "memory":
        return "sqlite:///:memory:"
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'kept.db'}"
    server: str = request.getfixturevalue("postgres")
    return create_database(server, f"test_{os.getpid()}_{next(_numbers)}")
