"""What each key may ask for: counted truly, told in OpenAI's form, and enforced on every way in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai import AsyncOpenAI, RateLimitError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests import virtual_time
from tests.sequences.line import House, Line
from vivavoce.api.anthropic_form import AnthropicErrors
from vivavoce.api.auth import Keys
from vivavoce.api.rates import LimitRates, Rates, spend
from vivavoce.engines.scripted import ScriptedModel, scripted_engines
from vivavoce.errors import RateLimited


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_is_a_minute_s_worth_and_fills_up_all_the_while() -> None:
    clock = Clock()
    rates = Rates(requests=3, clock=clock)
    for _ in range(3):
        rates.take("key")
    with pytest.raises(RateLimited) as refused:
        rates.take("key")
    assert refused.value.seconds == pytest.approx(20) and refused.value.name == "requests"
    assert "Limit 3, Used 3" in str(refused.value) and "try again in 20s" in str(refused.value)
    rates.take("another key")  # whose minute is its own
    clock.now += 20
    rates.take("key")
    with pytest.raises(RateLimited):
        rates.take("key")


def test_tokens_may_leave_a_debt_that_is_waited_for() -> None:
    """A request that has begun is not cut off; the next ones wait until it is paid for."""
    clock = Clock()
    rates = Rates(tokens=600, clock=clock)
    rates.take("key")
    rates.spend("key", 700)
    assert [(rate.name, rate.limit, rate.remaining) for rate in rates.of("key")] == [("tokens", 600, 0)]
    with pytest.raises(RateLimited) as refused:
        rates.take("key")
    assert refused.value.seconds == pytest.approx(10.1) and refused.value.name == "tokens"
    clock.now += 10.2
    rates.take("key")
    assert rates.of("key")[0].reset_seconds == pytest.approx(59.8, abs=0.1)


def test_without_limits_nothing_is_told_and_nothing_refused() -> None:
    rates = Rates()
    for _ in range(1000):
        rates.take("key")
        rates.spend("key", 10**6)
    assert rates.of("key") == []


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(0, 400)), max_size=60))
def test_no_minute_ever_has_more_than_its_share(steps: list[tuple[float, int]]) -> None:
    """In any minute at most a full bucket and what flows in during it; and who waits as told is let in."""
    clock = Clock()
    rates, taken = Rates(requests=5, tokens=1000, clock=clock), list[float]()
    for wait, tokens in steps:
        clock.now += wait
        try:
            rates.take("key")
        except RateLimited as refused:
            clock.now += refused.seconds + 1e-6
            try:
                rates.take("key")
            except RateLimited as again:  # the other limit
                assert again.name != refused.name or again.seconds < 1e-3
                continue
        taken.append(clock.now)
        rates.spend("key", tokens)
    for at in taken:
        assert sum(at <= other < at + 60 for other in taken) <= 2 * 5


# --- REST --------------------------------------------------------------------------------------------


@asynccontextmanager
async def limited(rates: Rates, keys: tuple[str, ...] = ()) -> AsyncIterator[httpx.AsyncClient]:
    async def answer(_: Request) -> Response:
        await asyncio.create_task(_spend(40))  # as a stream does it, in a task of its own
        return JSONResponse({})

    async def _spend(tokens: int) -> None:
        spend(tokens)

    routes = [Route(path, answer, methods=["GET", "POST"]) for path in ("/v1/chat/completions", "/v1/messages")]
    limits = Middleware(LimitRates, rates=rates, keys=Keys.of(keys))
    app = Starlette(routes=routes, middleware=[Middleware(AnthropicErrors), limits])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://server") as client:
        yield client


def test_the_headers_tell_what_is_left() -> None:
    async def scene() -> None:
        async with limited(Rates(requests=3, tokens=6000, clock=Clock())) as client:
            told = (await client.post("/v1/chat/completions")).headers
            assert told["x-ratelimit-limit-requests"] == "3" and told["x-ratelimit-remaining-requests"] == "2"
            assert told["x-ratelimit-reset-requests"] == "20s" and told["x-ratelimit-limit-tokens"] == "6000"
            assert told["x-ratelimit-remaining-tokens"] == "5960" and told["x-ratelimit-reset-tokens"] == "400ms"
            assert "x-ratelimit-limit-requests" not in (await client.get("/v1/chat/completions")).headers

    asyncio.run(scene())


def test_one_too_many_is_refused_in_each_client_s_own_form() -> None:
    async def scene() -> None:
        async with limited(Rates(requests=1, clock=Clock())) as client:
            await client.post("/v1/chat/completions")
            refused = await client.post("/v1/chat/completions")
            assert refused.status_code == 429 and refused.headers["retry-after"] == "60"
            assert refused.headers["x-ratelimit-remaining-requests"] == "0"
            error = refused.json()["error"]
            assert (error["type"], error["code"]) == ("requests", "rate_limit_exceeded")
            theirs = (await client.post("/v1/messages")).json()
            assert (theirs["type"], theirs["error"]["type"]) == ("error", "rate_limit_error")

    asyncio.run(scene())


def test_clients_of_anthropic_read_their_own_headers() -> None:
    async def scene() -> None:
        async with limited(Rates(requests=3, tokens=6000, clock=Clock())) as client:
            told = (await client.post("/v1/messages")).headers
            assert told["anthropic-ratelimit-requests-limit"] == "3"
            assert told["anthropic-ratelimit-requests-remaining"] == "2"
            assert told["anthropic-ratelimit-tokens-remaining"] == "5960"
            reset = datetime.fromisoformat(told["anthropic-ratelimit-requests-reset"])
            assert reset > datetime.now(UTC) and not any(name.startswith("x-ratelimit") for name in told)

    asyncio.run(scene())


def test_a_wrong_key_uses_up_nobody_s_limit() -> None:
    async def scene() -> None:
        rates = Rates(requests=1, clock=Clock())
        async with limited(rates, keys=("right",)) as client:
            for _ in range(3):
                await client.post("/v1/chat/completions", headers={"Authorization": "Bearer wrong"})
            answer = await client.post("/v1/chat/completions", headers={"Authorization": "Bearer right"})
            assert answer.status_code == 200

    asyncio.run(scene())


def test_the_official_client_waits_as_it_is_told() -> None:
    """It reads Retry-After and tries again by itself; told not to, it raises its own RateLimitError."""

    async def scene() -> None:
        clock, waits = Clock(), list[str]()

        async def time_passes(answer: httpx.Response) -> None:
            """As much as the client is told to wait: nothing depends on how quick this machine is."""
            if answer.status_code == 429:
                waits.append(answer.headers["retry-after"])
                clock.now += float(waits[-1])

        async with limited(Rates(requests=120, clock=clock)) as web:
            client = AsyncOpenAI(api_key="any", base_url="http://server/v1", http_client=web, max_retries=0)
            ask: dict[str, Any] = {"model": "any", "messages": [{"role": "user", "content": "Hi"}]}
            for _ in range(120):
                await client.chat.completions.create(**ask)
            with pytest.raises(RateLimitError):
                await client.chat.completions.create(**ask)
            web.event_hooks["response"].append(time_passes)
            await client.with_options(max_retries=1).chat.completions.create(**ask)
            assert waits == ["1"]

    asyncio.run(scene())


# --- Realtime ----------------------------------------------------------------------------------------


def test_a_session_s_responses_count_and_one_too_many_fails_with_its_reason() -> None:
    async def scene() -> None:
        loop = asyncio.get_running_loop()
        house = House(scripted_engines(llm=ScriptedModel(["Yes."])), rates=Rates(2, 6000, loop.time))
        line = await Line(house).open()
        line.send("session.update", session={"type": "realtime", "output_modalities": ["text"]})

        async def respond() -> tuple[list[dict[str, Any]], dict[str, Any]]:
            seen = len(line.events)
            line.send("response.create")
            done = await line.until(lambda event: event["type"] == "response.done", since=seen)
            told = await line.until(lambda event: event["type"] == "rate_limits.updated", since=seen)
            return told["rate_limits"], done["response"]

        rates, done = await respond()
        assert [(rate["name"], rate["limit"], rate["remaining"]) for rate in rates] == [
            ("requests", 2, 1),
            ("tokens", 6000, 6000),
        ]
        rates, _ = await respond()
        assert rates[0]["remaining"] == 0 and rates[1]["remaining"] == 6000 - done["usage"]["total_tokens"]
        _, done = await respond()
        assert done["status"] == "failed" and done["output"] == []
        assert done["status_details"]["error"]["code"] == "rate_limit_exceeded"
        await asyncio.sleep(30)
        _, done = await respond()
        assert done["status"] == "completed"
        await line.hang_up()

    virtual_time.run(scene())


def test_a_refused_response_asks_no_engine_for_anything() -> None:
    async def scene() -> None:
        model = ScriptedModel(["Yes."])
        house = House(scripted_engines(llm=model), rates=Rates(1, 0, asyncio.get_running_loop().time))
        line = await Line(house).open()
        for asked in (1, 1):
            seen = len(line.events)
            line.send("response.create", response={"conversation": "none", "input": []})
            await line.until(lambda event: event["type"] == "response.done", since=seen)
            assert model.replies == asked
        await line.hang_up()

    virtual_time.run(scene())


def test_the_events_stay_as_they_are_where_there_is_no_limit() -> None:
    """Some clients wait for the event, so it comes all the same, and says that there is none."""

    async def scene() -> None:
        line = await Line(House(scripted_engines())).open()
        line.send("response.create", response={"output_modalities": ["text"]})
        event = await line.until(lambda event: event["type"] == "rate_limits.updated")
        assert json.dumps(event["rate_limits"]) == "[]"
        await line.hang_up()

    virtual_time.run(scene())
