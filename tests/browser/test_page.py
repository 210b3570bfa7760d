"""The page in a real browser against the real server: what a person sees, hears and can do about trouble."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
    expect(visit.page.locator("#state")).to_have_text("Ready")
    visit.page.keyboard.press("Space")
    visit.sees_state("listening")
    visit.sees_state("thinking", "speaking")
    visit.sees_state("speaking")
    expect(visit.page.locator(".caption.you .heard")).not_to_be_empty()
    latency = int(visit.page.locator("body").get_attribute("data-latency-ms") or "-1")
    assert 50 < latency < 3_000
    shown = visit.page.locator("#latency").inner_text().removeprefix("answered in ").removesuffix(" s")
    assert float(shown) == pytest.approx(latency / 1000, abs=0.006)
    visit.sees_state("listening")
    assert visit.captions("vivavoce")[0].endswith(".")
    assert visit.said("conversation.item.truncate") == []

    visit.press()
    visit.sees_state("ready")
    expect(visit.page.locator("body")).to_have_attribute("data-microphone", "off")
    assert visit.complaints == []


def test_speaking_again_stops_the_reply_and_keeps_what_was_heard(demo_server: str, hearing: Hearing) -> None:
    """Barge-in: silence at once, the server told to the ms, the caption cut and marked, and the next turn answered."""
    visit = Visit.to(hearing(silence(0.7), speech(0.8), silence(2.7), speech(0.8)), demo_server)
    visit.press()
    visit.sees_state("speaking")
    cut = visit.page.locator('.caption.vivavoce[data-interrupted="true"]')
    expect(cut).to_have_count(1)
    expect(cut.locator(".mark")).to_have_text("interrupted")

    truncate = visit.said("conversation.item.truncate")[0]
    expect(visit.page.locator(".caption.vivavoce")).to_have_count(2)
    assert visit.got("conversation.item.truncated")[0]["audio_end_ms"] == truncate["audio_end_ms"] > 0
    heard, said = visit.captions("vivavoce")[0], visit.got("response.output_audio_transcript.done")[0]["transcript"]
    assert said.startswith(heard) and heard != ""
    assert visit.complaints == []


def test_a_typed_question_needs_no_microphone(demo_server: str, browser: Browser) -> None:
    visit = Visit.to(browser, demo_server)
    visit.type("What can you do?")
    visit.sees_state("speaking")
    assert visit.captions("you") == ["What can you do?"]
    expect(visit.page.locator(".caption.vivavoce .heard")).not_to_be_empty()
    expect(visit.page.locator("body")).to_have_attribute("data-microphone", "off")
    assert visit.complaints == []


def test_typing_over_a_reply_interrupts_it(demo_server: str, browser: Browser) -> None:
    visit = Visit.to(browser, demo_server)
    visit.type("First.")
    visit.sees_state("speaking")
    visit.page.wait_for_timeout(500)
    visit.type("Second.")
    expect(visit.page.locator(".caption.vivavoce")).to_have_count(2)
    assert len(visit.said("response.create")) == 2
    assert visit.got("error") == [] and visit.complaints == []


def test_a_lost_connection_comes_back_with_its_captions(cable: Cable, browser: Browser) -> None:
    visit = Visit.to(browser, cable.url)
    visit.type("Are you there?")
    visit.sees_state("speaking")
    visit.page.wait_for_timeout(600)
    cable.cut()
    visit.sees_state("reconnecting")
    visit.sees_problem("lost", "by itself")
    cable.mend()
    visit.sees_state("ready")
    expect(visit.page.locator("#problem")).to_be_hidden()
    assert visit.captions("you") == ["Are you there?"]

    visit.type("And now?")
    visit.sees_state("speaking")
    assert all("WebSocket" in text for text in visit.complaints)


def test_a_server_that_does_not_answer_is_said_so(cable: Cable, browser: Browser) -> None:
    visit = Visit.to(browser, cable.url)
    cable.cut()
    visit.type("Hello?")
    visit.sees_problem("unreachable", "vivavoce is running")
    visit.sees_state("ready")


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
    """A wrong key is asked for again, the right one goes on with what was typed."""
    visit = Visit.to(browser, locked_server)
    visit.type("Let me in.")
    for key in ("mellon", "sesame"):
        expect(visit.page.locator("#key-dialog")).to_be_visible()
        visit.page.locator("#key").fill(key)
        visit.page.locator("#key").press("Enter")
    visit.sees_state("speaking")
    expect(visit.page.locator("#problem")).to_be_hidden()
    assert visit.complaints == []


def test_a_muted_microphone_sends_silence(demo_server: str, hearing: Hearing) -> None:
    visit = Visit.to(hearing(silence(2.0), speech(0.8)), demo_server)
    visit.press()
    visit.sees_state("listening")
    visit.page.locator("#mute").click()
    expect(visit.page.locator("#state")).to_have_text("Muted")
    visit.page.wait_for_timeout(2_700)
    assert visit.got("input_audio_buffer.speech_started") == []
    assert len(visit.said("input_audio_buffer.append")) > 50


def test_manners_are_told_at_once_and_kept_for_the_next_visit(demo_server: str, browser: Browser) -> None:
    visit = Visit.to(browser, demo_server)
    visit.page.get_by_role("button", name="Manners").click()
    visit.page.get_by_label("When you pause, it answers").select_option("low")
    visit.page.get_by_label("Stay silent when you talk to somebody else").check()
    visit.page.get_by_role("button", name="Done").click()
    visit.page.reload()
    visit.page.locator("#line").fill("Hello there")
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator(".caption.vivavoce").first).to_be_visible()
    session = visit.said("session.update")[0]["session"]
    assert session["audio"]["input"]["turn_detection"] == {"type": "semantic_vad", "eagerness": "low"}
    assert session["vivavoce"]["side_talk"] == "ignore"
    assert visit.complaints == []


def test_everything_fits_the_screen(demo_server: str, browser: Browser) -> None:
    visit = Visit.to(browser, demo_server)
    for width, height in ((360, 640), (1280, 800)):
        visit.page.set_viewport_size({"width": width, "height": height})
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
        for part in ("#talk", "#state", "#line", "#voice"):
            box = visit.page.locator(part).bounding_box()
            assert box is not None and 0 <= box["y"] and box["y"] + box["height"] <= height, part
