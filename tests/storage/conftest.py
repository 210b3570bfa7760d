"""Databases to test with: SQLite, and a PostgreSQL of our own, started in a temporary folder."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = [Path(path) for path in os.environ.get("PATH", "").split(os.pathsep) if path] + sorted(
    Path("/usr/lib/postgresql").glob("*/bin"), reverse=True
)
_numbers = count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A server that listens on a socket in a temporary folder only; gives a URL to which a database's name is to be
    added. Skips where there is no PostgreSQL."""
    programs = next((folder for folder in PROGRAMS if (folder / "initdb").exists()), None)
    if programs is None:
        pytest.skip("no PostgreSQL here: initdb is neither on PATH nor under /usr/lib/postgresql")
    folder = Path(tempfile.mkdtemp(prefix="vivavoce-pg-"))
    identity = _somebody_else(folder)
    try:
        data = folder / "data"
        _run(
            [programs / "initdb", "-D", data, "-U", "vivavoce", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"],
            **identity,
        )
        settings = {"listen_addresses": "", "unix_socket_directories": folder, "fsync": "off"}
        chosen = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (
            (folder / "log").open("wb") as log,
            subprocess.Popen(
                [programs / "postgres", "-D", data, *chosen], stdout=log, stderr=log, cwd="/", **identity
            ) as server,
        ):
            try:
                _wait_until_there(folder, server)
                yield f"postgresql+asyncpg://vivavoce@/%s?host={folder}"
            finally:
                server.send_signal(signal.SIGINT)  # sends clients away, and ends
                server.wait(timeout=20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_there(folder: Path, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        if "ready to accept connections" in (folder / "log").read_text(errors="replace"):
            return
        time.sleep(0.05)
    raise AssertionError((folder / "log").read_text(errors="replace"))


def _somebody_else(folder: Path) -> dict[str, Any]:
    """PostgreSQL does not run as root."""
    if os.getuid():
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(folder, user.pw_uid, user.pw_gid)
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    pytest.skip("PostgreSQL does not run as root, and there is no user postgres or nobody")


def _run(command: list[object], **identity: Any) -> None:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd="/", timeout=90, **identity)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(params=["sqlite", "memory", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    return empty_database(request.param, request, tmp_path)


def empty_database(kind: str, request: pytest.FixtureRequest, folder: Path) -> str:
    if kind == "memory":
        return "sqlite:///:memory:"
    if kind == "sqlite":
        return f"sqlite:///{folder / 'kept.db'}"
    server: str = request.getfixturevalue("postgres")
    name = f"test_{os.getpid()}_{next(_numbers)}"
    _create(server % "postgres", name)
    return server % name


def _create(url: str, name: str) -> None:
    import asyncio

    import asyncpg

    async def create() -> None:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()

    asyncio.run(create())
