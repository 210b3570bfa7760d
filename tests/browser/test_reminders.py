"""A timer that ends while nobody talks: the page opens a session for it, shows what is told and reads it aloud."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import staged
from tests.browser.microphone import silence
from tests.browser.visit import Visit

SECONDS = 12
"""Enough to set it and to end the talk on a busy machine."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    timer = {"name": "set_timer", "arguments": {"duration": f"{SECONDS} seconds"}}
    with staged(tmp_path_factory.mktemp("home"), answers={"timer": timer}) as url:
        yield url


def test_a_timer_is_heard_after_the_talk_has_ended(server: str, hearing: Callable[..., Browser]) -> None:
    visit = Visit.to(hearing(silence(30)), server)
    read_aloud: list[str] = []
    visit.page.on("request", lambda asked: read_aloud.append(asked.url) if "/v1/audio/speech" in asked.url else None)
    visit.press()
    visit.goes_through("listening")
    visit.show_thread()
    visit.type("Set a timer, please")
    expect(visit.page.locator(".tool[data-state=done]")).to_contain_text("set timer")
    visit.page.locator("#end").click()
    visit.goes_through("ready")
    told = visit.page.locator('.turn.vivavoce[data-unasked="true"]')
    expect(told.locator(".heard")).to_contain_text(f"timer of {SECONDS} seconds is done", timeout=60_000)
    expect(told.locator(".mark.unasked")).to_have_text("spoke up")
    visit.until(lambda: read_aloud, "the voice")
    expect(visit.page.locator("body")).to_have_attribute("data-microphone", "off")
    visit.page.reload()
    expect(visit.page.locator(".turn.vivavoce").last).to_contain_text("is done")
    expect(told.locator(".mark.unasked")).to_have_text("spoke up")
    assert visit.got("error") == [] and visit.complaints == []
