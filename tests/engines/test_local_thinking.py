"""A local model that can think first, over a scripted llama.cpp: thinking is silence, so it has to be asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vivavoce.conversation.items import Message, Text
from vivavoce.engines.llm.gguf import Template, template_of
from vivavoce.engines.llm.llama import Llama, Options
from vivavoce.ports import Done, Prompt, Reasoning, Thought, Words

ASKED = Prompt("Be kind.", (Message("1", "user", (Text("Where is Paris?"),)),), "s")
USAGE = {"prompt_tokens": 9, "completion_tokens": 4}


class Scripted:
    """Answers every chat with the same deltas."""

    def __init__(self, *deltas: dict[str, str]) -> None:
        self.deltas, self.requests = deltas, list[dict[str, Any]]()

    def chat(self, request: dict[str, Any], stop: Callable[[], bool]) -> Iterator[dict[str, Any]]:
        self.requests.append(request)
        for delta in self.deltas:
            yield {"choices": [{"delta": delta, "finish_reason": None}]}
        yield {"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": USAGE}

    def close(self) -> None: ...


def told(server: Scripted, prompt: Prompt, *, thinks: bool = True) -> list[Thought]:
    async def scene() -> list[Thought]:
        model = Llama(server, Options(slots=1), Template(thinks=thinks))  # type: ignore[arg-type]
        try:
            return [thought async for thought in model.reply(prompt)]
        finally:
            model.close()

    return asyncio.run(scene())


@pytest.mark.parametrize(
    "deltas",
    [
        ({"reasoning_content": "Hm, "}, {"reasoning_content": "France."}, {"content": "In France."}),
        ({"content": "<think>Hm, Fr"}, {"content": "ance.</thi"}, {"content": "nk>\n\nIn France."}),
    ],
)
def test_thinking_that_was_asked_for_is_told_apart_and_in_one_stretch(deltas: tuple[dict[str, str], ...]) -> None:
    """In bursts it would begin anew with each of them."""
    server = Scripted(*deltas)
    thoughts = told(server, replace(ASKED, effort="high"))
    assert "".join(each.text for each in thoughts if isinstance(each, Reasoning)) == "Hm, France."
    assert "".join(each.text for each in thoughts if isinstance(each, Words)) == "In France."
    assert thoughts[-1] == Done(prompt_tokens=9, completion_tokens=4)
    (request,) = server.requests
    assert request["chat_template_kwargs"] == {"enable_thinking": True} and request["max_tokens"] == 512


@pytest.mark.parametrize("effort", [None, "minimal", "low"])
def test_a_listener_is_not_left_to_wait_for_thinking(effort: str | None) -> None:
    server = Scripted({"content": "In France."})
    told(server, replace(ASKED, effort=effort))
    assert server.requests[0]["chat_template_kwargs"] == {"enable_thinking": False}


def test_a_model_that_cannot_think_is_not_asked_to() -> None:
    server = Scripted({"content": "In France."})
    told(server, replace(ASKED, effort="high"), thinks=False)
    assert "chat_template_kwargs" not in server.requests[0]


def test_the_head_of_a_file_tells_whether_its_model_thinks(tmp_path: Path) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(b"GGUF...{%- if enable_thinking is defined %}<|im_start|>' + message.role")
    assert template_of(file) == Template(chatml=True, thinks=True)
    file.write_bytes(b"GGUF... {{ bos_token }}")
    assert template_of(file) == Template()
