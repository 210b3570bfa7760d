"""Responses over a WebSocket, met by the official client's `responses.connect()`. The minds do what the last message
says (rest_server.py)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
import websockets
from openai import AsyncOpenAI
from openai.types.responses.responses_server_event import ResponsesServerEvent
from pydantic import TypeAdapter

from tests.api.fakes import serving
from tests.api.rest_server import KEY
from tests.api.test_chat import until
from tests.waiting import PATIENCE
from vivavoce.api.rates import Rates
from vivavoce.api.rest.attachments import Opener
from vivavoce.api.rest.responses import response_routes
from vivavoce.api.rest.responses_jobs import Jobs
from vivavoce.api.rest.responses_reading import Means
from vivavoce.assistant.files import FileShelf
from vivavoce.assistant.minds import Minds
from vivavoce.engines.scripted import ScriptedModel, scripted_engines
from vivavoce.storage.archive import open_archive
from vivavoce.storage.database import MEMORY

EVENTS: TypeAdapter[Any] = TypeAdapter(ResponsesServerEvent)
CLOCK: Any = {"type": "mcp", "server_label": "vivavoce", "require_approval": "never"}
WEATHER: Any = {"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}}
ENDINGS = ("response.completed", "response.failed", "response.incomplete", "error")


def connected(address: str, scene: Callable[[Any, AsyncOpenAI], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with (
            AsyncOpenAI(base_url=f"{address}/v1", api_key=KEY, max_retries=0) as client,
            asyncio.timeout(PATIENCE),
            client.responses.connect(max_retries=0) as line,
        ):
            await scene(line, client)

    asyncio.run(whole())


async def create(line: Any, asked: Any, **more: Any) -> None:
    await line.send({"type": "response.create", "model": "actor", "input": asked, **more})


async def answer(line: Any) -> list[Any]:
    """The events up to the end of a response, each as strict as the client's own type has it."""
    events = []
    while not events or events[-1].type not in ENDINGS:
        events.append(await one(line))
    return events


async def one(line: Any) -> Any:
    event = EVENTS.validate_json(await line.recv_bytes())
    return event


def test_responses_follow_one_another_on_one_connection(address: str) -> None:
    async def scene(line: Any, client: AsyncOpenAI) -> None:
        await create(line, "say One two.")
        events = await answer(line)
        assert [event.sequence_number for event in events] == list(range(len(events)))
        assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == "One two."
        first = events[-1].response
        assert first.output_text == "One two." and (await client.responses.retrieve(first.id)).status == "completed"
        await create(line, "prompt", previous_response_id=first.id)
        prompt = json.loads((await answer(line))[-1].response.output_text)
        assert [item["parts"][0]["text"] for item in prompt["items"]] == ["say One two.", "One two.", "prompt"]

    connected(address, scene)


def test_what_is_not_stored_can_be_gone_on_from_on_its_own_connection_only(address: str) -> None:
    async def scene(line: Any, client: AsyncOpenAI) -> None:
        await create(line, "say Secret.", store=False)
        first = (await answer(line))[-1].response
        await create(line, "prompt", previous_response_id=first.id, store=False)
        prompt = json.loads((await answer(line))[-1].response.output_text)
        assert [item["parts"][0]["text"] for item in prompt["items"]][:2] == ["say Secret.", "Secret."]
        with pytest.raises(openai.NotFoundError):
            await client.responses.retrieve(first.id)
        async with client.responses.connect(max_retries=0) as other:
            await create(other, "prompt", previous_response_id=first.id)
            (error,) = await answer(other)
            assert (error.status, error.error.code) == (400, "previous_response_not_found")

    connected(address, scene)


def test_a_response_that_is_only_prepared_says_nothing_and_is_gone_on_from(address: str) -> None:
    async def scene(line: Any, client: AsyncOpenAI) -> None:
        await create(line, "say Nothing.", generate=False)
        *_, last = await answer(line)
        assert last.type == "response.completed" and last.response.output == []
        await create(line, "prompt", previous_response_id=last.response.id)
        prompt = json.loads((await answer(line))[-1].response.output_text)
        assert [item["parts"][0]["text"] for item in prompt["items"]] == ["say Nothing.", "prompt"]

    connected(address, scene)


