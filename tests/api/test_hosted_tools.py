"""Hosted tools on the wire: every event in the official client's own types, in the order that clients rely on, with a
real MCP server behind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.api.fakes import Served, serving, strictly
from tests.assistant import mcp_server
from tests.session.tools import Host, Mind, told
from tests.waiting import PATIENCE
from vivavoce.api.realtime.server_events import Narrator
from vivavoce.api.realtime.session_object import RealtimeSession
from vivavoce.assistant.tool_servers import ClientsServers
from vivavoce.conversation.config import SessionConfig
from vivavoce.conversation.events import CallEnded, CallProgressed, ListingEnded
from vivavoce.conversation.items import CallError, HostedCall, ToolListing
from vivavoce.engines.scripted import scripted_engines
from vivavoce.errors import ToolFailed
from vivavoce.ports import Call, HostedTool
from vivavoce.session.session import Session
from vivavoce.session.tooling import Tooling

ROME = Call("get_weather", '{"city": "Rome"}')
ASKED = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Weather in Rome?"}]}


class Talk:
    """One client; every event that it gets is held against the official types."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.seen: list[dict[str, Any]] = []

    async def say(self, kind: str, **fields: Any) -> None:
        await self._socket.send(json.dumps({"type": kind, **fields}))

    async def until(self, kind: str, times: int = 1) -> dict[str, Any]:
        """The last event once so many of a kind have come."""
        async with asyncio.timeout(PATIENCE):
            while sum(event["type"] == kind for event in self.seen) < times:
                event = json.loads(await self._socket.recv())
                if not event["type"].startswith("vivavoce."):
                    strictly(event)
                self.seen.append(event)
        return self.seen[-1]

    def kinds(self, *parts: str) -> list[str]:
        return [event["type"] for event in self.seen if any(part in event["type"] for part in parts)]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.seen if event["type"] == kind]


def talks(hosts: Sequence[Host] = (), replies: Any = None) -> Any:
    def calls(prompt: Any) -> Any:
        result = told(prompt)
        return ROME if result is None else f"It says: {result}"

    engines = scripted_engines(llm=Mind(replies or calls))
    tooling = Tooling({host.label: host for host in hosts}, ClientsServers("any"))

    def open_session(config: SessionConfig, send: Any, owner: str) -> Session:
        return Session(engines, config, send, tooling=tooling, owner=owner)

    return open_session


@asynccontextmanager
async def talking(open_session: Any, *tools: dict[str, Any], **session: Any) -> AsyncIterator[tuple[Talk, Served]]:
    async with serving(open_session=open_session) as served, connect(served.ws) as socket:
        talk = Talk(socket)
        await talk.until("session.created")
        fields = {"type": "realtime", "output_modalities": ["text"], "tools": list(tools), **session}
        await talk.say("session.update", session=fields)
        yield talk, served


def test_a_server_that_a_client_names_is_listed_called_and_answered_from() -> None:
    async def scene() -> None:
        async with mcp_server.serving() as url:
            tool = {"type": "mcp", "server_label": "test", "server_url": url, "require_approval": "never"}
            async with talking(talks(), {**tool, "authorization": "xyzzy"}) as (talk, _):
                await talk.until("conversation.item.done")
                assert talk.kinds("session.", "mcp_list", "item") == [
                    "session.created",
                    "session.updated",
                    "conversation.item.added",
                    "mcp_list_tools.in_progress",
                    "mcp_list_tools.completed",
                    "conversation.item.done",
                ]
                listing = talk.seen[-1]["item"]
                weather = next(tool for tool in listing["tools"] if tool["name"] == "get_weather")
                assert weather["input_schema"]["properties"]["city"] and weather["annotations"]["readOnlyHint"]
                assert "xyzzy" not in json.dumps(talk.seen)
                await talk.say("conversation.item.create", item=ASKED)
                await talk.say("response.create")
                await talk.until("response.done", 2)
        at = next(n for n, event in enumerate(talk.seen) if event["type"] == "response.created")
        story = [event["type"] for event in talk.seen[at:] if event["type"] != "response.output_text.delta"]
        assert story == [
            "response.created",
            "rate_limits.updated",
            "response.output_item.added",
            "conversation.item.added",
            "response.mcp_call_arguments.delta",
            "response.mcp_call_arguments.done",
            "response.mcp_call.in_progress",
            "response.mcp_call.completed",
            "response.output_item.done",
            "conversation.item.done",
            "response.done",
            "response.created",
            "rate_limits.updated",
            "response.output_item.added",
            "conversation.item.added",
            "response.content_part.added",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "conversation.item.done",
            "response.done",
        ]
        call = talk.of("response.done")[0]["response"]["output"][0]
        assert (call["type"], call["server_label"], call["output"]) == ("mcp_call", "test", "sunny in Rome")
        assert talk.of("response.mcp_call_arguments.done")[0]["arguments"] == ROME.arguments
        assert talk.of("response.output_text.done")[-1]["text"] == "It says: sunny in Rome"

    asyncio.run(scene())


