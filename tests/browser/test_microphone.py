"""What the page does with a microphone: only what the person wants is heard, and another one takes over at once."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Browser, expect

from tests.browser.microphone import silence, speech
from tests.browser.test_settings import close_settings, open_settings
from tests.browser.visit import Visit

WATCH_MICROPHONES = """
window.microphones = [];
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wanted) => {
  const stream = await open(wanted);
  microphones.push({ device: wanted.audio.deviceId, track: stream.getAudioTracks()[0] });
  return stream;
};
"""
HOLDING = "localStorage['vivavoce.preferences'] ??= JSON.stringify({webrtc: false, pushToTalk: true})"


def hears(visit: Visit, *, on: bool) -> None:
    """Whether sound goes out of the microphone that is open, whatever becomes of it later."""
    visit.page.wait_for_function("on => microphones.at(-1)?.track.enabled === on", arg=on)


def test_nothing_is_heard_unless_the_button_is_held(demo_server: str, hearing: Callable[..., Browser]) -> None:
    """By its key as well; to mute and unmute opens nothing; and who wants to talk freely again is heard."""
    browser = hearing(*[speech(0.8), silence(0.4)] * 60)
    visit = Visit.to(browser, demo_server, before=WATCH_MICROPHONES + HOLDING, webrtc=True)
    visit.press()
    visit.goes_through("listening")
    hears(visit, on=False)
    for _ in range(2):
        visit.page.keyboard.press("Control+Shift+M")
        hears(visit, on=False)
    assert visit.sound_frames() == 0
    visit.page.get_by_role("button", name="Hold to talk").focus()
    visit.page.keyboard.down("Space")
    hears(visit, on=True)
    visit.until(lambda: visit.sound_frames() > 40, "what is said meanwhile")
    visit.page.keyboard.up("Space")
    hears(visit, on=False)
    expect(visit.page.locator("#captions .vivavoce")).to_be_visible()
    open_settings(visit, "Voice")
    visit.page.get_by_label("Push to talk").uncheck()
    close_settings(visit)
    hears(visit, on=True)
    assert visit.complaints == []


def test_another_microphone_takes_over_at_once(demo_server: str, hearing: Callable[..., Browser]) -> None:
    visit = Visit.to(hearing(silence(1)), demo_server, before=WATCH_MICROPHONES)
    visit.press()
    visit.goes_through("listening")
    open_settings(visit, "Sound")
    choice = visit.page.get_by_label("Microphone")
    expect(choice.locator("option")).not_to_have_count(1)
    other = str(choice.locator("option").last.get_attribute("value"))
    choice.select_option(other)
    visit.page.wait_for_function("device => microphones.at(-1).device === device", arg=other)
    visit.goes_through("connecting", "listening")
    assert visit.page.evaluate("microphones.map(({ track }) => track.readyState)") == ["ended", "live"]
    expect(visit.page.locator("#problem")).to_have_count(0)
    assert visit.complaints == []
