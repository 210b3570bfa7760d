"""What clients of the REST side are told when the mind behind it is another server, which may fail in any way, and what
passes through: usage, thinking with its signature. Official clients in front, small servers behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI

from tests.api.fakes import serving
from tests.engines import anthropic_mock, openai_mock
from tests.engines.anthropic_mock import call, redacted, thinking
from vivavoce.api.rest.attachments import Opener
from vivavoce.api.rest.responses import response_routes
from vivavoce.api.rest.responses_jobs import Jobs
from vivavoce.api.rest.responses_reading import Means
from vivavoce.api.rest.text import text_routes
from vivavoce.assistant.files import FileShelf
from vivavoce.assistant.minds import Minds
from vivavoce.engines.llm import anthropic as claude
from vivavoce.engines.llm import remote
from vivavoce.engines.llm.fallback import Fallback
from vivavoce.engines.scripted import scripted_engines
from vivavoce.ports import LanguageModel
from vivavoce.storage.archive import open_archive
from vivavoce.storage.database import MEMORY

Scene = Callable[[str], Awaitable[None]]
PATIENT: dict[str, Any] = {"first_token": 20.0, "timeout": 20.0, "max_retries": 1}
HURRIED: dict[str, Any] = {**PATIENT, "first_token": 0.3, "timeout": 0.3}
"""For servers that say nothing at all."""
HELLO: Any = [{"role": "user", "content": "Hello"}]
WEATHER: Any = {"name": "weather", "input_schema": {"type": "object", "properties": {}}}


@pytest.fixture(scope="module")
def upstream() -> Iterator[openai_mock.Mock]:
    with openai_mock.openai_mock() as mock:
        yield mock


@pytest.fixture(scope="module")
def api() -> Iterator[anthropic_mock.Mock]:
    with anthropic_mock.anthropic_mock() as mock:
        yield mock


@asynccontextmanager
async def served(mind: LanguageModel) -> AsyncIterator[str]:
    """The text routes over one mind, whose name `far` is; gives their address."""
    minds, engines, jobs = Minds(mind, {"far": mind}), scripted_engines(), Jobs()
    async with open_archive(MEMORY) as archive, asyncio.TaskGroup() as tasks:
        owner = tasks.create_task(jobs.serve())
        opener = Opener(FileShelf(Path("nowhere")))
        means = Means(lambda: minds, lambda: engines, opener, archive, jobs)
        async with serving(
            more=lambda keys: [
                *text_routes(lambda: minds, lambda: engines, keys, opener, archive.completions),
                *response_routes(means, keys),
            ]
        ) as server:
            yield server.base
        owner.cancel()
    mind.close()


def behind(mock: openai_mock.Mock, model: str, scene: Scene) -> None:
    """Play `scene(address)` with a mind that is the mock's `model`."""
    waits = HURRIED if model in ("pings", "slow") else PATIENT
    options = remote.Options(base_url=mock.url, model=model, **waits)
    _play(Fallback([("far", remote.load(options, lambda id: pytest.fail(id)))]), scene)


def behind_claude(mock: anthropic_mock.Mock, scene: Scene, *plan: Any) -> None:
    options = claude.Options("ok", "key", mock.url, thinking="budget", **PATIENT)
    mock.plan.clear()
    mock.plan.extend(plan)
    _play(Fallback([("claude", claude.load(options, lambda id: pytest.fail(id)))]), scene)


def _play(mind: LanguageModel, scene: Scene) -> None:
    async def whole() -> None:
        async with served(mind) as base:
            await scene(base)

    asyncio.run(whole())


FAULTS = [
    # the upstream's way to fail, status here, code, what the message tells
    ("busy", 503, "server_busy", "Try again in 2 s"),
    ("busy 70", 503, "server_busy", "Try again in 70 s"),
    ("broken", 500, "engine_failed", "answered 500"),
    ("locked", 500, "engine_failed", "check its api_key"),
    ("unfit", 400, "unsupported_prompt", "too long"),
    ("garbage", 500, "engine_failed", "name another model"),
    ("page", 500, "engine_failed", "sent no answer"),
    ("nothing", 500, "engine_failed", "sent no answer"),
    ("error inside", 500, "engine_failed", "reported an error"),
    ("pings", 504, "too_slow", "name another model"),
    ("slow", 504, "too_slow", "within 0.3 s"),
]


@pytest.mark.parametrize(("fault", "status", "code", "says"), FAULTS)
def test_every_route_tells_how_an_upstream_failed_and_a_way_on(
    upstream: openai_mock.Mock, fault: str, status: int, code: str, says: str
) -> None:
    async def scene(base: str) -> None:
        async with (
            AsyncOpenAI(base_url=f"{base}/v1", api_key="none", max_retries=0) as client,
            AsyncAnthropic(base_url=base, api_key="none", max_retries=0) as other,
        ):
            for stream in (False, True):  # before the first word, a stream fails with a status, too
                with pytest.raises(openai.APIStatusError) as chat:
                    await client.chat.completions.create(model="far", messages=HELLO, stream=stream)
                assert (chat.value.status_code, chat.value.code) == (status, code) and says in str(chat.value)
                with pytest.raises(anthropic.APIStatusError) as message:
                    await other.messages.create(model="far", max_tokens=9, messages=HELLO, stream=stream)
                assert message.value.status_code == (529 if status == 503 else status) and says in str(message.value)
            with pytest.raises(openai.APIStatusError) as response:
                await client.responses.create(model="far", input="Hello")
            assert (response.value.status_code, response.value.code) == (status, code) and says in str(response.value)
            for error in (chat, message, response):
                waits = error.value.response.headers.get("retry-after")
                assert waits == ((fault.partition(" ")[2] or "2") if status == 503 else None)
                assert "Hello" not in str(error.value)  # upstreams quote the request
            events = [event async for event in await client.responses.create(model="far", input="Hello", stream=True)]
            assert events[-1].type == "response.failed" and events[-1].response.error is not None
            assert says in events[-1].response.error.message

    behind(upstream, fault, scene)


