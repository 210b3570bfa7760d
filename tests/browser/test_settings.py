"""What the person likes: told to the server at once, and kept for the next visit."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.browser.visit import Visit


def open_settings(visit: Visit, part: str) -> None:
    visit.page.get_by_role("button", name="Settings").click()
    visit.page.get_by_role("dialog").get_by_role("button", name=part, exact=True).click()


def close_settings(visit: Visit) -> None:
    visit.page.get_by_role("dialog").get_by_role("button", name="Close").click()


def test_manners_are_told_and_kept_for_the_next_visit(demo_server: str, browser: Browser) -> None:
    visit = Visit.to(browser, demo_server)
    open_settings(visit, "Voice")
    visit.page.get_by_label("When you pause, it answers").select_option("low")
    visit.page.get_by_label("Stay silent when you talk to somebody else").check()
    close_settings(visit)
    visit.page.reload()
    visit.type("Hello there")
    expect(visit.page.locator(".turn.vivavoce").first).to_be_visible()
    session = visit.said("session.update")[0]["session"]
    assert session["audio"]["input"]["turn_detection"] == {"type": "semantic_vad", "eagerness": "low"}
    assert session["vivavoce"]["side_talk"] == "ignore"
    assert visit.complaints == []


def test_who_thinks_is_chosen_over_the_thread(demo_server: str, browser: Browser) -> None:
    """The default's other names are no choice; nor is there one where the server has a single mind."""
    visit = Visit.to(browser, demo_server)
    expect(visit.page.locator("body")).to_have_attribute("data-state", "ready")
    expect(visit.page.locator(".top .menu")).to_have_count(0)
    minds = [
        ("vivavoce", "small"),
        ("small", "small"),
        ("auto", "auto"),
        ("large", "llama3.2"),
        ("gpt-realtime", "small"),
    ]
    models = [{"id": name, "object": "model", "vivavoce": {"kind": "mind", "model": model}} for name, model in minds]
    visit.page.route("**/v1/models", lambda route: route.fulfill(json={"object": "list", "data": models}))
    visit.page.reload()
    visit.page.get_by_role("button", name="Model").click()
    expect(visit.page.get_by_role("menuitemradio")).to_have_text(["The server's own: small", "auto", "large"])
    expect(visit.page.get_by_role("menuitemradio", checked=True)).to_be_focused()
    visit.page.get_by_role("menuitemradio", name="large").click()
    expect(visit.page.get_by_role("button", name="Model")).to_have_text("large")
    visit.type("Hello")
    expect(visit.page.locator(".turn.vivavoce").first).to_be_visible()
    assert visit.said("session.update")[0]["session"]["model"] == "large"
    assert visit.complaints == []


def test_the_page_speaks_italian_and_is_dark_when_asked(demo_server: str, browser: Browser) -> None:
    visit = Visit.to(browser, demo_server)
    open_settings(visit, "General")
    visit.page.get_by_label("Language of the page").select_option("it")
    expect(visit.page.get_by_role("dialog")).to_contain_text("Impostazioni")
    visit.page.get_by_label("Aspetto").select_option("dark")
    visit.page.reload()
    expect(visit.page.get_by_role("button", name="Nuova chat").first).to_be_visible()
    assert visit.page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"
    assert visit.page.evaluate("document.documentElement.lang") == "it"
    bars = "[...document.querySelectorAll('meta[name=theme-color]')].filter(bar => matchMedia(bar.media).matches)"
    assert visit.page.evaluate(f"{bars}.map(bar => bar.content)") == ["#121418"]  # of the browser's own bar


def test_a_voice_can_be_heard_before_it_is_chosen(demo_server: str, browser: Browser) -> None:
    visit = Visit.to(browser, demo_server)
    open_settings(visit, "Voice")
    visit.page.get_by_role("button", name="Hear tone").click()
    expect(visit.page.get_by_role("button", name="Stop", exact=True)).to_be_visible()  # while it sounds
    visit.page.get_by_role("button", name="Stop", exact=True).click()
    expect(visit.page.get_by_role("button", name="Hear tone")).to_be_visible()
    visit.page.get_by_text("Tone", exact=True).click()
    close_settings(visit)
    visit.type("Hello")
    expect(visit.page.locator(".turn.vivavoce").first).to_be_visible()
    assert visit.said("session.update")[0]["session"]["audio"]["output"]["voice"] == "tone"
    assert visit.complaints == []


def test_the_microphone_shows_its_level(demo_server: str, browser: Browser) -> None:
    """The browser's own test microphone beeps."""
    visit = Visit.to(browser, demo_server)
    open_settings(visit, "Sound")
    visit.page.get_by_role("button", name="Test").click()
    visit.page.wait_for_function("() => document.querySelector('meter').value > 0.1")  # it comes and goes
    visit.page.get_by_role("button", name="Stop the test").click()
    expect(visit.page.get_by_role("button", name="Test", exact=True)).to_be_visible()
    expect(visit.page.locator("meter")).to_have_js_property("value", 0)
    assert visit.complaints == []


def test_without_its_keys_the_page_is_reached_by_keyboard_alone(demo_server: str, browser: Browser) -> None:
    visit = Visit.to(browser, demo_server)
    visit.page.keyboard.press("Control+Shift+Comma")
    expect(visit.page.get_by_role("dialog")).to_be_visible()
    visit.page.keyboard.press("Escape")
    expect(visit.page.get_by_role("dialog")).to_have_count(0)
    visit.page.keyboard.press("Control+Shift+KeyK")
    expect(visit.page.locator("#search")).to_be_focused()
    visit.page.keyboard.press("Control+Shift+KeyL")
    expect(visit.page.locator("#line")).to_be_focused()
    assert visit.complaints == []
