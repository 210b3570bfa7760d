"""Stock @openai/agents-realtime in a real browser, over WebRTC, from a page of another origin: a spoken turn, a tool,
an answer that is interrupted, the answer to that. What came out of the browser's loudspeaker is heard again."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, async_playwright

from tests.api.fakes import Served, serving
from tests.browser import microphone
from tests.browser.visit import QUIET, installed_browser
from tests.clients.pages import served_folder
from tests.clients.weather import FORECAST, YIELDED, Weather
from tests.waiting import PATIENCE, measured
from vivavoce.audio.files import read_sound
from vivavoce.conversation.config import SessionConfig
from vivavoce.loading import load_engine, model_files
from vivavoce.ports import HEARING_RATE
from vivavoce.session.session import Session
from vivavoce.settings import EngineChoices, read_settings
from vivavoce.webrtc.gateway import Gateway, WebRtcOptions

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def page_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    esbuild = HERE / "node_modules" / ".bin" / "esbuild"
    if not esbuild.exists() or installed_browser() is None:
        if os.environ.get("CI"):
            pytest.fail("the browser or the client is not installed")
        pytest.skip("run `make test-clients`, with a Chromium installed")
    pytest.importorskip("aiortc", reason="pip install 'vivavoce[media]'")
    folder = tmp_path_factory.mktemp("page")
    bundle = ["--bundle", "--format=esm", f"--outfile={folder / 'page.js'}"]
    subprocess.run([str(esbuild), str(HERE / "webrtc_page.js"), *bundle], check=True, capture_output=True)
    (folder / "index.html").write_text(
        "<!doctype html><audio autoplay></audio><script type=module src=page.js></script>"
    )
    with served_folder(folder) as address:
        yield address


@pytest.fixture(scope="module")
def voice() -> Iterator[Any]:
    settings = read_settings()
    try:
        tts = load_engine("tts", EngineChoices().tts, model_files(settings))
    except Exception as error:  # noqa: BLE001 - whatever is missing
        pytest.skip(f"no voice: {error}")
    yield tts
    tts.close()


@contextlib.asynccontextmanager
async def server(voice: Any) -> AsyncIterator[Served]:
    """Scripted ears and mind, a real voice, WebRTC."""
    engines = replace(Weather().engines(), tts=voice)
    address = ""
    gateway = Gateway(lambda: address, WebRtcOptions())

    def open_session(config: SessionConfig, send: Any, owner: str = "") -> Session:
        return Session(engines, config, send)

    try:
        async with serving(open_session=open_session, answer_offer=gateway.answer) as served:
            address = served.base.replace("http", "ws") + "/v1/realtime"
            yield served
    finally:
        await gateway.close()


@measured
def test_agents_realtime_calls_by_webrtc(page_address: str, voice: Any, tmp_path: Path) -> None:
    said = microphone.write(
        tmp_path / "microphone.wav",
        microphone.silence(4.0),
        microphone.speech(1.5),
        microphone.silence(7.0),
        microphone.speech(1.5),
        microphone.silence(20.0),
    )
    report = asyncio.run(converse(page_address, voice, said))
    assert report["errors"] == [] and report["tool"] == {"city": "Rome"} and report["interrupted"]
    assert report["said"][-1] == YIELDED and FORECAST not in report["said"]
    heard = asyncio.run(understood(base64.b64decode(report["sound"])))
    assert "sunny" in heard.lower() and "wish" in heard.lower() and "jacket" not in heard.lower()


async def converse(page_address: str, voice: Any, said: Path) -> dict[str, Any]:
    args = [*QUIET, "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    args.append(f"--use-file-for-fake-audio-capture={said}%noloop")
    async with server(voice) as served, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=installed_browser(), args=args)
        page = await browser.new_page()
        await page.goto(page_address)
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as web:
            secret = (await web.post(f"{served.base}/v1/realtime/client_secrets", json={})).json()["value"]
        await page.evaluate("([base, key]) => call(base, key)", [served.base, secret])
        await finished(page)
        report: dict[str, Any] = await page.evaluate("() => hangUp()")
        await browser.close()
    return report


async def finished(page: Page) -> None:
    for _ in range(300):
        if YIELDED in await page.evaluate("() => report.said"):
            await asyncio.sleep(2.5)  # until it is heard
            return
        await asyncio.sleep(0.2)
    raise AssertionError(await page.evaluate("() => JSON.stringify(report)"))


async def understood(recording: bytes) -> str:
    stt = load_engine("stt", EngineChoices().stt, model_files(read_settings()))
    try:
        return str((await stt.transcribe(read_sound(recording, HEARING_RATE, longest=120))).text)
    finally:
        stt.close()