@pytest.mark.parametrize("fault", ["no end", "dropped"])
def test_a_stream_that_is_cut_tells_what_came_and_then_the_error(upstream: openai_mock.Mock, fault: str) -> None:
    async def scene(base: str) -> None:
        async with (
            AsyncOpenAI(base_url=f"{base}/v1", api_key="none", max_retries=0) as client,
            AsyncAnthropic(base_url=base, api_key="none", max_retries=0) as other,
        ):
            said = ""
            with pytest.raises(openai.APIError, match="broke off"):
                async for chunk in await client.chat.completions.create(model="far", messages=HELLO, stream=True):
                    said += chunk.choices[0].delta.content or ""
            assert said.startswith("One")
            with pytest.raises(anthropic.APIStatusError, match="broke off"):
                async for _ in await other.messages.create(model="far", max_tokens=9, messages=HELLO, stream=True):
                    pass
            *_, last = [event async for event in await client.responses.create(model="far", input="Hi", stream=True)]
            assert last.type == "response.failed" and last.response.output_text.startswith("One")
            assert last.response.output[0].status == "incomplete"  # type: ignore[union-attr]

    behind(upstream, fault, scene)


def test_usage_is_the_upstreams_own(upstream: openai_mock.Mock) -> None:
    async def scene(base: str) -> None:
        async with (
            AsyncOpenAI(base_url=f"{base}/v1", api_key="none", max_retries=0) as client,
            AsyncAnthropic(base_url=base, api_key="none", max_retries=0) as other,
        ):
            chat = await client.chat.completions.create(model="far", messages=HELLO)
            assert chat.usage is not None and chat.usage.prompt_tokens_details is not None
            assert (chat.usage.prompt_tokens, chat.usage.completion_tokens) == (20, 5)
            assert chat.usage.prompt_tokens_details.cached_tokens == 7
            response = await client.responses.create(model="far", input="Hello")
            assert response.usage is not None and response.usage.input_tokens_details.cached_tokens == 7
            assert (response.usage.input_tokens, response.usage.output_tokens) == (20, 5)
            message = await other.messages.create(model="far", max_tokens=90, messages=HELLO)
            assert (message.usage.input_tokens, message.usage.cache_read_input_tokens) == (13, 7)

    behind(upstream, "ok", scene)


def test_claudes_thinking_goes_to_the_client_and_comes_back_unchanged(api: anthropic_mock.Mock) -> None:
    plan = ([thinking("Which ", "town?"), redacted("c2VjcmV0"), call("weather", "{}")], "tool_use")
    expected = [
        {"type": "thinking", "thinking": "Which town?", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "c2VjcmV0"},
    ]
    asked: dict[str, Any] = {"model": "far", "max_tokens": 3000, "tools": [WEATHER]}
    asked["thinking"] = {"type": "enabled", "budget_tokens": 2000}

    async def scene(base: str) -> None:
        async with AsyncAnthropic(base_url=base, api_key="none", max_retries=0) as client:
            whole = await client.messages.create(messages=HELLO, **asked)
            async with client.messages.stream(messages=HELLO, **asked) as stream:
                streamed = await stream.get_final_message()
            for answer in (whole, streamed):
                content = [block.model_dump(exclude_none=True) for block in answer.content]
                assert content[:2] == expected and content[2]["type"] == "tool_use"
                results = [{"type": "tool_result", "tool_use_id": content[2]["id"], "content": "sunny"}]
                turns: Any = [*HELLO, {"role": "assistant", "content": content}, {"role": "user", "content": results}]
                await client.messages.create(messages=turns, **asked)
                sent = api.requests[-1]
                assert sent["messages"][1]["content"][:2] == expected and sent["thinking"]["type"] == "enabled"
            counted = await client.messages.count_tokens(model="far", messages=HELLO, system="Be kind.")
            assert counted.input_tokens == len("Hello") + len("Be kind.")

    behind_claude(api, scene, plan, plan)


def test_a_stream_of_messages_tells_which_mind_answered(api: anthropic_mock.Mock) -> None:
    async def scene(base: str) -> None:
        async with AsyncAnthropic(base_url=base, api_key="none", max_retries=0) as client:
            events = [event async for event in await client.messages.create(
                model="far", max_tokens=90, messages=HELLO, stream=True)]  # fmt: skip
            (told,) = [event for event in events if event.type == "message_delta"]
            assert (told.model_extra or {})["vivavoce"]["mind"] == "claude"

    behind_claude(api, scene)
