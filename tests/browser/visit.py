"""A visit to the page with an installed Chromium: what is seen there, and what goes over its sockets."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, WebSocket, expect

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
SLOW_MS = 10_000

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

    @classmethod
    def to(cls, browser: Browser, url: str, *, before: str = "", webrtc: bool = False, **context: Any) -> Visit:
        """`before`: JavaScript that runs ahead of the page's own. `webrtc`: the page calls as it likes best; else by
        WebSocket, whose events can be watched."""
        page = browser.new_context(**context).new_page()
        page.set_default_timeout(SLOW_MS)
        page.add_init_script(f"{WATCH_CSP}\n{'' if webrtc else BY_WEBSOCKET}\n{before}")
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

    def sees_state(self, *words: str) -> None:
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

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def _on_socket(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda text: _note(self.sent, text))
        socket.on("framereceived", lambda text: _note(self.received, text))


def _note(events: list[dict[str, Any]], text: str | bytes) -> None:
    event = json.loads(text)
    events.append({name: value for name, value in event.items() if name not in ("audio", "delta")})
