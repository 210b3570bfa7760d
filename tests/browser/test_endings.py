"""A talk that is ended at whatever moment is the same thread after a reload: nothing that was shown is lost, nothing
that was hidden comes back, and the order stays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, TimeoutError

from tests.browser import microphone
from tests.browser.conftest import staged
from tests.browser.microphone import silence, speech
from tests.browser.visit import Visit, launch

ANSWERS = {"swallows": "one two three four five six seven eight nine ten eleven twelve thirteen fourteen. " * 3}
END_AT = """
window.WebSocket = class extends WebSocket {
  set onmessage(take) {
    super.onmessage = take && ((message) => {
      take(message);
      if (window.end?.type !== JSON.parse(message.data).type || --window.end.left > 0) return;
      window.end = undefined;
      document.querySelector("#end").click();
    });
  }
  close(code) {
    super.close(code);
    window.hungUp = true;
  }
};
"""
"""Ends the talk when the page has taken the nth event of a type: a click from outside comes at some time later."""
THREAD = """[...document.querySelectorAll("#log .turn, #log .tool, #log .approval")].map((turn) => [
  turn.dataset.who ?? turn.className,
  turn.dataset.state ?? turn.dataset.approved,
  (turn.querySelector(".heard") ?? turn).innerText.trim(),
  turn.querySelector(".ahead")?.innerText.trim(),
  turn.dataset.interrupted === "true" ? "interrupted" : "",
  turn.dataset.spoken === "true" ? "spoken" : "",
].filter((part) => part).join("|"))"""
RELOADS = 5
LOADED_MS = 12_000

STAGES = [
    ("input_audio_buffer.speech_started", 1),
    ("conversation.item.input_audio_transcription.delta", 1),
    ("input_audio_buffer.speech_stopped", 1),
    ("response.created", 1),
    ("response.output_audio_transcript.delta", 1),
    ("response.output_audio.delta", 25),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with staged(tmp_path_factory.mktemp("home"), heard=["what about swallows in winter"], answers=ANSWERS) as url:
        yield url


@pytest.fixture(scope="module")
def browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Whoever opens its microphone hears somebody speak once."""
    wav = microphone.write(tmp_path_factory.mktemp("sound") / "once.wav", silence(0.7), speech(1.6), silence(60))
    with launch(playwright, microphone=wav) as running:
        yield running


@pytest.mark.parametrize(("event", "nth"), STAGES)
def test_the_thread_of_a_talk_that_was_ended_is_the_same_after_a_reload(
    server: str, browser: Browser, event: str, nth: int
) -> None:
    visit = Visit.to(browser, server, before=END_AT)
    visit.page.evaluate("([type, left]) => { window.end = { type, left } }", [event, nth])
    visit.press()
    visit.page.wait_for_function("() => window.hungUp")
    visit.sees_state("ready")
    before: list[str] = visit.page.evaluate(THREAD)
    if event != "input_audio_buffer.speech_started":  # by then no word need have been said
        assert re.fullmatch(r"you\|what.*\|spoken", before[0])
    assert reloaded(visit, before) == before
    assert visit.complaints == []


def reloaded(visit: Visit, wanted: list[str]) -> Any:
    """The thread after a reload, or after a few: what was said last may be being written."""
    for _ in range(RELOADS):
        visit.page.reload()
        with suppress(TimeoutError):
            same = f"wanted => JSON.stringify({THREAD}) === JSON.stringify(wanted)"
            visit.page.wait_for_function(same, arg=wanted, timeout=LOADED_MS)
            break
    return visit.page.evaluate(THREAD)
