"""Threads as files: out, in again, and from ChatGPT; broken and hostile files end in a sentence, not in a traceback."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.test_conversations import ANSWER, HELLO, KEYS, Scene, meet
from vivavoce.api.rest.imports import conversations_in
from vivavoce.errors import RequestError


def node(name: str, parent: str | None, role: str, text: str, *children: str, **more: Any) -> dict[str, Any]:
    content = more.pop("content", {"content_type": "text", "parts": [text]})
    message = {"id": name, "author": {"role": role}, "create_time": 1700000000.5, "content": content, **more}
    return {"id": name, "message": message, "parent": parent, "children": list(children)}


SPOKEN = {
    "content_type": "multimodal_text",
    "parts": [
        {"content_type": "audio_transcription", "text": "E a Napoli?", "direction": "in"},
        {"content_type": "real_time_user_audio_video_asset_pointer"},
    ],
}
CHATGPT = {
    "title": "Roman weather",
    "create_time": 1700000000.0,
    "update_time": 1700000900.0,
    "conversation_id": "6f1c-abc",
    "current_node": "e",
    "mapping": {
        "root": {"id": "root", "message": None, "parent": None, "children": ["s"]},
        "s": node("s", "root", "system", "", "a", metadata={"is_visually_hidden_from_conversation": True}),
        "a": node("a", "s", "user", "Weather in Rome?", "b", "x"),
        "x": node("x", "a", "assistant", "An answer that was regenerated away."),
        "b": node("b", "a", "assistant", 'search("rome")', "t", recipient="browser"),
        "t": node("t", "b", "tool", "sunny", "c"),
        "c": node("c", "t", "assistant", "Sunny.\ue200cite\ue202turn0\ue201", "d"),
        "d": node("d", "c", "user", "", "e", content=SPOKEN),
        "e": node("e", "d", "assistant", "Rainy."),
    },
}


def test_an_export_of_chatgpt_becomes_threads_along_the_branch_that_was_shown() -> None:
    async def story(scene: Scene) -> None:
        for _ in range(2):  # the second time it is here already
            done = (await scene.ask("POST", "/conversations/import", content=json.dumps([CHATGPT]))).json()
        assert (done["imported"], done["already_here"]) == (0, 1)
        (row,) = (await scene.ask("GET", "/conversations")).json()["data"]
        assert (row["created_at"], row["updated_at"]) == (1700000000, 1700000900)
        assert row["metadata"] == {"title": "Roman weather", "imported_from": "chatgpt"}
        items = [item async for item in scene.client.conversations.items.list(row["id"], order="asc")]
        assert [(item.role, item.content[0].text) for item in items] == [
            ("user", "Weather in Rome?"), ("assistant", "Sunny."), ("user", "E a Napoli?"), ("assistant", "Rainy."),
        ]  # fmt: skip
        assert items[2].model_extra["vivavoce"]["spoken"] is True
        assert (await scene.ask("GET", "/conversations?query=napoli")).json()["data"][0]["id"] == row["id"]

    meet(story)


def test_what_is_exported_can_be_imported_by_somebody_else_and_is_the_same() -> None:
    async def story(scene: Scene) -> None:
        for title in ("One", "Two"):
            await scene.client.conversations.create(items=[HELLO, ANSWER], metadata={"title": title})
        mine = await scene.ask("GET", "/conversations/export")
        again = (await scene.ask("POST", "/conversations/import", content=mine.content)).json()
        assert (again["imported"], again["already_here"]) == (0, 2)
        other = await scene.ask("POST", "/conversations/import", key=KEYS[1], content=mine.content)
        assert (other.json()["imported"], other.json()["items"]) == (2, 4)
        theirs = (await scene.ask("GET", "/conversations/export", key=KEYS[1])).json()

        def bare(export: dict[str, Any]) -> Any:
            return [{**one, "id": "", "items": one["items"]} for one in export["conversations"]]

        assert bare(theirs) == bare(mine.json())
        assert len((await scene.ask("GET", "/conversations")).json()["data"]) == 2

    meet(story)


def test_one_thread_is_exported_in_three_forms() -> None:
    async def story(scene: Scene) -> None:
        spoken = {**ANSWER, "status": "incomplete", "vivavoce": {"spoken": True, "said": "In Italy. And so on."}}
        made = await scene.client.conversations.create(items=[HELLO, spoken], metadata={"title": "Rome"})  # type: ignore[list-item]
        path = f"/conversations/{made.id}/export"
        markdown, text = (
            (await scene.ask("GET", f"{path}?format=markdown")),
            await scene.ask("GET", f"{path}?format=text"),
        )
        assert markdown.headers["content-type"].startswith("text/markdown")
        assert markdown.text.startswith("# Rome\n") and "**Assistant** (cut short)\n\nIn Italy." in markdown.text
        assert "You: Where is Rome?" in text.text and text.headers["content-type"].startswith("text/plain")
        alone = await scene.ask("GET", path)
        assert (await scene.ask("POST", "/conversations/import", key=KEYS[1], content=alone.content)).json()[
            "imported"
        ] == 1
        assert (await scene.ask("GET", f"{path}?format=html")).status_code == 400
        assert (await scene.ask("GET", path, key=KEYS[1])).status_code == 404

    meet(story)


def zipped(**files: bytes) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", ".").replace("SLASH", "/"), data)
    return into.getvalue()


def test_a_zip_file_is_taken_as_it_was_downloaded() -> None:
    data = zipped(
        conversations__json=json.dumps([CHATGPT]).encode(), chat__html=b"<script>", **{"../evil__json": b"[]"}
    )
    (imported,) = conversations_in(io.BytesIO(data))
    assert imported.metadata["title"] == "Roman weather" and len(imported.items) == 4


BROKEN: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"hello",
    "another file": b'{"a": 1}',
    "cut off": json.dumps([CHATGPT, CHATGPT]).encode()[:-300],
    "not UTF-8": b"\xff\xfe\x00[",
    "a number": b"[3]",
    "nested": b"[" * 100_000,
    "nested objects": b'[{"mapping":' + b'{"a":' * 50_000,
    "a zip of something else": zipped(photo__jpg=b"x"),
    "a broken zip": zipped(conversations__json=b"[]" * 1000)[:-30] + b"PK\x05\x06" + b"\0" * 18,
    "an item of no kind": json.dumps({"id": "conv_1", "items": [{"type": "spell"}]}).encode(),
    "metadata that are none": json.dumps({"id": "conv_1", "items": [], "metadata": {"a": 3}}).encode(),
    "a time that is none": json.dumps({"id": "conv_1", "items": [], "created_at": "now"}).encode(),
    "items that are none": json.dumps({"id": "conv_1", "items": [3]}).encode(),
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(RequestError):
        list(conversations_in(io.BytesIO(data)))


def test_of_a_file_that_breaks_off_what_came_before_is_kept_and_the_rest_is_told() -> None:
    async def story(scene: Scene) -> None:
        cut = json.dumps([CHATGPT, {**CHATGPT, "conversation_id": "other"}])[:-300]
        done = await scene.ask("POST", "/conversations/import", content=cut)
        assert done.status_code == 200 and done.json()["imported"] == 1
        assert "cannot be read" in done.json()["error"]
        refused = await scene.ask("POST", "/conversations/import", content=b"hello")
        assert refused.status_code == 400 and refused.json()["error"]["param"] == "file"
        form = await scene.ask("POST", "/conversations/import", files={"file": b"[]"})
        assert form.status_code == 415

    meet(story)


def test_a_tree_that_bites_its_tail_has_an_end() -> None:
    mapping = {"a": node("a", "b", "user", "one", "b"), "b": node("b", "a", "assistant", "two", "a")}
    for current in ("a", "nowhere", None, 3):
        (imported,) = conversations_in(
            io.BytesIO(json.dumps([{**CHATGPT, "mapping": mapping, "current_node": current}]).encode())
        )
        assert len(imported.items) <= 2


NAMES = (
    "mapping message author role content parts parent children create_time metadata id current_node title items type"
).split()
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=30,
)


@given(TREES, TREES, TREES)
def test_no_file_however_odd_raises_anything_else(mapping: Any, message: Any, current: Any) -> None:
    odd = {**CHATGPT, "mapping": {"a": {"message": message, "parent": current}, "b": mapping}, "current_node": "a"}
    for value in (
        odd,
        mapping,
        {"id": "conv_1", "items": message, "metadata": current},
        {**CHATGPT, "mapping": mapping},
    ):
        try:
            list(conversations_in(io.BytesIO(json.dumps([value]).encode())))
        except RequestError:
            pass


def test_halves_of_characters_are_mended() -> None:
    text = json.dumps([{**CHATGPT, "title": "X"}]).replace('"X"', '"half \\ud83d"').replace("Rainy.", "Rainy \\udc00.")
    (imported,) = conversations_in(io.BytesIO(text.encode()))
    json.dumps([imported.metadata, imported.items], ensure_ascii=False).encode()


def test_many_conversations_are_read_one_at_a_time() -> None:
    many = (
        "["
        + ",\n".join(json.dumps({**CHATGPT, "conversation_id": str(n), "title": "é" * 300}) for n in range(2000))
        + "]"
    )
    assert len(many) > 3 * 1024 * 1024
    assert sum(1 for _ in conversations_in(io.BytesIO(many.encode()))) == 2000
