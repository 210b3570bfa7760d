"""What all tests share: quiet threads, the recordings, the models, virtual time."""

from __future__ import annotations

import os

os.environ.setdefault("KMP_BLOCKTIME", "0")  # before any runtime loads: spinning threads starve each other
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from hypothesis import HealthCheck, settings

from tests.waiting import PATIENCE
from vivavoce.models.catalog import read_catalog
from vivavoce.models.store import Store
from vivavoce.settings import read_settings

REPOSITORY = Path(__file__).parent.parent

# a busy machine is no failure of what is tested; what CI refuses, it refuses again
settings.register_profile(
    "busy", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ
)
settings.load_profile("busy")

HOME = tempfile.mkdtemp(prefix="vivavoce-home-")
os.environ["VIVAVOCE_HOME"] = HOME  # nobody's own, and no other test process's


def pytest_sessionfinish() -> None:
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Folder of real recordings (manifest.jsonl, audio/...); tests that need them skip where it is absent."""
    folder = Path(os.environ.get("VIVAVOCE_RECORDINGS") or REPOSITORY.parent / "shared" / "data")
    if not (folder / "manifest.jsonl").exists():
        pytest.skip("no recordings: set VIVAVOCE_RECORDINGS to a folder with a manifest.jsonl")
    return folder


# --- servers -----------------------------------------------------------------------------------------

READY_SECONDS = 240


@contextmanager
def served(*arguments: str, log: Path | None = None, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """`vivavoce serve` as its own process on a free port; gives its base URL, stops it with SIGTERM.

    `log`: file that is to hold all it prints. Its home is an empty folder, unless `environment` names one.
    """
    with started(*arguments, log=log, environment=environment) as (url, _):
        yield url


@contextmanager
def started(
    *arguments: str, log: Path | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[tuple[str, subprocess.Popen]]:
    """The same, with the process, which leads a group of its own."""
    command = [sys.executable, "-m", "vivavoce", "serve", "--no-browser", "--port", "0", *arguments]
    with (
        tempfile.TemporaryDirectory() as home,
        log.open("w+") if log else tempfile.TemporaryFile("w+") as printed,
        subprocess.Popen(
            command,
            stdout=printed,
            stderr=printed,
            env={**os.environ, "VIVAVOCE_HOME": home, **(environment or {})},
            start_new_session=True,
        ) as server,
    ):
        try:
            yield _address_of(server, printed), server
        finally:
            server.terminate()
            server.wait(timeout=PATIENCE)


def _address_of(server: subprocess.Popen, printed: IO[str]) -> str:
    """Its base URL, which it tells once it is ready: a port that is looked for beforehand may be somebody else's by
    then."""
    until, running, said = time.monotonic() + READY_SECONDS, True, ""
    while running and time.monotonic() < until:
        running = server.poll() is None
        said = os.pread(printed.fileno(), 2**20, 0).decode(errors="replace")  # where the server writes on stays
        if found := re.search(r"in the browser +(https?://\S+:\d+)/", said):
            return found[1]
        time.sleep(0.05)
    raise AssertionError(f"the server did not get ready:\n{said}")


@pytest.fixture(scope="session")
def demo_server() -> Iterator[str]:
    """A server with scripted engines."""
    with served("--demo") as url:
        yield url


@pytest.fixture(scope="session")
def embedded_server() -> Iterator[str]:
    """A server with the default engines; skips where their models are absent."""
    missing = [model.id for model in read_catalog() if model.default and model.id not in _installed()]
    if missing:
        pytest.skip(f"models not here: {', '.join(missing)}; run `vivavoce models pull`")
    with served() as url:
        yield url


def _installed() -> set[str]:
    return {model.id for model in Store(read_settings().paths.models).installed()}
