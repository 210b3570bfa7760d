"""The page in a real browser against the real server: what a person sees, hears and can do about trouble."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Playwright, expect

from tests.browser.cable import Cable
from tests.browser.microphone import silence, speech
from tests.browser.visit import Visit, launch

Hearing = Callable[..., Browser]


@pytest.fixture
def cable(demo_server: str) -> Iterator[Cable]:
    port = urlsplit(demo_server).port
    assert port is not None
    cable = Cable(port)
    yield cable
    cable.cut()


def test_a_spoken_question_is_answered_aloud_and_can_be_read(demo_server: str, hearing: Hearing) -> None:
    """One key press, speak, hear: both sides as captions, the time it took, and back to listening."""
    visit = Visit.to(hearing(silence(0.7), speech(1.0)), demo_server)
    visit.sees_state("ready")
    visit.page.locator("body").press("Space")
    visit.goes_through("listening", "speaking")
    expect(visit.page.locator("#captions .you .heard")).not_to_be_empty()
    expect(visit.page.locator("#latency")).to_have_attribute("data-latency-ms", re.compile(r"^\d+$"))
    expect(visit.page.locator("#latency")).to_contain_text("answered in")
    visit.goes_through("listening")
    visit.show_thread()
    expect(visit.page.locator(".turn.vivavoce .heard")).to_have_text(re.compile(r"\.\s*$"))
    assert visit.said("conversation.item.truncate") == []

    visit.page.locator("#end").click()
    visit.sees_state("ready")
    expect(visit.page.locator(".turn[data-spoken=true]")).to_have_count(2)
    expect(visit.page.locator("body")).to_have_attribute("data-microphone", "off")
    assert visit.complaints == []


def test_speaking_again_stops_the_reply_and_keeps_what_was_heard(demo_server: str, hearing: Hearing) -> None:
    """Barge-in: silence at once, the server told to the ms, both captions cut and marked, and the next turn answered.
    Somebody speaks up every few seconds, so that at some time the answer sounds."""
    visit = Visit.to(hearing(silence(0.7), *[speech(0.8), silence(2.7)] * 8), demo_server)
    visit.press()
    visit.page.wait_for_function("""() => {
        const unheard = document.querySelector("#captions .vivavoce[data-interrupted=true] .ahead:not(:empty)");
        return unheard !== null && getComputedStyle(unheard).textDecorationLine === "line-through";
    }""")
    visit.show_thread()
    cut = visit.page.locator('.turn.vivavoce[data-interrupted="true"]:has(.ahead)').first
    expect(cut.locator(".mark.cut")).to_have_text("interrupted")
    expect(cut.locator(".ahead")).not_to_be_empty()
    heard, item = cut.locator(".heard").inner_text().strip(), cut.get_attribute("data-item")

    def of_it(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [event for event in events if event["item_id"] == item]

    visit.until(lambda: of_it(visit.got("conversation.item.truncated")), "the server to keep what was heard")
    truncated = of_it(visit.got("conversation.item.truncated"))[0]
    assert truncated["audio_end_ms"] == of_it(visit.said("conversation.item.truncate"))[0]["audio_end_ms"] > 0
    said = of_it(visit.got("response.output_audio_transcript.done"))[0]["transcript"]
    assert said.startswith(heard) and heard != ""
    expect(visit.page.locator(".turn.vivavoce").nth(1)).to_be_visible()
    assert visit.complaints == []


def test_a_typed_question_needs_no_microphone(demo_server: str, browser: Browser) -> None:
    """And is answered in writing, by the clock of the first words."""
    visit = Visit.to(browser, demo_server)
    visit.type("What can you do?")
    expect(visit.page.locator(".turn.vivavoce .heard")).to_contain_text(re.compile(r"\w+\.$"))
    assert visit.turns("you") == ["What can you do?"]
    expect(visit.page.locator(".turn.vivavoce .took")).to_contain_text("answered in")
    assert visit.got("response.output_audio_transcript.done") == []
    expect(visit.page.locator("body")).to_have_attribute("data-microphone", "off")
    assert visit.complaints == []


def test_typing_over_a_spoken_reply_interrupts_it(demo_server: str, hearing: Hearing) -> None:
    """While one talks, what is typed is answered aloud."""
    visit = Visit.to(hearing(silence(30)), demo_server)
    visit.press()
    visit.goes_through("listening")
    visit.show_thread()
    visit.type("First.")
    expect(visit.page.locator(".turn.vivavoce .heard")).not_to_be_empty()
    visit.type("Second.")
    expect(visit.page.locator(".turn.vivavoce")).to_have_count(2)
    assert len(visit.said("response.create")) == 2
    assert visit.got("error") == [] and visit.complaints == []


def test_a_lost_connection_comes_back_with_its_thread(cable: Cable, browser: Browser) -> None:
    visit = Visit.to(browser, cable.url)
    visit.type("Are you there?")
    expect(visit.page.locator(".turn.vivavoce .heard")).to_contain_text(re.compile(r"\w+\.$"))
    cable.cut()
    visit.sees_state("reconnecting")
    visit.sees_problem("lost", "by itself")
    cable.mend()
    visit.sees_state("ready")
    expect(visit.page.locator("#problem")).to_be_hidden()
    assert visit.turns("you") == ["Are you there?"]

    visit.type("And now?")
    expect(visit.page.locator(".turn.vivavoce")).to_have_count(2)
    assert all("WebSocket" in text or "net::ERR_" in text for text in visit.complaints)


def test_a_server_that_does_not_answer_is_said_so(cable: Cable, browser: Browser) -> None:
    visit = Visit.to(browser, cable.url)
    cable.cut()
    visit.type("Hello?")
    visit.sees_problem("unreachable", "vivavoce is running")
    visit.sees_state("ready")
    cable.mend()
    visit.page.locator("#problem").get_by_role("button", name="Try again").click()
    expect(visit.page.locator(".turn.vivavoce .heard")).not_to_be_empty()
    assert visit.turns("you") == ["Hello?"]


def test_a_denied_microphone_comes_with_its_remedy(demo_server: str, playwright: Playwright) -> None:
    with launch(playwright, allowed=False) as browser:
        visit = Visit.to(browser, demo_server)
        visit.press()
        visit.sees_problem("microphone-denied", "Allow it")
        visit.sees_state("ready")
        assert visit.sent == [] and visit.complaints == []


def test_a_page_that_is_not_safe_says_what_to_open_instead(demo_server: str, browser: Browser) -> None:
    visit = Visit.to(browser, demo_server, before="Object.defineProperty(window, 'isSecureContext', {value: false})")
    visit.press()
    visit.sees_problem("insecure", "https")


def test_a_server_with_a_key_asks_for_it(locked_server: str, browser: Browser) -> None:
    """At once, and again after a wrong one."""
    visit = Visit.to(browser, locked_server)
    for key in ("mellon", "sesame"):
        expect(visit.page.locator("#key-dialog")).to_be_visible()
        visit.page.locator("#key").fill(key)
        visit.page.locator("#key").press("Enter")
    expect(visit.page.locator("#key-dialog")).to_have_count(0)
    visit.type("Let me in.")
    expect(visit.page.locator(".turn.vivavoce .heard")).not_to_be_empty()
    expect(visit.page.locator("#problem")).to_be_hidden()
    assert all("401" in text for text in visit.complaints)


def test_a_muted_microphone_sends_silence(demo_server: str, hearing: Hearing) -> None:
    """Somebody speaks every two seconds, and is heard again once it is open again."""
    visit = Visit.to(hearing(*[speech(0.8), silence(1.2)] * 40), demo_server)
    visit.press()
    visit.goes_through("listening")
    visit.page.locator("#mute").click()
    expect(visit.page.locator("#state")).to_have_text("Muted")
    sent = visit.sound_frames()
    visit.until(lambda: visit.sound_frames() > sent + 100, "what was on its way")
    heard = len(visit.got("input_audio_buffer.speech_started"))
    visit.until(lambda: visit.sound_frames() > sent + 250, "three seconds of silence")
    assert len(visit.got("input_audio_buffer.speech_started")) == heard
    visit.page.locator("#mute").click()
    visit.until(lambda: len(visit.got("input_audio_buffer.speech_started")) > heard, "a voice")
