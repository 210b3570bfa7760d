"""The page's tests need a real browser and the real server with its scripted engines."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.browser import microphone
from tests.browser.visit import installed_browser, launch

START_SECONDS = 60
TEST_SECONDS = 600


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(TEST_SECONDS))


@contextmanager
def demo(home: Path, *arguments: str, module: str = "vivavoce", **environment: str) -> Iterator[str]:
    """`vivavoce serve --demo` on a free port; its base URL."""
    command = [sys.executable, "-m", module, "serve", "--demo", "--no-browser", "--port", "0", *arguments]
    variables = {**os.environ, "VIVAVOCE_HOME": str(home), **environment}
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=variables)
    try:
        assert server.stdout is not None
        said = next((line for line in server.stdout if "in the browser" in line), "")
        address = re.search(r"http://\S+:\d+", said)
        assert address is not None, "the server did not start"
        yield address[0]
    finally:
        server.terminate()
        server.communicate(timeout=START_SECONDS)


def staged(home: Path, **stage: Any) -> AbstractContextManager[str]:
    """The demo with a script of the test's own: see `staged.py`."""
    return demo(home, module="tests.browser.staged", STAGE=json.dumps(stage))


@pytest.fixture(scope="session")
def demo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with demo(tmp_path_factory.mktemp("home")) as url:
        yield url


@pytest.fixture(scope="session")
def locked_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that asks for the key "sesame"."""
    with demo(tmp_path_factory.mktemp("home"), "--api-key", "sesame") as url:
        yield url


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """No longer than a module: while it lives its event loop runs in this thread, and other tests start theirs."""
    if installed_browser() is None:
        reason = "no Chromium or Chrome is installed (scripts/ensure-browser.sh sets one up)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """For visits that speak to nobody."""
    with launch(playwright) as running:
        yield running


@pytest.fixture(autouse=True)
def _leave(request: pytest.FixtureRequest) -> Iterator[None]:
    """A page that stays open goes on computing."""
    yield
    if "browser" in request.fixturenames:
        for context in request.getfixturevalue("browser").contexts:
            context.close()


@pytest.fixture
def hearing(playwright: Playwright, tmp_path: Path) -> Iterator[Callable[..., Browser]]:
    """Opens browsers whose microphone hears the sounds given, one after the other, and then silence."""
    opened: list[Browser] = []

    def open_browser(*sounds: microphone.Sound) -> Browser:
        wav = microphone.write(tmp_path / f"microphone{len(opened)}.wav", *sounds, microphone.silence(30))
        opened.append(launch(playwright, microphone=wav))
        return opened[-1]

    yield open_browser
    for browser in opened:
        browser.close()
