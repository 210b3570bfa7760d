"""Chat Completions, Responses and Messages under requests of every kind, one after the other: whatever comes is
answered or refused by name, never with a 500 of ours, and nothing goes on when it is over."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
from pathlib import Path
from typing import Any

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from tests.api.rest_server import api
from tests.api.test_text_requests import JSON
from tests.waiting import PATIENCE
from vivavoce.api.rest.responses_jobs import Jobs
from vivavoce.storage.archive import open_archive
from vivavoce.storage.database import MEMORY

SCRIPTS = st.sampled_from(
    [
        "say Hello there.",
        "",
        "prompt",
        'call weather {"town": "Rome"} | weather {"town": "Oslo"}',
        "call clock {}",
        "call clock nonsense",
        "call erase {}",
        "call page {} | broken {}",
        "call recite {}",
        "fail",
        "hang",
        "busy",
        "refuse",
        "One two then fail",
        'say {"name": "Rome"}',
    ]
)
MODELS = st.sampled_from(["actor", "seer", "thinker", "gpt-5", "claude-x", "nobody", ""])
EXPECTED = (500, 503, 504, 529)
"""Of 5xx, what a mind that fails is told as."""
FUNCTION = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
TOOLS = st.sampled_from(
    [
        [],
        [{"type": "mcp", "server_label": "vivavoce"}],
        [{"type": "mcp", "server_label": "vivavoce", "require_approval": "never"}],
        [{"type": "mcp", "server_label": "away"}, {"type": "custom", "name": "free"}],
        [{"type": "function", "name": "weather", "parameters": {"type": "object"}}],
    ]
)


def strange(names: str) -> st.SearchStrategy[dict[str, Any]]:
    """Now and then, any of these fields with anything in it."""
    return st.just({}) | st.dictionaries(st.sampled_from(names.split()), JSON, max_size=2)


RESPONSE = strange(
    "input instructions tools tool_choice text reasoning include metadata truncation top_p temperature stream store "
    "background max_output_tokens max_tool_calls previous_response_id conversation prompt top_logprobs generate user"
)
CHAT = strange(
    "messages tools tool_choice functions response_format stop n logprobs top_logprobs logit_bias presence_penalty "
    "modalities audio stream_options metadata store seed max_tokens user prompt_cache_key"
)
MESSAGE = strange("messages system tools tool_choice thinking output_config stop_sequences top_k max_tokens stream")
BLOCKS = st.lists(
    st.sampled_from(
        [
            {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
            {"type": "redacted_thinking", "data": "c2VjcmV0"},
            {"type": "thinking", "thinking": 5},
            {"type": "text", "text": "Well."},
            {"type": "tool_use", "id": "a", "name": "f", "input": {}},
        ]
    ),
    max_size=4,
)


class Server:
    """The routes in this process, without a socket."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._stack = contextlib.AsyncExitStack()
        self._runner.run(self._open())

    async def _open(self) -> None:
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        archive = await self._stack.enter_async_context(open_archive(MEMORY))
        jobs = Jobs()
        self._serving = asyncio.create_task(jobs.serve())
        transport = httpx.ASGITransport(api(folder, archive, jobs), raise_app_exceptions=False)
        web = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")
        self._web = await self._stack.enter_async_context(web)
        await asyncio.sleep(0)
        self._alone = len(asyncio.all_tasks())

    def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        content = None if body is None else json.dumps(body)
        return self._runner.run(self._web.request(method, path, content=content))

    def settled(self) -> None:
        """Nothing goes on but what serves; what works in the background comes to its end."""
        self._runner.run(self._settled())

    async def _settled(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(asyncio.all_tasks()) > self._alone:
                await asyncio.sleep(0.001)
        assert (await self._web.get("/test/live")).json() == 0

    def close(self) -> None:
        async def closed() -> None:
            self._serving.cancel()
            await asyncio.wait([self._serving])
            await self._stack.aclose()

        self._runner.run(closed())
        self._runner.close()


class Requests(RuleBasedStateMachine):
    responses = Bundle("responses")

    def __init__(self) -> None:
        super().__init__()
        self.server = Server()

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer, whose form is checked; None where it was refused."""
        answer = self.server.ask(method, path, body)
        streams = answer.headers.get("content-type", "").startswith("text/event-stream")
        if answer.status_code >= 400:
            error = answer.json()["error"]
            assert error["message"] and error["type"], answer.text
            assert answer.status_code < 500 or answer.status_code in EXPECTED, answer.text
            assert error.get("code") != "internal_error" and "quote req_" not in error["message"], answer.text
            return None
        if streams:
            events = [line[6:] for line in answer.text.split("\n") if line.startswith("data: ") and line[6] == "{"]
            return [json.loads(event) for event in events]
        return answer.json()

    @rule(
        target=responses,
        script=SCRIPTS,
        model=MODELS,
        tools=TOOLS,
        more=RESPONSE,
        stream=st.booleans(),
        background=st.booleans(),
    )
    def respond(self, script: str, model: str, tools: Any, more: Any, stream: bool, background: bool) -> Any:
        return self._respond({"input": script, "model": model, "tools": tools, "background": background}, more, stream)

    @rule(target=responses, before=responses, script=SCRIPTS, more=RESPONSE, stream=st.booleans())
    def go_on(self, before: str, script: str, more: Any, stream: bool) -> Any:
        return self._respond({"input": script, "model": "actor", "previous_response_id": before}, more, stream)

    def _respond(self, body: Any, more: Any, stream: bool) -> Any:
        made = self.ask("POST", "/v1/responses", {**body, "stream": stream, **more})
        if isinstance(made, list):
            assert made[-1]["type"].split(".")[-1] in ("completed", "failed", "incomplete")
            assert [event["sequence_number"] for event in made] == list(range(len(made)))
            made = made[-1]["response"]
        return multiple() if made is None else made["id"]

    @rule(before=responses, what=st.sampled_from(["", "/input_items", "?stream=true", "?stream=true&starting_after=2"]))
    def look(self, before: str, what: str) -> None:
        self.ask("GET", f"/v1/responses/{before}{what}")

    @rule(before=responses)
    def cancel(self, before: str) -> None:
        self.ask("POST", f"/v1/responses/{before}/cancel")

    @rule(before=consumes(responses))
    def delete(self, before: str) -> None:
        self.ask("DELETE", f"/v1/responses/{before}")

    @rule(before=responses, script=SCRIPTS, more=RESPONSE, path=st.sampled_from(["compact", "input_tokens"]))
    def measure(self, before: str, script: str, more: Any, path: str) -> None:
        asked = {"model": "actor", "input": script, "previous_response_id": before, **more}
        self.ask("POST", f"/v1/responses/{path}", asked)

    @rule(script=SCRIPTS, model=MODELS, more=CHAT, stream=st.booleans(), tools=st.booleans())
    def chat(self, script: str, model: str, more: Any, stream: bool, tools: bool) -> None:
        body = {"model": model, "messages": [{"role": "user", "content": script}], "stream": stream}
        self.ask("POST", "/v1/chat/completions", {**body, **({"tools": [FUNCTION]} if tools else {}), **more})

    @rule(script=SCRIPTS, model=MODELS, more=MESSAGE, blocks=BLOCKS, stream=st.booleans(), count=st.booleans())
    def message(self, script: str, model: str, more: Any, blocks: Any, stream: bool, count: bool) -> None:
        talk = [{"role": "assistant", "content": blocks}, {"role": "user", "content": script}]
        body = {"model": model, "max_tokens": 50, "messages": talk, "stream": stream, **more}
        self.ask("POST", "/v1/messages" + ("/count_tokens" if count else ""), body)

    @invariant()
    def nothing_goes_on(self) -> None:
        self.server.settled()

    def teardown(self) -> None:
        self.server.close()


Requests.TestCase.settings = settings(
    max_examples=12,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestRequests = Requests.TestCase
