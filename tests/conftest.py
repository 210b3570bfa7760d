"""What all tests share: quiet threads, the recordings, the models, virtual time."""

from __future__ import annotations

import os

os.environ.setdefault("KMP_BLOCKTIME", "0")  # before any runtime loads: spinning threads starve each other
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx
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
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "vivavoce", "serve", "--no-browser", "--port", str(port), *arguments]
    url = f"{'https' if '--https' in arguments else 'http'}://127.0.0.1:{port}"
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
            _wait_until_healthy(server, url, printed)
            yield url, server
        finally:
            server.terminate()
            server.wait(timeout=PATIENCE)


def _wait_until_healthy(server: subprocess.Popen, url: str, printed: IO[str]) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            if httpx.get(f"{url}/health", timeout=PATIENCE, trust_env=False, verify=False).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    printed.seek(0)
    raise AssertionError(f"the server did not get ready:\n{printed.read()}")


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