def test_an_approval_is_asked_for_and_once_given_the_answer_comes_by_itself() -> None:
    async def scene() -> None:
        host = Host()
        tool = {"type": "mcp", "server_label": "home", "require_approval": "always"}
        async with talking(talks([host]), tool) as (talk, _):
            await talk.until("mcp_list_tools.completed")
            await talk.say("conversation.item.create", item=ASKED)
            await talk.say("response.create")
            await talk.until("response.done")
            (request,) = talk.of("response.done")[0]["response"]["output"]
            assert request["type"] == "mcp_approval_request" and request["arguments"] == ROME.arguments
            assert [event["item"]["type"] for event in talk.of("conversation.item.done")][-1] == request["type"]
            answer = {"type": "mcp_approval_response", "approval_request_id": request["id"], "approve": True}
            await talk.say("conversation.item.create", item=answer, previous_item_id=request["id"])
            await talk.until("response.done", 3)
            call = talk.of("response.done")[1]["response"]["output"][0]
            assert call["approval_request_id"] == request["id"] and call["output"] == "sunny, 24 degrees"
            assert talk.of("response.output_text.done")[-1]["text"] == "It says: sunny, 24 degrees"
            await talk.say("conversation.item.create", item=answer)
            assert "answered already" in (await talk.until("error"))["error"]["message"]
            await talk.say("conversation.item.create", item={"type": "mcp_approval_response", "approve": True})
            assert (await talk.until("error", 2))["error"]["param"] == "item.approval_request_id"

    asyncio.run(scene())


def test_an_errand_is_closed_in_its_response_and_ends_in_the_conversation() -> None:
    async def scene() -> None:
        host = Host(takes=1.6)
        async with talking(talks([host]), {"type": "mcp", "server_label": "home"}) as (talk, _):
            await talk.until("mcp_list_tools.completed")
            await talk.say("conversation.item.create", item=ASKED)
            await talk.say("response.create")
            await talk.until("response.done", 2)
        first, second = talk.of("response.done")
        (running,) = first["response"]["output"]
        assert (running["status"], running["output"]) == ("in_progress", None)
        assert second["vivavoce"]["reason"] == "errand"
        kinds = talk.kinds("mcp_call.", "response.done")
        assert kinds == [
            "response.mcp_call.in_progress",
            "vivavoce.mcp_call.progress",
            "response.done",
            "response.mcp_call.completed",
            "response.done",
        ]
        done = [event["item"] for event in talk.of("conversation.item.done") if event["item"]["type"] == "mcp_call"]
        assert [(item["id"], item["output"]) for item in done] == [(running["id"], "sunny, 24 degrees")]

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("error", "wire"),
    [
        (ToolFailed("no"), {"type": "tool_execution_error", "message": "no"}),
        (ToolFailed("no", kind="http", code=502), {"type": "http_error", "code": 502, "message": "no"}),
        (ToolFailed("no", kind="protocol"), {"type": "protocol_error", "code": 0, "message": "no"}),
    ],
)
def test_a_failed_call_says_what_kind_of_failure_it_was(error: ToolFailed, wire: dict[str, Any]) -> None:
    async def scene() -> None:
        async with talking(talks([Host(answers=error)]), {"type": "mcp", "server_label": "home"}) as (talk, _):
            await talk.until("mcp_list_tools.completed")
            await talk.say("conversation.item.create", item=ASKED)
            await talk.say("response.create")
            await talk.until("response.done", 2)
            assert talk.of("response.mcp_call.failed") and not talk.of("response.mcp_call.completed")
            assert talk.of("response.done")[0]["response"]["output"][0]["error"] == wire

    asyncio.run(scene())


def test_a_server_that_cannot_be_reached_is_told_of_and_the_session_goes_on() -> None:
    async def scene() -> None:
        tool = {"type": "mcp", "server_label": "gone", "server_url": "http://127.0.0.1:9/mcp"}
        async with talking(talks(replies=lambda prompt: "Hello."), tool) as (talk, _):
            await talk.until("conversation.item.done")
            assert talk.kinds("mcp_list") == ["mcp_list_tools.in_progress", "mcp_list_tools.failed"]
            assert "cannot be reached" in talk.seen[-1]["item"]["error"]
            await talk.say("response.create")
            await talk.until("response.done")
            assert talk.of("response.output_text.done")[0]["text"] == "Hello."

    asyncio.run(scene())


def test_a_listing_can_be_retrieved_while_it_is_made() -> None:
    """@openai/agents asks for the item as soon as it hears of it."""

    async def scene() -> None:
        async with talking(talks([Host(lists=0.3)]), {"type": "mcp", "server_label": "home"}) as (talk, _):
            event = await talk.until("mcp_list_tools.in_progress")
            await talk.say("conversation.item.retrieve", item_id=event["item_id"])
            assert (await talk.until("conversation.item.retrieved"))["item"]["tools"] == []
            await talk.until("mcp_list_tools.completed")

    asyncio.run(scene())


def test_events_about_tools_are_as_the_types_have_them() -> None:
    narrator = Narrator(RealtimeSession("s", "m"))
    call = HostedCall("mcp_1", "home", "x", "{}", error=CallError("http", "no", 500))
    for event in (ListingEnded(ToolListing("mcpl_1", "home", error="no"), None), CallEnded(call, 0, None, late=True)):
        for wire in narrator.tell(event):
            strictly(wire)
    (progress,) = narrator.tell(CallProgressed("mcp_1", "half way"))
    assert (progress["type"], progress["words"]) == ("vivavoce.mcp_call.progress", "half way")


def test_what_a_client_may_call_is_what_it_named() -> None:
    """A host that the operator has is there for sessions that name it, and for nobody else."""

    async def scene() -> None:
        host = Host(offers=(HostedTool(Host().offers[0].tool),))
        async with talking(talks([host])) as (talk, _):
            await talk.say("conversation.item.create", item=ASKED)
            await talk.say("response.create")
            await talk.until("response.done")
            assert talk.of("response.done")[0]["response"]["output"][0]["type"] == "function_call"
            assert not host.calls

    asyncio.run(scene())