def test_lanes_are_answered_side_by_side_and_each_in_order(address: str) -> None:
    async def scene(line: Any, client: AsyncOpenAI) -> None:
        await create(line, "forever", stream_id="slow")
        await create(line, "say One.", stream_id="quick")
        await create(line, "say Two.", stream_id="quick")
        said: list[str] = []
        while len(said) < 2:
            event = await one(line)
            assert event.stream_id in ("slow", "quick")
            if event.type == "response.completed":
                assert event.stream_id == "quick"
                said.append(event.response.output_text)
        assert said == ["One.", "Two."]

    connected(address, scene)


def test_a_client_that_leaves_ends_what_is_made_for_it(address: str) -> None:
    async def scene(line: Any, client: AsyncOpenAI) -> None:
        await create(line, "forever")
        await create(line, "forever", stream_id="a")
        await begun(line)

    connected(address, scene)
    asyncio.run(until(address, 0))


BAD: list[tuple[Any, str, str | None]] = [
    ("{", "invalid_json", None),
    ("[]", "invalid_json", None),
    ({"type": "response.erase"}, "invalid_value", "type"),
    ({"type": "response.create", "model": "actor", "input": 5}, "invalid_value", "input"),
    ({"type": "response.create", "model": "nobody", "input": "x"}, "model_not_found", "model"),
    ({"type": "response.create", "model": "actor", "input": "x", "background": True}, "invalid_value", "background"),
    ({"type": "response.steer", "input": "x"}, "missing_required_parameter", "previous_response_id"),
]


def test_bad_messages_are_refused_by_field_and_the_connection_stays(address: str) -> None:
    async def scene(line: Any, client: AsyncOpenAI) -> None:
        for message, code, param in BAD:
            await line.send_raw(message if isinstance(message, str) else json.dumps(message))
            error = await one(line)
            assert (error.type, error.error.code, error.error.param) == ("error", code, param), message
            assert error.status in (400, 404)
        await create(line, "fail")
        assert (await answer(line))[-1].type == "response.failed"
        await create(line, "say Still here.")
        assert (await answer(line))[-1].response.output_text == "Still here."

    connected(address, scene)


def test_too_many_requests_of_a_lane_are_refused_and_the_others_answered(address: str) -> None:
    async def scene(line: Any, client: AsyncOpenAI) -> None:
        for n in range(12):
            await create(line, "forever" if n == 0 else f"say {n}")
        while (event := await one(line)).type != "error":
            pass
        assert event.error.code == "server_busy" and event.status == 503

    connected(address, scene)


def test_a_stranger_is_told_so(address: str) -> None:
    async def scene() -> None:
        url = address.replace("http", "ws") + "/v1/responses"
        async with websockets.connect(url, additional_headers={"authorization": "Bearer sk-wrong"}) as line:
            assert json.loads(await line.recv())["error"]["code"] == "invalid_api_key"
            with pytest.raises(websockets.ConnectionClosed):
                await line.recv()

    asyncio.run(scene())


def test_each_response_is_a_request_of_its_key() -> None:
    async def scene() -> None:
        minds, engines, jobs = Minds(ScriptedModel(first=0.0, per_word=0.0)), scripted_engines(), Jobs()
        async with open_archive(MEMORY) as archive, asyncio.TaskGroup() as tasks:
            owner = tasks.create_task(jobs.serve())
            opener, rates = Opener(FileShelf(Path("nowhere"))), Rates(requests=1)
            means = Means(lambda: minds, lambda: engines, opener, archive, jobs, rates=rates)
            async with (
                serving(more=lambda keys: response_routes(means, keys)) as served,
                AsyncOpenAI(base_url=f"{served.base}/v1", api_key="none", max_retries=0) as client,
                client.responses.connect(max_retries=0) as line,
            ):
                await create(line, "Hello", model="vivavoce")
                assert (await answer(line))[-1].type == "response.completed"
                await create(line, "Hello", model="vivavoce")
                (error,) = await answer(line)
                assert (error.status, error.error.code) == (429, "rate_limit_exceeded")
                assert 1 <= int(error.error.headers["retry-after"]) <= 60
            owner.cancel()

    asyncio.run(scene())


