"""The page in a real browser, measured and shown: first load, interactive, layout shift while an answer streams, and
frames while a thread of 1,000 messages is scrolled. `--pictures FOLDER` takes the pictures of `docs/images/`.

    .venv/bin/python bench/page.py
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Playwright, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.browser.conftest import staged
from tests.browser.microphone import silence, speech, write
from tests.browser.test_threads import stored
from tests.browser.visit import BY_WEBSOCKET, installed_browser, launch

VISITS = 9
DESK, PHONE = {"width": 1200, "height": 760}, {"width": 390, "height": 780}
ANSWER = """The **golden ratio** is the number for which the whole is to the larger part as that is to the smaller:

$$\\varphi = \\frac{1 + \\sqrt{5}}{2} \\approx 1.618$$

- it solves $\\varphi^2 = \\varphi + 1$
- the ratio of neighbours in Fibonacci's sequence comes ever closer to it:

```python
a, b = 1, 1
for _ in range(20):
    a, b = b, a + b
print(b / a)  # 1.618033…
```
"""
SAID = (
    ("Good morning! What is on today?", "Two things: the dentist at ten, and dinner with Anna at eight."),
    ("What is the golden ratio, with its formula?", ANSWER),
)
STAGE = {
    "heard": ["Remind me to buy lemons on the way home."],
    "answers": {
        "lemons": "Of course. I will remind you about the lemons at half past five, when you leave the office.",
        "appointment": {"name": "write_note", "arguments": {"text": "Dentist on Friday at 9:30"}},
        "weather": {"name": "get_weather", "arguments": {"city": "Bologna"}},
        "long": "Word after word, and not a line of what stands above moves from its place. " * 12,
    },
}
SHIFT = """
window.shift = 0;
new PerformanceObserver((list) => list.getEntries().forEach((entry) => { window.shift += entry.value; }))
  .observe({ type: "layout-shift", buffered: true });
"""
SCROLL = """async () => {
  const box = document.querySelector("#log"), times = [];
  for (let frame = 0; frame < 240; frame++) {
    box.scrollTop -= 240;
    times.push(await new Promise(requestAnimationFrame));
  }
  return times.slice(1).map((time, place) => time - times[place]);
}"""


def measured(browser: Browser, url: str) -> dict[str, Any]:
    interactive, loaded = [], []
    for _ in range(VISITS):
        page = opened(browser, url)
        page.locator("#line").wait_for()
        loaded.append(page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"))
        interactive.append(page.evaluate("performance.now()"))
        page.context.close()
    page = opened(browser, url, SHIFT)
    said = [("user" if n % 2 == 0 else "assistant", f"Message {n}: " + "some words of it. " * 12) for n in range(1000)]
    conversation = stored(url, *said)
    page.goto(f"{url}/#{conversation}")
    page.locator(".turn").nth(999).wait_for()
    frames = page.evaluate(SCROLL)
    page.goto(url)
    page.reload()
    page.locator("#line").fill("Something long")
    page.locator("#line").press("Enter")
    page.locator(".turn.vivavoce .words").wait_for()
    page.evaluate("window.shift = 0")
    page.locator(".turn.vivavoce .actions").wait_for()
    return {
        "dom_content_loaded_ms": round(statistics.median(loaded), 1),
        "composer_usable_ms": round(statistics.median(interactive), 1),
        "layout_shift_while_streaming": round(page.evaluate("window.shift"), 4),
        "scrolling_1000_messages": {
            "frames": len(frames),
            "p50_ms": round(statistics.median(frames), 1),
            "p95_ms": round(sorted(frames)[int(0.95 * len(frames))], 1),
        },
    }


def opened(browser: Browser, url: str, before: str = "", **context: Any) -> Page:
    page = browser.new_context(**context).new_page()
    page.add_init_script(f"{BY_WEBSOCKET}\n{before}")
    page.goto(url)
    return page


# --- pictures


def pictures(playwright: Playwright, url: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    both = [line for pair in SAID for line in (("user", pair[0]), ("assistant", pair[1]))]
    for title in ("Dinner with Anna", "Why the sky is blue", "A birthday poem for Marco"):
        stored(url, ("user", title), ("assistant", "…"), title=title)
    stored(url, ("user", "Pasta"), ("assistant", "…"), title="Recipes", pinned="true")
    conversation = stored(url, *both, title="The golden ratio")
    with launch(playwright) as browser:
        for theme in ("light", "dark"):
            page = opened(browser, f"{url}/#{conversation}", color_scheme=theme, viewport=DESK)
            page.locator(".hljs-keyword").first.wait_for()
            page.locator(".formula math").first.wait_for()
            page.wait_for_timeout(400)
            page.screenshot(path=folder / f"thread-{theme}.png")
        at_the_desk(opened(browser, url, viewport=DESK), folder)
        on_a_phone(browser, url, conversation, folder)
    with tempfile.TemporaryDirectory() as sounds:
        wav = write(Path(sounds) / "said.wav", silence(1), speech(1.6), silence(30))
        with launch(playwright, microphone=wav) as browser:
            talking(opened(browser, url, viewport=DESK), folder / "voice.png")
            dark = opened(browser, url, viewport=PHONE, color_scheme="dark")
            talking(dark, folder / "voice-phone.png")


def at_the_desk(page: Page, folder: Path) -> None:
    page.wait_for_timeout(400)
    page.screenshot(path=folder / "start.png")
    for words in ("How is the weather?", "Put my appointment on the desk"):
        page.locator("#line").fill(words)
        page.locator("#line").press("Enter")
        page.wait_for_timeout(2_500)
    page.locator(".approval[data-open=true]").wait_for()
    page.screenshot(path=folder / "approval.png")
    page.get_by_role("button", name="Settings").click()
    page.locator("#settings nav button").nth(1).click()
    page.wait_for_timeout(400)
    page.screenshot(path=folder / "settings.png")


def on_a_phone(browser: Browser, url: str, conversation: str, folder: Path) -> None:
    page = opened(browser, f"{url}/#{conversation}", viewport=PHONE, has_touch=True)
    page.locator(".formula math").first.wait_for()
    page.wait_for_timeout(400)
    page.screenshot(path=folder / "phone.png")


def talking(page: Page, path: Path) -> None:
    page.locator("#talk").click()
    page.locator("body[data-state=speaking]").wait_for()
    page.wait_for_timeout(1_400)
    page.screenshot(path=path)
    page.context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, help="take pictures, too, into this folder")
    asked = parser.parse_args()
    if installed_browser() is None:
        sys.exit("no Chromium or Chrome is installed (scripts/ensure-browser.sh sets one up)")
    desk = Path(__file__).parents[1] / "tests" / "assistant" / "mcp_server.py"
    with tempfile.TemporaryDirectory() as home:
        settings = f"[tools.servers.desk]\ncommand = {sys.executable!r}\nargs = [{str(desk)!r}]\n"
        (Path(home) / "vivavoce.toml").write_text(settings)
        with staged(Path(home), **STAGE) as url, sync_playwright() as playwright:
            if asked.pictures:
                pictures(playwright, url, asked.pictures)
            with launch(playwright) as browser:
                print(json.dumps(measured(browser, url), indent=2))


if __name__ == "__main__":
    main()
