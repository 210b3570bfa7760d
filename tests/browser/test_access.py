"""The page for everybody: no violation that axe finds, in both themes; small screens; the keyboard; no network."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Playwright, expect

from tests.browser.conftest import staged
from tests.browser.test_threads import stored
from tests.browser.visit import Visit, launch

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
RICH = "## Title\n\nWith `code`, **bold**, a [link](https://example.org).\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> said"
CODE = "```python\nfor n in range(3):\n    print(n)  # count\n```\n\n$$e^{i\\pi} + 1 = 0$$"
PHONE = {"width": 390, "height": 780}

Theme = Literal["light", "dark"]


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.exists():
        if os.environ.get("CI"):
            pytest.fail("axe-core is not installed")
        pytest.skip("run `npm install` in web/")
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    forget = {"name": "forget", "arguments": {"about": "tea"}}
    with staged(tmp_path_factory.mktemp("home"), answers={"forget": forget, "Hello": RICH}) as url:
        yield url


def violations(visit: Visit, axe: str) -> list[tuple[str, list[Any]]]:
    """Looked for once what moves has come to rest: colours that are half faded in tell nothing."""
    visit.page.evaluate(axe)
    visit.page.wait_for_function("() => document.getAnimations().every(({ playState }) => playState !== 'running')")
    found = visit.page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
    return [(one["id"], [node["html"][:160] for node in one["nodes"]]) for one in found]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_at_the_desk(server: str, browser: Browser, axe: str, theme: Theme) -> None:
    """Empty, a thread with everything, a menu, every part of the settings."""
    stored(server, ("user", "Hello"), ("assistant", RICH), title="Pinned", pinned="true")
    visit = Visit.to(browser, server, color_scheme=theme, reduced_motion="reduce")
    expect(visit.page.locator(".line").first).to_be_visible()
    assert violations(visit, axe) == []
    visit.page.goto(f"{server}/#{stored(server, ('user', 'Show'), ('assistant', RICH), ('assistant', CODE))}")
    expect(visit.page.locator(".hljs-keyword").first).to_be_visible()
    visit.page.locator(".line .menu button").first.click()
    assert violations(visit, axe) == []
    visit.page.keyboard.press("Escape")
    visit.page.get_by_role("button", name="Settings").click()
    for part in visit.page.locator("#settings nav button").all():
        part.click()
        expect(visit.page.locator(f'.part-body[aria-label="{part.inner_text()}"]')).to_be_visible()
        assert violations(visit, axe) == [], part.inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_a_phone_nor_while_one_talks(
    server: str, playwright: Playwright, axe: str, theme: Theme
) -> None:
    with launch(playwright) as browser:
        visit = Visit.to(browser, server, color_scheme=theme, reduced_motion="reduce", viewport=PHONE)
        visit.page.get_by_role("button", name="Show the threads").click()
        expect(visit.page.locator("#sidebar")).to_be_visible()
        assert violations(visit, axe) == []
        expect(visit.page.locator("main")).to_have_attribute("inert", "")  # it lies behind
        visit.page.keyboard.press("Escape")
        expect(visit.page.get_by_role("button", name="Show the threads")).to_be_focused()
        visit.page.locator("#talk").click()
        visit.goes_through("listening")
        assert violations(visit, axe) == []
        visit.show_thread()
        assert violations(visit, axe) == []


def test_everything_fits_a_small_screen(server: str, browser: Browser) -> None:
    visit = Visit.to(browser, server)
    for width, height in ((320, 568), (390, 780), (1280, 800)):
        visit.page.set_viewport_size({"width": width, "height": height})
        visit.page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width)
        for part in ("#talk", "#line", "#send"):
            expect(visit.page.locator(part)).to_be_in_viewport(ratio=1)


def test_the_page_opens_without_a_network(server: str, browser: Browser) -> None:
    """What was kept is the page, and nothing that was said."""
    visit = Visit.to(browser, server)
    visit.page.wait_for_function("() => navigator.serviceWorker.controller?.state === 'activated'")
    assert visit.page.evaluate("caches.keys().then(names => names.length)") == 1
    paths = visit.page.evaluate(
        "caches.keys().then(([name]) => caches.open(name)).then(kept => kept.keys())"
        ".then(all => all.map(({url}) => new URL(url).pathname))"
    )
    assert "/" in paths and not any(path.startswith(("/v1", "/health")) for path in paths)
    visit.page.context.set_offline(True)
    visit.page.reload()
    expect(visit.page.locator("#line")).to_be_visible()
    visit.type("Anybody there?")
    visit.sees_problem("unreachable", "vivavoce is running")
