"""The examples in the documents: each can be pasted, and those that need no more than is here are run as they stand."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from tests.browser.visit import QUIET, installed_browser
from tests.clients.pages import served_folder
from tests.waiting import PATIENCE

REPOSITORY = Path(__file__).parent.parent.parent
ADDRESS = "http://127.0.0.1:8990"
EXAMPLES = {
    f"{document}:{title.strip()}:{place}": (language, code)
    for document in ("clients", "audio", "api")
    for title, section in re.findall(
        r"^#+ ([^\n]+)\n(.*?)(?=^## |\Z)", (REPOSITORY / "docs" / f"{document}.md").read_text(), re.M | re.S
    )
    for place, (language, code) in enumerate(re.findall(r"```(\w+)\n(.*?)```", section, re.S))
}


def example(title: str) -> str:
    return next(code for name, (_, code) in EXAMPLES.items() if title in name)


@pytest.mark.parametrize("name", [name for name, (language, _) in EXAMPLES.items() if language == "python"])
def test_python_can_be_pasted(name: str) -> None:
    compile(EXAMPLES[name][1], name, "exec")


def test_the_python_client_talks(demo_server: str) -> None:
    code = example("OpenAI for Python").replace(ADDRESS, demo_server)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert len(done.stdout.split()) > 3


def test_the_text_routes_answer_as_the_page_says(demo_server: str) -> None:
    code = example("api:Messages").replace(ADDRESS, demo_server)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert len(done.stdout.split()) > 3
    code = next(code for name, (language, code) in EXAMPLES.items() if "Chat" in name and language == "bash")
    code = code.replace(ADDRESS, demo_server)
    done = subprocess.run(["bash", "-ec", code], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert '"chat.completion"' in done.stdout


def test_curl_is_understood(demo_server: str, tmp_path: Path) -> None:
    code = example("curl").replace(ADDRESS, demo_server)
    done = subprocess.run(
        ["bash", "-ec", code], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert '"text":' in done.stdout and '"ek_' in done.stdout and (tmp_path / "hello.mp3").stat().st_size > 1000


def test_the_page_without_a_build_connects(demo_server: str, tmp_path: Path) -> None:
    pytest.importorskip("aiortc", reason="pip install 'vivavoce[media]'")
    if installed_browser() is None:
        pytest.skip("no Chromium or Chrome is installed (scripts/ensure-browser.sh sets one up)")
    (tmp_path / "index.html").write_text(example("A page of your own").replace(ADDRESS, demo_server))

    async def scene(address: str) -> None:
        args = [*QUIET, "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=installed_browser(), args=args)
            page = await browser.new_page()
            heard = asyncio.Event()
            page.on("console", lambda message: heard.set() if message.text == "session.created" else None)
            await page.goto(address)
            async with asyncio.timeout(PATIENCE):
                await heard.wait()
            await browser.close()

    with served_folder(tmp_path) as address:
        asyncio.run(scene(address))
