"""A small server on loopback that speaks Anthropic's Messages API; its model's name says how it behaves."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.engines.openai_mock import STATUS, WORDS, listening

Event = dict[str, Any]
USAGE = {"input_tokens": 10, "cache_read_input_tokens": 7, "cache_creation_input_tokens": 3, "output_tokens": 1}


@dataclass
class Mock:
    """`requests`, `headers`: what came in, newest last. `plan`: how the next answers are to go, in turn: each a model's
    name, or (blocks, reason to stop)."""

    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    plan: deque[str | tuple[list[Event], str]] = field(default_factory=deque)
    streaming: int = 0

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/messages", self.answer, methods=["POST"]),
                Route("/v1/messages/count_tokens", self.count, methods=["POST"]),
            ]
        )

    async def count(self, request: Request) -> Response:
        """A token each character of the words."""
        body = await request.json()
        self.requests.append(body)
        if unknown := set(body) - {"model", "messages", "system", "tools", "tool_choice", "thinking", "output_config"}:
            return JSONResponse({"type": "error", "error": {"type": "x", "message": f"{unknown}"}}, status_code=400)
        blocks = [*body.get("system", []), *(block for turn in body["messages"] for block in turn["content"])]
        letters = sum(len(block.get("text", "")) for block in blocks)
        return refusal(body["model"], body) or JSONResponse({"input_tokens": letters})

    async def answer(self, request: Request) -> Response:
        body = await request.json()
        self.requests.append(body)
        self.headers.append(dict(request.headers))
        planned = self.plan.popleft() if self.plan else body["model"]
        if isinstance(planned, str):
            if (refused := refusal(planned, body)) is not None:
                return refused
            events = ODD[planned] if planned in ODD else message(*usual(body), slow=planned == "slow")
        else:
            events = message(*planned)
        return StreamingResponse(self.counted(stream(events, planned)), media_type="text/event-stream")

    async def counted(self, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        self.streaming += 1
        try:
            async for part in parts:
                yield part
        finally:
            self.streaming -= 1


def refusal(planned: str, body: dict[str, Any]) -> Response | None:
    """Refusals quote the whole request, as real servers sometimes do. "busy 3": with a Retry-After."""
    name, _, after = planned.partition(" ")
    if (status := {**STATUS, "overloaded": 529}.get(name)) is None:
        return None
    error = {"type": "error", "error": {"type": "nope", "message": f"bad: {body}"}}
    return JSONResponse(error, status_code=status, headers={"retry-after": after} if after else None)


def usual(body: dict[str, Any]) -> tuple[list[Event], str]:
    """Five words, many for a story; a call where one is wanted."""
    if body.get("tool_choice", {}).get("type") in ("any", "tool"):
        return [call(body["tools"][0]["name"], '{"city": ', '"Rome"}')], "tool_use"
    words = ["word "] * 400 if "story" in json.dumps(body["messages"][-1]) else list(WORDS)
    kept = words[: body["max_tokens"]]
    return [text(*kept)], "end_turn" if len(kept) == len(words) else "max_tokens"


def text(*pieces: str) -> Event:
    deltas = [{"type": "text_delta", "text": piece} for piece in pieces]
    return {"block": {"type": "text", "text": ""}, "deltas": deltas}


def thinking(*pieces: str) -> Event:
    deltas: list[Event] = [{"type": "thinking_delta", "thinking": piece} for piece in pieces]
    deltas.append({"type": "signature_delta", "signature": "c2ln"})
    return {"block": {"type": "thinking", "thinking": "", "signature": ""}, "deltas": deltas}


def redacted(data: str) -> Event:
    return {"block": {"type": "redacted_thinking", "data": data}, "deltas": []}


def call(name: str, *pieces: str) -> Event:
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    return {"block": {"type": "tool_use", "id": "toolu_1", "name": name, "input": {}}, "deltas": deltas}


def message(blocks: list[Event], reason: str, *, slow: bool = False) -> list[Event]:
    start = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": []}
    start |= {"stop_reason": None, "stop_sequence": None, "usage": USAGE}
    events: list[Event] = [{"type": "wait"}] if slow else []
    events.append({"type": "message_start", "message": start})
    written = 0
    for index, block in enumerate(blocks):
        events.append({"type": "content_block_start", "index": index, "content_block": block["block"]})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in block["deltas"]]
        events.append({"type": "content_block_stop", "index": index})
        written += len(block["deltas"])
    why, _, sequence = reason.partition(":")
    delta = {"stop_reason": why, "stop_sequence": sequence or None}
    events.append({"type": "message_delta", "delta": delta, "usage": {"output_tokens": written}})
    return [*events, {"type": "message_stop"}]


WHOLE = message([text("One two")], "end_turn")
ODD: dict[str, list[Event]] = {
    "garbage": [{"type": "garbage"}],
    "page": [{"type": "page"}],
    "nothing": [],
    "no end": WHOLE[:-2],
    "dropped": [*WHOLE[:-3], {"type": "hang up"}],
    "overloaded inside": [WHOLE[0], {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}],
    "endless words": [
        *WHOLE[:2],
        {**WHOLE[2], "delta": {"type": "text_delta", "text": "word " * 2000}},
        {"type": "on"},
    ],
    "pings": [{"type": "ping"}, {"type": "on"}],
}


async def stream(events: list[Event], planned: object) -> AsyncIterator[bytes]:
    for event in events:
        match event["type"]:
            case "wait":
                await asyncio.sleep(5)
            case "garbage":
                yield b'event: message_start\ndata: {"type": [\n\n'
            case "page":
                yield b"<html><body>Bad gateway</body></html>"
            case "hang up":
                raise ConnectionAbortedError("the mock hangs up")
            case "on":
                while True:
                    yield event_bytes(events[-2])
                    await asyncio.sleep(0.005)
            case _:
                yield event_bytes(event)
                await asyncio.sleep(0.002)


def event_bytes(event: Event) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


@contextmanager
def anthropic_mock() -> Iterator[Mock]:
    """The server in a thread, on a free port."""
    mock = Mock()
    with listening(mock.app()) as mock.url:
        yield mock
