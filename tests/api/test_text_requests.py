"""Requests for text from strangers: whatever stands in them, they are read or refused by name, and nothing breaks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.waiting import PATIENCE
from vivavoce.api.fields import Fields
from vivavoce.api.rest import event_stream
from vivavoce.api.rest.chat_messages import PLAIN
from vivavoce.api.rest.chat_request import read_chat
from vivavoce.api.rest.chat_stored import to_keep
from vivavoce.api.rest.event_stream import EventStream
from vivavoce.api.rest.messages_request import read_messages
from vivavoce.api.rest.schemas import checked_schema, misfit
from vivavoce.errors import RequestError

WORDS = st.sampled_from(
    "text image_url input_audio file refusal function custom auto required none user assistant system tool any "
    "json_schema "
    "json_object base64 url data content tool_use tool_result image document wav audio enabled allowed_tools".split()
)
SCALARS = st.none() | st.booleans() | st.integers(-3, 2000) | st.floats(-2, 3) | WORDS | st.text(max_size=8)
NAMES = st.sampled_from(
    "role type content text image_url url detail input_audio data format file file_data file_id filename tool_calls id "
    "function name arguments custom input tool_call_id refusal audio voice parameters description json_schema schema "
    "strict mode tools allowed_tools source media_type tool_use_id is_error input_schema thinking budget_tokens "
    "properties additionalProperties items $ref anyOf enum required".split()
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5), max_leaves=12
)
CHAT = st.fixed_dictionaries(
    {"model": st.just("actor"), "messages": st.lists(st.dictionaries(NAMES, JSON, max_size=5), max_size=3) | JSON},
    optional={
        name: JSON
        for name in "tools tool_choice response_format stop n metadata modalities audio stream_options functions "
        "function_call temperature max_tokens seed".split()
    },
)
MESSAGES = st.fixed_dictionaries(
    {
        "model": st.just("actor"),
        "max_tokens": st.just(5),
        "messages": st.lists(st.dictionaries(NAMES, JSON, max_size=5), max_size=3) | JSON,
    },
    optional={name: JSON for name in "system tools tool_choice thinking output_config stop_sequences".split()},
)


@given(CHAT)
def test_any_request_for_a_completion_is_read_or_refused_by_name(body: dict[str, Any]) -> None:
    try:
        asked = read_chat(Fields(body, ""))
    except RequestError as error:
        assert error.param
        return
    json.dumps(to_keep(asked.messages))
    assert asked.prompt.instructions and asked.choices >= 1


@given(MESSAGES)
def test_any_request_for_a_message_is_read_or_refused_by_name(body: dict[str, Any]) -> None:
    try:
        assert read_messages(Fields(body, "")).prompt.instructions
    except RequestError as error:
        assert error.param


@given(st.dictionaries(NAMES, JSON, max_size=5), JSON)
def test_any_schema_is_refused_or_can_be_held_against_an_answer(schema: dict[str, Any], answer: Any) -> None:
    try:
        checked_schema(schema, "schema")
    except RequestError:
        return
    assert misfit(json.dumps(answer), schema) is None or schema


@pytest.mark.parametrize(
    ("schema", "fits"),
    [
        ({"$ref": "#/nowhere"}, False),
        ({"$ref": "#"}, False),
        ({"$defs": {"a": {"type": "object"}}, "$ref": "#/$defs/a"}, True),
        ({"patternProperties": {"(": {}}, "additionalProperties": False}, False),
        ({"pattern": "(a+)+$"}, True),
    ],
)
def test_schemas_that_lead_nowhere(schema: dict[str, Any], fits: bool) -> None:
    assert (misfit('{"a": 1}', schema) is None) == fits


def test_without_a_system_message_the_mind_is_told_something() -> None:
    body = {"model": "x", "messages": [{"role": "user", "content": "Hi"}]}
    assert read_chat(Fields(body, "")).prompt.instructions == PLAIN


def test_a_client_that_does_not_read_ends_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "PATIENCE", 0.05)
    closed = False

    async def events() -> AsyncGenerator[bytes, None]:
        nonlocal closed
        try:
            while True:
                yield b"data: {}\n\n"
        finally:
            closed = True

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(10 * PATIENCE)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            await asyncio.sleep(10 * PATIENCE)

    asyncio.run(asyncio.wait_for(EventStream(events())({"type": "http"}, receive, send), PATIENCE))
    assert closed
