"""A visit to the page with an installed Chromium: what is seen there, and what goes over its sockets."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, TimeoutError, WebSocket, expect

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--no-sandbox",  # root, as in most containers, may not use it
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
WATCH_CSP = "addEventListener('securitypolicyviolation', e => console.error('CSP', e.violatedDirective, e.blockedURI))"
BY_WEBSOCKET = "localStorage['vivavoce.preferences'] ??= JSON.stringify({webrtc: false})"
WATCH_STATES = """
window.states = ["ready"];
new MutationObserver((seen) => {
  const state = document.body.dataset.state;
  if (seen.some(({ target }) => target === document.body) && state !== states.at(-1)) states.push(state);
}).observe(document, { subtree: true, attributeFilter: ["data-state"] });
"""
"""What the page was, in turn: a busy machine looks too seldom to see each state while it lasts."""
SLOW_MS = 60_000
"""Costs nothing but where a test fails: the machine may have other things to do."""
LOOK_AGAIN_MS = 50

expect.set_options(timeout=SLOW_MS)


def installed_browser() -> str | None:
    return next((path for path in map(shutil.which, BROWSERS) if path), None)


def launch(playwright: Playwright, *, microphone: Path | None = None, allowed: bool = True) -> Browser:
    """A browser that hears `microphone`, a WAV file, once, from the moment the page opens the microphone."""
    args = [*QUIET, f"--use-fake-ui-for-media-stream{'' if allowed else '=deny'}", "--use-fake-device-for-media-stream"]
    if microphone is not None:
        args.append(f"--use-file-for-fake-audio-capture={microphone}%noloop")
    return playwright.chromium.launch(executable_path=installed_browser(), args=args)


@dataclass
class Visit:
    page: Page
    sent: list[dict[str, Any]] = field(default_factory=list)
    """All events but the sound."""
    received: list[dict[str, Any]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    """What the browser's console says of errors: broken scripts, refused files, violations of the policy."""
    _states_seen: int = 0

    @classmethod
    def to(cls, browser: Browser, url: str, *, before: str = "", webrtc: bool = False, **context: Any) -> Visit:
        """`before`: JavaScript that runs ahead of the page's own. `webrtc`: the page calls as it likes best; else by
        WebSocket, whose events can be watched."""
        page = browser.new_context(**context).new_page()
        page.set_default_timeout(SLOW_MS)
        page.add_init_script(f"{WATCH_CSP}\n{WATCH_STATES}\n{'' if webrtc else BY_WEBSOCKET}\n{before}")
        visit = cls(page)
        page.on("console", visit._on_console)
        page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        page.on("websocket", visit._on_socket)
        page.goto(url)
        return visit

    def press(self) -> None:
        self.page.locator("#talk").click()

    def type(self, text: str) -> None:
        self.page.locator("#line").fill(text)
        self.page.locator("#line").press("Enter")

    def until(self, happened: Callable[[], object], what: str, patience_ms: int = SLOW_MS) -> None:
        """Waits for something that only this side sees, as what goes over a socket. Of the page itself, `expect`
        it, or let it wait for a function: a value that is read once more may have changed again."""
        deadline = time.monotonic() + patience_ms / 1000
        while not happened():
            assert time.monotonic() < deadline, f"in vain for {what}"
            self.page.wait_for_timeout(LOOK_AGAIN_MS)

    def goes_through(self, *states: str) -> None:
        """These states in this order, with others between them or not, since the last call."""
        found = """([from, wanted]) => {
            let at = from;
            for (const state of wanted) {
                at = window.states.indexOf(state, at) + 1;
                if (at === 0) return false;
            }
            return at;
        }"""
        try:
            handle = self.page.wait_for_function(found, arg=[self._states_seen, list(states)])
        except TimeoutError:
            raise AssertionError(f"{states} not in {self.page.evaluate('states')[self._states_seen :]}") from None
        self._states_seen = int(handle.json_value())

    def sees_state(self, *words: str) -> None:
        """Of a state that lasts."""
        expect(self.page.locator("body")).to_have_attribute("data-state", re.compile(f"^({'|'.join(words)})$"))

    def sees_problem(self, kind: str, remedy: str) -> None:
        expect(self.page.locator(f"#problem[data-kind={kind}]")).to_be_visible()
        expect(self.page.locator("#problem-remedy")).to_contain_text(remedy)

    def show_thread(self) -> None:
        """From the orb to the thread, while one talks."""
        self.page.get_by_role("button", name="Show the thread", exact=True).click()

    def turns(self, who: str) -> list[str]:
        """What was heard or read, as the thread shows it."""
        return [text.strip() for text in self.page.locator(f".turn.{who} .heard").all_inner_texts()]

    def got(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.received if event["type"] == kind]

    def said(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.sent if event["type"] == kind]

    def sound_frames(self) -> int:
        """Of 20 ms, that have gone over the socket."""
        return len(self.said("input_audio_buffer.append"))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def _on_socket(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda text: _note(self.sent, text))
        socket.on("framereceived", lambda text: _note(self.received, text))


def _note(events: list[dict[str, Any]], text: str | bytes) -> None:
    event = json.loads(text)
    events.append({name: value for name, value in event.items() if name not in ("audio", "delta")})
