"""`vivavoce serve` as a user starts and ends it, with scripted engines."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from test_bench_latency import spoken
from tests.waiting import PATIENCE

from vivavoce.cli.bench.latency import ask_all, session_settings
from vivavoce.cli.server import Address, is_healthy

DEMO = [sys.executable, "-m", "vivavoce", "serve", "--demo", "--no-browser"]


@contextmanager
def demo_server(home: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process, and its URL as it tells it."""
    environment = {**os.environ, "VIVAVOCE_HOME": str(home)}
    with subprocess.Popen(
        [*DEMO, "--port", "0", *options], stdout=subprocess.PIPE, text=True, env=environment
    ) as server:
        try:
            assert server.stdout is not None
            told = next(line for line in server.stdout if "in the browser" in line)
            found = re.search(r"http://\S+[^/\s]", told)
            assert found is not None
            yield server, found.group()
        finally:
            if server.poll() is None:
                server.send_signal(signal.SIGINT)
                server.wait(PATIENCE)


def test_it_says_what_to_do_next_and_ends_cleanly_on_ctrl_c(tmp_path: Path) -> None:
    with demo_server(tmp_path) as (server, url):
        assert asyncio.run(is_healthy(Address.of(url)))
        server.send_signal(signal.SIGINT)
        assert server.wait(PATIENCE) == 0
        assert server.stdout is not None
        rest = server.stdout.read()
        assert f"vivavoce talk --url {url}" in rest and f"base_url={url}/v1" in rest
        assert "Traceback" not in rest


def test_the_demo_answers_after_its_delay(tmp_path: Path) -> None:
    """Not sooner than its engines are told to take."""
    with demo_server(tmp_path, "--demo-delay", "600") as (_, url):
        [exchange] = asyncio.run(ask_all(Address.of(url), session_settings("server_vad"), [spoken()]))
    assert exchange.problem == "" and exchange.heard and exchange.answer
    assert exchange.voice_to_voice_ms is not None and exchange.voice_to_voice_ms > 550
    assert exchange.server_ms["first_sound"] is not None
