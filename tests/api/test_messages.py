"""Messages, met by Anthropic's own client over the wire. The minds do what the last message says (rest_server.py)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import pytest
from anthropic import Anthropic, AsyncAnthropic, beta_tool
from anthropic.types import RawMessageStreamEvent
from pydantic import BaseModel, TypeAdapter

from tests.api.rest_server import KEY
from tests.api.test_chat import PIXEL, until
from tests.waiting import PATIENCE

STRICT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
WEATHER: Any = {
    "name": "weather",
    "description": "The weather of a town.",
    "input_schema": {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]},
}


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[Anthropic]:
    with Anthropic(base_url=address, api_key=KEY, max_retries=0) as client:
        yield client


def say(client: Anthropic, text: str, **more: Any) -> Any:
    asked = {"model": "actor", "max_tokens": 100, "messages": [{"role": "user", "content": text}], **more}
    return client.messages.create(**asked)


def prompt_of(client: Anthropic, messages: list[Any] | None = None, **more: Any) -> dict[str, Any]:
    """What the mind is asked, as it tells itself."""
    asked = [*(messages or []), {"role": "user", "content": "prompt"}]
    answer = say(client, "", **{"messages": asked, "max_tokens": 10_000, **more})
    return dict(json.loads(answer.content[0].text))


def raw(address: str, **change: Any) -> httpx.Response:
    body = {"model": "actor", "max_tokens": 100, "messages": [{"role": "user", "content": "say x"}], **change}
    return httpx.post(f"{address}/v1/messages", json=body, headers={"x-api-key": KEY}, timeout=PATIENCE)


# --- whole


def test_a_whole_message_is_what_the_client_parses(client: Anthropic) -> None:
    answer = say(client, "say Good morning to you.")
    assert answer.content[0].text == "Good morning to you." and answer.stop_reason == "end_turn"
    assert (answer.type, answer.role, answer.model) == ("message", "assistant", "actor")
    assert (answer.usage.input_tokens, answer.usage.cache_read_input_tokens, answer.usage.output_tokens) == (8, 12, 4)


def test_fields_reach_the_mind(client: Anthropic) -> None:
    prompt = prompt_of(
        client,
        system=[
            {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}},
            {"type": "text", "text": "Be kind."},
        ],
        extra_body={"temperature": 0.1, "top_p": 0.5, "top_k": 5, "unknown": 1},
        stop_sequences=["END"],
        output_config={"effort": "max"},
        tools=[WEATHER],
        tool_choice={"type": "tool", "name": "weather"},
    )
    assert prompt["instructions"] == "Be brief.\n\nBe kind." and prompt["stop"] == ["END"]
    assert (prompt["temperature"], prompt["top_p"], prompt["effort"], prompt["urgency"]) == (0.1, 0.5, "max", "SOON")
    assert prompt["tools"][0]["name"] == "weather" and prompt["tools"][0]["parameters"] == WEATHER["input_schema"]
    assert (prompt["choice"]["mode"], prompt["choice"]["name"]) == ("function", "weather")


def test_limit_and_stop_sequence_say_why_it_ended(client: Anthropic) -> None:
    assert say(client, "say one two three", max_tokens=2).stop_reason == "max_tokens"
    stopped = say(client, "say one two three", stop_sequences=["three"])
    assert (stopped.content[0].text, stopped.stop_reason, stopped.stop_sequence) == (
        "one two",
        "stop_sequence",
        "three",
    )


def test_thinking_is_told_when_it_is_wanted(client: Anthropic) -> None:
    answer = say(
        client, "say Done.", model="thinker", max_tokens=3000, thinking={"type": "enabled", "budget_tokens": 2000}
    )
    thinking, text = answer.content
    assert (thinking.type, thinking.thinking, text.text) == ("thinking", "Let me see.", "Done.") and thinking.signature
    assert [block.type for block in say(client, "say Done.", model="thinker").content] == ["text"]
    again = [{"role": "user", "content": "x"}, {"role": "assistant", "content": answer.content}]
    assert [item["parts"][0]["text"] for item in prompt_of(client, again)["items"]] == ["x", "Done.", "prompt"]


class Town(BaseModel):
    name: str
    people: int


def test_a_parsed_answer_fits_its_schema(client: Anthropic) -> None:
    messages: Any = [{"role": "user", "content": 'say {"name": "Rome", "people": 3}'}]
    answer = client.messages.parse(model="actor", max_tokens=100, messages=messages, output_format=Town)
    assert answer.parsed_output == Town(name="Rome", people=3)


def test_tokens_are_counted_by_length(client: Anthropic) -> None:
    messages: Any = [{"role": "user", "content": "word " * 400}]
    short = client.messages.count_tokens(model="actor", messages=messages)
    longer = client.messages.count_tokens(model="actor", messages=messages, system="word " * 400, tools=[WEATHER])
    assert 350 < short.input_tokens < 600 and longer.input_tokens > 1.9 * short.input_tokens


# --- tools, pictures, documents


def test_calls_are_told_and_their_results_read(client: Anthropic) -> None:
    asked: list[Any] = [{"role": "user", "content": 'call weather {"town": "Rome"} | weather {"town": "Oslo"}'}]
    answer = say(client, "", messages=asked, tools=[WEATHER])
    assert answer.stop_reason == "tool_use" and [block.input["town"] for block in answer.content] == ["Rome", "Oslo"]
    results = [{"type": "tool_result", "tool_use_id": block.id, "content": "sunny"} for block in answer.content]
    results[1] |= {"content": [{"type": "text", "text": "no such town"}], "is_error": True}
    told = say(
        client,
        "",
        messages=[*asked, answer.model_dump(include={"role", "content"}), {"role": "user", "content": results}],
    )
    assert told.content[0].text == "The tool said: The tool failed: no such town"


def test_one_call_where_only_one_is_welcome(client: Anthropic) -> None:
    choice = {"type": "auto", "disable_parallel_tool_use": True}
    assert len(say(client, "call weather {} | weather {}", tools=[WEATHER], tool_choice=choice).content) == 1


def test_the_clients_tool_runner_runs_to_the_end(client: Anthropic) -> None:
    towns = []

    @beta_tool
    def weather(town: str) -> str:
        """The weather of a town.

        Args:
            town: its name
        """
        towns.append(town)
        return "sunny"

    messages: Any = [{"role": "user", "content": 'call weather {"town": "Rome"}'}]
    runner = client.beta.messages.tool_runner(model="actor", max_tokens=100, messages=messages, tools=[weather])
    assert runner.until_done().content[0].text == "The tool said: sunny" and towns == ["Rome"]  # type: ignore[union-attr]


def test_pictures_and_documents(client: Anthropic) -> None:
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
    document = {
        "type": "document",
        "title": "note.txt",
        "source": {"type": "text", "media_type": "text/plain", "data": "Hello."},
    }
    shown = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "seen"}, picture]}
    used = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}}
    messages = [
        {"role": "user", "content": [picture, document]},
        {"role": "assistant", "content": [{"type": "text", "text": "Let me look."}, used]},
        {"role": "user", "content": [shown, {"type": "text", "text": "And?"}]},
    ]
    first, spoken, called, told, behind, _ = prompt_of(client, messages, model="seer")["items"]
    assert first["parts"][0]["url"].endswith(PIXEL) and "Hello." in first["parts"][1]["text"]
    assert spoken["role"] == "assistant" and called["call_id"] == told["call_id"] == "toolu_1"
    assert told["output"] == "seen" and [part["kind"] for part in behind["parts"]] == ["Image", "Text"]
    with pytest.raises(anthropic.BadRequestError, match="actor does not see pictures"):
        prompt_of(client, messages)


# --- streamed


def test_the_events_of_a_stream_in_their_order(address: str) -> None:
    answer = raw(address, stream=True, messages=[{"role": "user", "content": "say one two"}])
    events = [dict(line.split(": ", 1) for line in event.split("\n")) for event in answer.text.strip().split("\n\n")]
    assert all(event["event"] == json.loads(event["data"])["type"] for event in events)
    for event in events:
        if event["event"] != "ping":
            assert STRICT.validate_json(event["data"]).type == event["event"]
    start, ping, opened, *deltas, closed, ended, over = [event["event"] for event in events]
    assert (start, ping, opened) == ("message_start", "ping", "content_block_start")
    assert set(deltas) == {"content_block_delta"}
    assert (closed, ended, over) == ("content_block_stop", "message_delta", "message_stop")


def test_the_clients_stream_helper_puts_it_together(client: Anthropic) -> None:
    asked: Any = {"max_tokens": 3000, "thinking": {"type": "enabled", "budget_tokens": 2000}}
    messages: Any = [{"role": "user", "content": "say one two three"}]
    with client.messages.stream(model="thinker", messages=messages, **asked) as stream:
        said = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert said == "one two three" and [block.type for block in final.content] == ["thinking", "text"]
    assert final.content[0].signature and final.usage.output_tokens == 3 and final.usage.input_tokens == 8  # type: ignore[union-attr]


def test_calls_are_streamed_as_blocks(client: Anthropic) -> None:
    messages: Any = [{"role": "user", "content": 'call weather {"town": "Rome"} | weather {"town": "Oslo"}'}]
    with client.messages.stream(model="actor", max_tokens=100, messages=messages, tools=[WEATHER]) as stream:
        final = stream.get_final_message()
    assert [block.input for block in final.content] == [{"town": "Rome"}, {"town": "Oslo"}]  # type: ignore[union-attr]
    assert final.stop_reason == "tool_use"


def test_the_async_client(address: str) -> None:
    async def scene() -> None:
        async with AsyncAnthropic(base_url=address, api_key=KEY, max_retries=0) as client:
            messages: Any = [{"role": "user", "content": "say one two"}]
            answer = await client.messages.create(model="claude-sonnet-5", max_tokens=9, messages=messages)
            assert answer.content[0].text == "one two"  # type: ignore[union-attr]
            async with client.messages.stream(model="actor", max_tokens=9, messages=messages) as stream:
                assert "".join([text async for text in stream.text_stream]) == "one two"

    asyncio.run(scene())


# --- what goes wrong


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"max_tokens": None}, "max_tokens"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "assistant", "content": []}, {"role": "user", "content": ""}]}, "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": [{"type": "video"}]}]}, "messages.0.content.0.type"),
        ({"temperature": 1.5}, "temperature"),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools.0.type"),
        ({"tools": [{"name": "x"}]}, "tools.0.input_schema"),
        ({"tool_choice": {"type": "all"}}, "tool_choice.type"),
        ({"output_config": {"format": {"type": "json_schema"}}}, "output_config.format.schema"),
    ],
)
def test_bad_requests_name_the_field_in_anthropics_form(address: str, change: dict[str, Any], field: str) -> None:
    answer = raw(address, **change)
    body = answer.json()
    assert answer.status_code == 400 and body["type"] == "error"
    assert body["error"]["type"] == "invalid_request_error" and f"'{field}'" in body["error"]["message"]
    assert body["request_id"] == answer.headers["request-id"]


def test_unknown_models_and_strangers(client: Anthropic, address: str) -> None:
    with pytest.raises(anthropic.NotFoundError, match="seer"):
        say(client, "say x", model="llama-9")
    with (
        Anthropic(base_url=address, api_key="sk-wrong", max_retries=0) as stranger,
        pytest.raises(anthropic.AuthenticationError, match="Incorrect API key"),
    ):
        say(stranger, "say x")


@pytest.mark.parametrize(
    ("order", "status", "kind"),
    [
        ("fail", 500, "api_error"),
        ("hang", 504, "timeout_error"),
        ("busy", 529, "overloaded_error"),
        ("refuse", 400, "invalid_request_error"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_mind_that_fails_at_once(client: Anthropic, order: str, status: int, kind: str, stream: bool) -> None:
    with pytest.raises(anthropic.APIStatusError) as failed:
        say(client, order, stream=stream)
    body: Any = failed.value.body
    assert (failed.value.status_code, body["error"]["type"]) == (status, kind)


def test_a_mind_that_fails_midway_ends_the_stream_with_an_error(client: Anthropic) -> None:
    said = ""
    messages: Any = [{"role": "user", "content": "say one two then fail"}]
    with (
        pytest.raises(anthropic.APIStatusError, match="upstream answered 500"),
        client.messages.stream(model="actor", max_tokens=100, messages=messages) as stream,
    ):
        for text in stream.text_stream:
            said += text
    assert said == "one two" and say(client, "say on").content[0].text == "on"


def test_what_is_not_served_is_not_found_in_anthropics_form(client: Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError) as refusal:
        client.messages.batches.list()
    assert refusal.value.type == "not_found_error" and "/v1/messages/batches" in refusal.value.message
    assert refusal.value.request_id


def test_files_are_handed_over_listed_read_and_deleted(client: Anthropic) -> None:
    """As Anthropic's clients do: no purpose is named, and a page leads to the next."""
    files = client.beta.files
    made = [files.upload(file=(f"{n}.txt", f"This is number {n}.".encode())) for n in range(3)]
    lasting = files.upload(file=("plan.md", b"# The plan"), expires_in_seconds=3600)
    assert (lasting.type, lasting.filename, lasting.size_bytes) == ("file", "plan.md", 10)
    assert lasting.expires_at is not None and (lasting.expires_at - lasting.created_at).total_seconds() == 3600
    known = {file.id for file in (*made, lasting)}
    assert known <= {file.id for file in files.list(limit=2)}  # page by page
    assert {file.id for file in files.list(ids=[made[0].id, "file-none"])} == {made[0].id}
    assert files.retrieve_metadata(made[1].id).mime_type == "text/plain"
    assert files.download(made[1].id).read() == b"This is number 1."
    source: Any = {"type": "document", "source": {"type": "file", "file_id": made[2].id}}
    asked = prompt_of(client, [{"role": "user", "content": [source]}])
    assert "This is number 2." in json.dumps(asked["items"])
    assert files.delete(made[0].id).type == "file_deleted"
    with pytest.raises(anthropic.NotFoundError):
        files.retrieve_metadata(made[0].id)
    with pytest.raises(anthropic.BadRequestError, match="expires_in_seconds"):
        files.upload(file=("a.txt", b"a"), expires_in_seconds=1)
    with pytest.raises(anthropic.BadRequestError, match="next_page"):
        files.list(page="page_x")


def test_a_client_that_goes_away_stops_the_mind(address: str) -> None:
    async def scene() -> None:
        async with AsyncAnthropic(base_url=address, api_key=KEY, max_retries=0) as client:
            messages: Any = [{"role": "user", "content": "forever"}]
            async with client.messages.stream(model="actor", max_tokens=100, messages=messages) as stream:
                await anext(aiter(stream.text_stream))
                await until(address, 1)
            await until(address, 0)

    asyncio.run(scene())