# --- words that come while it answers


async def begun(line: Any) -> str:
    """The id of a response that has begun to speak."""
    while (event := await one(line)).type != "response.output_text.delta":
        if event.type == "response.created":
            response_id = event.response.id
    return str(response_id)


async def steer(line: Any, response_id: str, words: Any) -> None:
    await line.send({"type": "response.steer", "previous_response_id": response_id, "input": words})


async def next_of(line: Any, *kinds: str) -> Any:
    while (event := await one(line)).type not in kinds:
        pass
    return event


def test_words_that_come_meanwhile_end_the_answer_and_begin_the_next(address: str) -> None:
    async def scene(line: Any, client: AsyncOpenAI) -> None:
        await create(line, "forever", instructions="Be brief.", stream_id="a")
        first = await begun(line)
        await steer(line, first, "prompt")
        accepted = await next_of(line, "response.steer.accepted")
        assert accepted.steer.previous_response_id == first and accepted.stream_id == "a"
        ended = await next_of(line, "response.incomplete")
        assert ended.response.id == first and ended.response.incomplete_details.reason == "steered"
        assert (await next_of(line, "response.created")).response.previous_response_id == first
        prompt = json.loads((await next_of(line, "response.completed")).response.output_text)
        assert prompt["instructions"] == "Be brief."
        asked, said, new = [item["parts"][0]["text"] for item in prompt["items"]]
        assert (asked, new) == ("forever", "prompt") and said.startswith("on and")
        await steer(line, first, "say Late.")
        assert (await next_of(line, "response.steer.failed")).error.code == "response_not_found"

    connected(address, scene)


def test_they_wait_where_the_client_s_own_tools_have_to_answer_first(address: str) -> None:
    async def scene(line: Any, client: AsyncOpenAI) -> None:
        tools = [WEATHER, CLOCK]
        await create(line, 'call held {} | weather {"town": "Rome"}', tools=tools)
        created = await next_of(line, "response.created")
        await next_of(line, "response.mcp_call.in_progress")
        await steer(line, created.response.id, "And tomorrow?")
        assert (await next_of(line, "response.steer.accepted")).steer.id
        async with httpx.AsyncClient(timeout=PATIENCE) as web:
            await web.post(f"{address}/test/release")
        completed = await next_of(line, "response.completed")
        pending = await next_of(line, "response.steer.pending")
        assert pending.required_input[0].type == "function_call_output"
        result = {**pending.required_input[0].model_dump(exclude={"name"}), "output": "sunny"}
        await create(line, [result, {"role": "user", "content": "prompt"}], previous_response_id=completed.response.id)
        prompt = json.loads((await answer(line))[-1].response.output_text)
        texts = [item["parts"][0]["text"] for item in prompt["items"] if "parts" in item]
        assert texts[-2:] == ["And tomorrow?", "prompt"]

    connected(address, scene)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("", "invalid_input"),
        ([], "invalid_input"),
        ([{"role": "system", "content": "Obey."}], "invalid_input"),
        ([{"type": "function_call_output", "call_id": "c", "output": "x"}], "invalid_input"),
        (5, "invalid_input"),
    ],
)
def test_what_cannot_steer_is_given_back(address: str, words: Any, code: str) -> None:
    async def scene(line: Any, client: AsyncOpenAI) -> None:
        await create(line, "forever")
        response_id = await begun(line)
        await steer(line, response_id, words)
        while (event := json.loads(await line.recv_bytes()))["type"] != "response.steer.failed":
            pass
        assert event["error"]["code"] == code and event["steer"]["input"] == words

    connected(address, scene)
