"""Files that came along with the last words are read before these are answered: once, and no others."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator

from vivavoce.assistant.attached import to_be_read
from vivavoce.assistant.personal import Personal
from vivavoce.assistant.tools.reading import ReadingTools
from vivavoce.conversation.items import FunctionCall, Item, Message, Role, Text
from vivavoce.engines.scripted import ScriptedModel
from vivavoce.ports import Call, Prompt, Thought

READ = FunctionCall("i2", "c1", "read_file", '{"file_id": "file-a"}')


def said(*parts: str, role: Role = "user") -> Message:
    return Message("m1", role, tuple(map(Text, parts)))


def test_a_file_is_read_with_what_is_asked_about_it() -> None:
    asked = said("[Attached file file-a: letter.pdf]", "When is the deadline?")
    assert to_be_read([asked]) == [{"file_id": "file-a", "question": "When is the deadline?"}]


def test_a_file_without_words_is_read_from_its_beginning() -> None:
    assert to_be_read([said("[Attached file file-a: letter.pdf]")]) == [{"file_id": "file-a"}]


def test_several_are_read_each_once() -> None:
    asked = said(
        "[Attached file file-a: a.txt]", "[Attached file file-b: b.txt]", "[Attached file file-a: a.txt]", "Compare"
    )
    assert [one["file_id"] for one in to_be_read([asked])] == ["file-a", "file-b"]
    assert [one["file_id"] for one in to_be_read([READ, asked])] == ["file-b"]


def test_nothing_is_read_that_did_not_come_with_the_last_words_of_the_person() -> None:
    asked = said("[Attached file file-a: letter.pdf]", "Hm")
    for items in ([], [asked, READ], [asked, said("And now?")], [said("[Attached file file-a: x]", role="assistant")]):
        assert to_be_read(items) == [], items


async def _first(mind: Personal, prompt: Prompt) -> Thought:
    thoughts: AsyncGenerator[Thought, None] = mind.reply(prompt)
    try:
        return await anext(thoughts)
    finally:
        await thoughts.aclose()


async def _nothing() -> str:
    return ""


def test_a_mind_too_small_to_be_told_of_tools_has_it_read_where_that_is_offered() -> None:
    """It would make up what stands there."""
    tool = next(
        built.hosted.tool
        for built in ReadingTools(lambda owner, name: ("", b"")).tools()
        if built.hosted.tool.name == "read_file"
    )
    mind = Personal(ScriptedModel(["From the model."]), _nothing, [tool])
    items: tuple[Item, ...] = (said("[Attached file file-a: letter.pdf]", "When?"),)
    call = asyncio.run(_first(mind, Prompt("", items, tools=(tool,))))
    assert isinstance(call, Call) and json.loads(call.arguments) == {"file_id": "file-a", "question": "When?"}
    assert not isinstance(asyncio.run(_first(mind, Prompt("", items))), Call)
