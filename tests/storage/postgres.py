"""A PostgreSQL of our own, for tests and benches."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg

from tests.waiting import PATIENCE

PROGRAMS = [Path(path) for path in os.environ.get("PATH", "").split(os.pathsep) if path] + sorted(
    Path("/usr/lib/postgresql").glob("*/bin"), reverse=True
)


class NoPostgres(Exception):
    """Why there is none here."""


@contextmanager
def running_postgres() -> Iterator[str]:
    """A server that listens on a socket in a temporary folder only; gives a URL into which a database's name is to be
    put. Raises NoPostgres."""
    programs = next((folder for folder in PROGRAMS if (folder / "initdb").exists()), None)
    if programs is None:
        raise NoPostgres("no PostgreSQL here: initdb is neither on PATH nor under /usr/lib/postgresql")
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
                server.wait(timeout=PATIENCE)
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
    raise NoPostgres("PostgreSQL does not run as root, and there is no user postgres or nobody")


def _run(command: list[object], **identity: Any) -> None:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd="/", timeout=90, **identity)
    assert done.returncode == 0, done.stdout + done.stderr


def create_database(url: str, name: str) -> str:
    """An empty database at a running server; its URL."""

    async def create() -> None:
        connection = await asyncpg.connect((url % "postgres").replace("+asyncpg", ""))
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()

    asyncio.run(create())
    return url % name
