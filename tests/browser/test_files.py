"""What is brought along: files that are dropped, pictures that are pasted, threads from elsewhere; and the page taken
along as an app."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, FilePayload, expect

from tests.browser.conftest import staged
from tests.browser.visit import Visit

DROP = """text => {
  const dropped = new DataTransfer();
  dropped.items.add(new File([text], "letter.txt", { type: "text/plain" }));
  for (const kind of ["dragover", "drop"]) {
    const event = new DragEvent(kind, { dataTransfer: dropped, bubbles: true, cancelable: true });
    document.querySelector("#composer").dispatchEvent(event);
  }
}"""
DROP_MANY = """count => {
  const dropped = new DataTransfer();
  for (let n = 1; n <= count; n++) dropped.items.add(new File(["x"], `${n}.txt`, { type: "text/plain" }));
  const event = new DragEvent("drop", { dataTransfer: dropped, bubbles: true, cancelable: true });
  document.querySelector("#composer").dispatchEvent(event);
}"""
PASTE = """async () => {
  const canvas = new OffscreenCanvas(2000, 40);
  canvas.getContext("2d").fillRect(0, 0, 900, 40);
  const pasted = new DataTransfer();
  pasted.items.add(new File([await canvas.convertToBlob()], "cat.png", { type: "image/png" }));
  const event = new ClipboardEvent("paste", { clipboardData: pasted, bubbles: true, cancelable: true });
  document.querySelector("#line").dispatchEvent(event);
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with staged(tmp_path_factory.mktemp("home"), answers={}) as url:
        yield url


def test_a_file_that_is_dropped_goes_along(server: str, browser: Browser) -> None:
    visit = Visit.to(browser, server)
    visit.page.evaluate(DROP, "Dear all")
    expect(visit.page.locator(".drafts .chip[data-state=ready]")).to_contain_text("letter.txt")
    expect(visit.page.locator("#composer")).to_have_class("composer")  # nothing hovers over it any more
    visit.type("What does it say?")
    expect(visit.page.locator(".turn.you .chip")).to_contain_text("letter.txt")
    expect(visit.page.locator(".turn.vivavoce .heard").last).to_contain_text("Dear all")  # it was read
    note = visit.said("conversation.item.create")[0]["item"]["content"][0]["text"]
    assert note.startswith("[Attached file file-")
    assert visit.complaints == []


def test_files_that_are_too_many_are_named(server: str, browser: Browser) -> None:
    visit = Visit.to(browser, server)
    visit.page.evaluate(DROP_MANY, 10)
    expect(visit.page.locator(".drafts .chip[data-state=ready]")).to_have_count(8)
    expect(visit.page.locator("#problem-title")).to_contain_text("9.txt, 10.txt")
    visit.sees_problem("too-many-files", "the others with the next")
    assert visit.complaints == []


def test_a_picture_that_no_mind_sees_leaves_the_words_to_be_sent_alone(server: str, browser: Browser) -> None:
    """It is brought down in size, refused by the server, and asked about nothing."""
    visit = Visit.to(browser, server)
    visit.page.evaluate(PASTE)
    expect(visit.page.locator(".drafts .chip img")).to_be_visible()
    assert (
        visit.page.locator(".drafts .chip img").evaluate("image => image.decode().then(() => image.naturalWidth)")
        == 1024
    )
    visit.type("What is it?")
    visit.sees_problem("picture", "without the picture")
    expect(visit.page.locator(".turn.you")).to_have_count(0)
    expect(visit.page.locator("#line")).to_have_value("What is it?")
    assert visit.said("response.create") == []
    visit.page.locator("#send").click()
    expect(visit.page.locator(".turn.vivavoce .actions")).to_have_count(1)
    expect(visit.page.locator("#problem")).to_have_count(0)
    assert visit.turns("you") == ["What is it?"] and visit.complaints == []


def test_threads_of_chatgpt_are_brought_in(server: str, browser: Browser) -> None:
    visit = Visit.to(browser, server)
    visit.page.get_by_role("button", name="Settings").click()
    dialog = visit.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Data", exact=True).click()
    dialog.locator("input[type=file]").set_input_files(
        [export(("user", "Why is ice slippery?"), ("assistant", "It melts."))]
    )
    expect(dialog).to_contain_text("1 thread imported.")
    dialog.get_by_role("button", name="Close").click()
    visit.page.locator(".line a", has_text="Ice").click()
    expect(visit.page.locator(".turn .heard")).to_have_text(["Why is ice slippery?", "It melts."])
    assert visit.complaints == []


def test_what_cannot_be_brought_in_is_said_so(server: str, browser: Browser) -> None:
    visit = Visit.to(browser, server)
    visit.page.get_by_role("button", name="Settings").click()
    dialog = visit.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Data", exact=True).click()
    picked: FilePayload = {"name": "x.json", "mimeType": "application/json", "buffer": b"{no"}
    dialog.locator("input[type=file]").set_input_files([picked])
    expect(dialog).to_contain_text("That did not work:")


def export(*said: tuple[str, str]) -> FilePayload:
    """ChatGPT's conversations.json with one conversation."""
    mapping: dict[str, object] = {"root": {"id": "root", "message": None, "parent": None, "children": ["n0"]}}
    for n, (role, text) in enumerate(said):
        message = {
            "id": f"n{n}",
            "author": {"role": role},
            "create_time": 1_700_000_000 + n,
            "content": {"content_type": "text", "parts": [text]},
        }
        mapping[f"n{n}"] = {"id": f"n{n}", "message": message, "parent": f"n{n - 1}" if n else "root", "children": []}
    conversation = {
        "title": "Ice",
        "create_time": 1_700_000_000,
        "mapping": mapping,
        "current_node": f"n{len(said) - 1}",
    }
    buffer = json.dumps([conversation]).encode()
    return {"name": "conversations.json", "mimeType": "application/json", "buffer": buffer}


def test_the_page_can_be_installed(server: str, browser: Browser) -> None:
    """By the browser's own judgement, which only minds that tests leave no traces."""
    visit = Visit.to(browser, server)
    visit.page.wait_for_function("() => navigator.serviceWorker.controller?.state === 'activated'")
    asked = visit.page.context.new_cdp_session(visit.page)
    manifest = asked.send("Page.getAppManifest")
    assert manifest["url"].endswith("/manifest.webmanifest") and manifest["errors"] == []
    told = json.loads(manifest["data"])
    sizes = {icon["sizes"] for icon in told["icons"]}
    assert told["display"] == "standalone" and {"192x192", "512x512"} <= sizes
    for icon in told["icons"]:
        assert visit.page.request.get(f"{server}/{icon['src']}").ok
    against = asked.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert {one["errorId"] for one in against} <= {"in-incognito"}
