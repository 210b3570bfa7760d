"""Threads in a real browser: kept, found again, searched, named, branched and deleted; and words that are hostile."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import Any

from playwright.sync_api import APIResponse, Browser, Request, Route, expect

from tests.browser.visit import Visit
from tests.waiting import PATIENCE

HOSTILE = """# <script>window.hurt = 1</script>

<img src=x onerror="window.hurt = 2"> <svg onload="window.hurt = 3"></svg>
<iframe src="javascript:window.hurt=4"></iframe>

[press me](javascript:window.hurt=5) [or me](data:text/html,<script>window.hurt=6</script>)
<a href="javascript:hurt">a</a>

![tracker](http://192.0.2.1/pixel.png) ![](javascript:window.hurt=7)

| a | b |
|---|---|
| <b onmouseover="window.hurt=8">x</b> | `<script>` |

```html
<script>window.hurt = 9</script>
```

$$\\href{javascript:window.hurt=10}{x} + \\unicode{x3c}$$ and $\\class{x" onmouseover="hurt}{y}$
"""


def stored(url: str, *said: tuple[str, str], **metadata: str) -> str:
    """A conversation in which `said`, roles and words, was said; its id."""
    kinds = {"user": "input_text", "assistant": "output_text"}
    items = [{"type": "message", "role": role, "content": [{"type": kinds[role], "text": text}]} for role, text in said]
    made = _post(f"{url}/v1/conversations", {"metadata": metadata, "items": items[:20]})
    for start in range(20, len(items), 20):
        _post(f"{url}/v1/conversations/{made['id']}/items", {"items": items[start : start + 20]})
    return str(made["id"])


def _post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        read: dict[str, Any] = json.loads(answer.read())
    return read


def test_a_thread_is_found_again_after_a_reload(demo_server: str, browser: Browser) -> None:
    """Its words in the same order, its place in the list, and the assistant goes on with it."""
    visit = Visit.to(browser, demo_server)
    visit.type("Where do swallows spend the winter?")
    expect(visit.page.locator(".turn.vivavoce .actions")).to_have_count(1)
    expect(visit.page).to_have_url(re.compile("#conv_"))
    before = visit.turns("vivavoce")
    visit.page.reload()
    expect(visit.page.locator(".turn.you .heard")).to_have_text("Where do swallows spend the winter?")
    expect(visit.page.locator(".turn.vivavoce .heard")).to_have_text(before)
    expect(visit.page.locator(".line[data-open=true]")).to_have_count(1)
    visit.type("And the summer?")
    expect(visit.page.locator(".turn.vivavoce .actions")).to_have_count(2)
    assert visit.complaints == []


def test_threads_are_searched_named_and_deleted(demo_server: str, browser: Browser) -> None:
    stored(demo_server, ("user", "How do I prune a lemon tree?"), ("assistant", "In spring."), title="Garden")
    stored(demo_server, ("user", "Which wine goes with trout?"), ("assistant", "A dry white."), title="Dinner")
    visit = Visit.to(browser, demo_server)
    visit.page.get_by_label("Search threads").fill("lemon")
    expect(visit.page.locator(".line mark")).to_have_text("lemon")
    line = visit.page.locator(".line")
    expect(line).to_have_count(1)
    line.locator("a").click()
    expect(visit.page.locator(".turn.you .heard")).to_have_text("How do I prune a lemon tree?")
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("Garden")
    expect(visit.page).to_have_title("Garden")

    choose(visit, "Garden", "Rename")
    visit.page.get_by_label("Rename").fill("Lemons")
    visit.page.get_by_label("Rename").press("Enter")
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("Lemons")
    choose(visit, "Lemons", "Delete")
    visit.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(line).to_have_count(0)
    expect(visit.page.locator(".empty")).to_be_visible()
    visit.page.get_by_label("Search threads").fill("")
    expect(visit.page.locator(".line", has_text="Dinner")).to_have_count(1)
    assert visit.complaints == []


def choose(visit: Visit, thread: str, what: str, where: str = "#sidebar") -> None:
    visit.page.locator(where).get_by_role("button", name=f"What to do with “{thread}”").click()
    visit.page.get_by_role("menuitem", name=what, exact=True).click()


def test_the_bar_over_a_thread_names_and_deletes_it(demo_server: str, browser: Browser) -> None:
    """Also where the list is out of sight, and by keys alone."""
    visit = Visit.to(
        browser, f"{demo_server}/#{stored(demo_server, ('user', 'Hi'), ('assistant', 'Hello.'), title='Talk')}"
    )
    visit.page.set_viewport_size({"width": 390, "height": 844})
    choose(visit, "Talk", "Rename", where=".top")
    visit.page.keyboard.type("Chat")
    visit.page.keyboard.press("Enter")
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("Chat")
    visit.page.locator(".top").get_by_role("button", name="What to do with “Chat”").focus()
    for key in ("Enter", "ArrowUp", "Enter"):  # the last choice
        visit.page.keyboard.press(key)
    visit.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(visit.page.locator(".empty")).to_be_visible()
    expect(visit.page.locator(".top .menu")).to_have_count(0)
    assert visit.complaints == []


def test_a_list_that_was_asked_for_before_takes_no_name_back(demo_server: str, browser: Browser) -> None:
    """It is on its way while the thread gets another name: the new one stays."""
    talk = stored(demo_server, ("user", "Hi"), ("assistant", "Hello."), title="Unnamed")
    visit = Visit.to(browser, f"{demo_server}/#{talk}")
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("Unnamed")
    on_their_way: list[tuple[Route, APIResponse]] = []

    renamed = False

    def delay(route: Route) -> None:
        if renamed:
            route.continue_()
        else:
            on_their_way.append((route, route.fetch()))

    visit.page.route("**/v1/conversations?*", delay)
    visit.page.get_by_label("Search threads").fill("Unn")
    visit.until(lambda: any("Unn" in route.request.url for route, _ in on_their_way), "the list to be asked for")
    choose(visit, "Unnamed", "Rename", where=".top")
    visit.page.get_by_label("Rename").fill("Unnerved")
    renamed = True
    with visit.page.expect_response(f"**/v1/conversations/{talk}"):
        visit.page.get_by_label("Rename").press("Enter")
    for route, response in on_their_way:
        route.fulfill(response=response)
    visit.page.evaluate("() => fetch('/health').then(() => new Promise(requestAnimationFrame))")  # it has come in
    expect(visit.page.locator(".line .title")).to_have_text("Unnerved")
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("Unnerved")
    assert visit.complaints == []


def test_an_edit_leaves_the_first_thread_as_it_was(demo_server: str, browser: Browser) -> None:
    first = stored(demo_server, ("user", "One?"), ("assistant", "First."), ("user", "Two?"), ("assistant", "Second."))
    visit = Visit.to(browser, f"{demo_server}/#{first}")
    expect(visit.page.locator(".turn")).to_have_count(4)
    visit.page.locator(".turn.you").nth(1).hover()
    visit.page.locator(".turn.you").nth(1).get_by_role("button", name="Edit").click()
    visit.page.get_by_role("textbox", name="Edit").fill("Three?")
    visit.page.get_by_role("textbox", name="Edit").press("Enter")
    expect(visit.page.locator(".turn.you .heard")).to_have_text(["One?", "Three?"])
    expect(visit.page.locator(".turn.vivavoce .actions")).to_have_count(2)
    expect(visit.page).not_to_have_url(re.compile(first))
    visit.page.go_back()
    expect(visit.page.locator(".turn.you .heard")).to_have_text(["One?", "Two?"])
    assert visit.complaints == []


def test_another_answer_to_the_same_words(demo_server: str, browser: Browser) -> None:
    first = stored(demo_server, ("user", "One?"), ("assistant", "First."))
    visit = Visit.to(browser, f"{demo_server}/#{first}")
    visit.page.locator(".turn.vivavoce").get_by_role("button", name="Answer again").click()
    expect(visit.page.locator(".turn.vivavoce .took")).to_have_count(1)
    expect(visit.page.locator(".turn.you .heard")).to_have_text(["One?"])
    assert visit.turns("vivavoce") != ["First."]
    assert visit.complaints == []


def test_a_temporary_thread_leaves_no_trace(demo_server: str, browser: Browser) -> None:
    visit = Visit.to(browser, demo_server)
    visit.page.get_by_role("button", name="Temporary chat").click()
    expect(visit.page.locator(".empty h2")).to_have_text("Temporary chat")
    visit.type("Just between us: zanzibar.")
    expect(visit.page.locator(".turn.vivavoce .actions")).to_have_count(1)
    assert "#" not in visit.page.url
    expect(visit.page).to_have_title("vivavoce")
    visit.page.reload()
    visit.page.get_by_label("Search threads").fill("zanzibar")
    expect(visit.page.locator(".threads")).to_contain_text("Nothing was found.")


def test_a_thread_that_is_gone_has_a_way_out(demo_server: str, browser: Browser) -> None:
    visit = Visit.to(browser, f"{demo_server}/#conv_00000000000000000000")
    expect(visit.page.get_by_role("alert")).to_contain_text("not here any more")
    visit.page.get_by_role("alert").get_by_role("button", name="New chat").click()
    expect(visit.page.locator(".empty")).to_be_visible()


def test_hostile_words_stay_words(demo_server: str, browser: Browser) -> None:
    """Markup, scripts, addresses of scripts and pictures from elsewhere do nothing, and can be read."""
    hostile = stored(demo_server, ("user", HOSTILE), ("assistant", HOSTILE), title="<img src=x onerror=hurt()>")
    elsewhere: list[str] = []
    visit = Visit.to(browser, demo_server)
    visit.page.on("request", lambda request: _note_elsewhere(request, demo_server, elsewhere))
    visit.page.goto(f"{demo_server}/#{hostile}")
    message = visit.page.locator(".turn.vivavoce")
    expect(message.locator(".code code span").first).to_be_visible()  # the highlighter has been
    expect(message.locator(".markdown")).to_contain_text('<img src=x onerror="window.hurt = 2">')
    for word in ("press me", "or me"):
        message.get_by_text(word).click()
    assert visit.page.evaluate("window.hurt") is None
    assert message.locator("script, iframe, svg[onload], .markdown img, [onerror], [onmouseover]").count() == 0
    assert all(href.startswith("http") for href in message.locator("a").evaluate_all("all => all.map(a => a.href)"))
    assert elsewhere == [] and visit.complaints == []


def _note_elsewhere(request: Request, url: str, elsewhere: list[str]) -> None:
    if not request.url.startswith((url, "data:", "blob:")):
        elsewhere.append(request.url)


def test_code_and_formulas_are_set(demo_server: str, browser: Browser) -> None:
    text = "Sum:\n\n```python\ndef f(x):\n    return x + 1\n```\n\nand $a^2 + b^2 = c^2$, for $5 and $6."
    visit = Visit.to(browser, f"{demo_server}/#{stored(demo_server, ('user', 'Show'), ('assistant', text))}")
    expect(visit.page.locator(".hljs-keyword").first).to_have_text("def")
    expect(visit.page.locator(".formula math")).to_have_count(1)
    expect(visit.page.locator(".turn.vivavoce")).to_contain_text("for $5 and $6.")
    assert visit.complaints == []


def test_a_wide_line_of_code_widens_no_answer(demo_server: str, browser: Browser) -> None:
    """On a phone the words beside it were cut at the edge of the window."""
    text = f"Look:\n\n```\n{'wide ' * 40}\n```\n\n" + "And more words than a line of a phone holds. " * 3
    first = stored(demo_server, ("user", "Show"), ("assistant", text))
    visit = Visit.to(browser, f"{demo_server}/#{first}", viewport={"width": 390, "height": 844})
    said = visit.page.locator(".turn.vivavoce .markdown")
    expect(said).to_be_visible()
    assert said.evaluate("said => said.getBoundingClientRect().right") <= 390
    assert said.locator("pre").evaluate("pre => pre.scrollWidth > pre.clientWidth")


def test_a_thread_of_a_thousand_messages_opens_at_its_end(demo_server: str, browser: Browser) -> None:
    """Only what is near the window is laid out, and one can write at once."""
    said = [("user" if n % 2 == 0 else "assistant", f"Message {n}: " + "some words of it. " * 8) for n in range(1000)]
    visit = Visit.to(browser, f"{demo_server}/#{stored(demo_server, *said)}")
    expect(visit.page.locator(".turn")).to_have_count(1000)
    expect(visit.page.locator(".turn").last).to_be_in_viewport()
    rendered = (
        "[...document.querySelectorAll('.turn .words')].filter(words => words.checkVisibility("
        "{contentVisibilityAuto: true})).length"
    )
    visit.page.wait_for_function(f"() => 0 < {rendered} && {rendered} < 200")
    visit.type("Still awake?")
    expect(visit.page.locator(".turn.vivavoce").last).to_be_in_viewport()
    expect(visit.page.locator(".turn")).to_have_count(1002)
    assert visit.complaints == []
