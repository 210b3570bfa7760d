"""A small OpenAI-compatible server on loopback, whose model's name says how it behaves."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from typing import Any

import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.waiting import PATIENCE
from vivavoce.ports import HARMS

WORDS = ("One", " two", " three", " four", " five.")
STATUS = {"busy": 429, "broken": 500, "locked": 401, "missing": 404, "unfit": 400}


@dataclass
class Mock:
    """`requests`: what came in, newest last. `streaming`: answers being streamed now. `plan`: how the next chats are
    to go, in turn, whatever their model; each a model's name, or chunks to be streamed."""

    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    streaming: int = 0
    plan: deque[str | list[dict[str, Any]]] = field(default_factory=deque)

    def app(self) -> Starlette:
        routes = [
            Route("/v1/chat/completions", self.chat, methods=["POST"]),
            Route("/v1/audio/transcriptions", self.hear, methods=["POST"]),
            Route("/v1/audio/speech", self.speak, methods=["POST"]),
            Route("/v1/embeddings", self.embed, methods=["POST"]),
            Route("/v1/moderations", self.moderate, methods=["POST"]),
        ]
        return Starlette(routes=routes)

    async def chat(self, request: Request) -> Response:
        body = await request.json()
        self.requests.append(dict(body))
        planned = self.plan.popleft() if self.plan else body["model"]
        if isinstance(planned, str):
            body["model"] = planned
            answer = thoughts(body) if planned not in ODD else odd(planned)
        else:
            answer = as_planned(planned)
        return refusal(body) or StreamingResponse(self.counted(answer), media_type="text/event-stream")

    async def hear(self, request: Request) -> Response:
        body = form(request.headers["content-type"], await request.body())
        self.requests.append(body)
        if body["model"] == "slow":
            await asyncio.sleep(5)
        segments = [{"id": 0, "text": " Hello there.", "avg_logprob": -0.1, "no_speech_prob": 0.01}]
        if body["model"] == "noise":
            segments = [{"id": 0, "text": " Thank you.", "avg_logprob": -1.4, "no_speech_prob": 0.9}]
        answer = {"text": segments[0]["text"], "language": "english", "duration": 1.0, "segments": segments}
        return refusal(body) or JSONResponse(answer)

    async def speak(self, request: Request) -> Response:
        body = await request.json()
        self.requests.append(body)
        return refusal(body) or StreamingResponse(self.counted(sounds(body["model"])), media_type="audio/pcm")

    async def embed(self, request: Request) -> Response:
        """Vectors of three numbers, the first of them the text's; the last one is missing from "odd"."""
        body = await request.json()
        self.requests.append(body)
        texts = body["input"]
        data = (
            [{"object": "embedding", "index": n, "embedding": [float(it), 0, 0]} for n, it in enumerate(texts)]
            if (body["model"] == "fine")
            else []
        )
        usage = {"prompt_tokens": 2 * len(texts), "total_tokens": 2 * len(texts)}
        return refusal(body) or JSONResponse({"object": "list", "data": data, "model": "m", "usage": usage})

    async def moderate(self, request: Request) -> Response:
        """Flags the text "bad" in two categories; judges nothing as "odd"."""
        body = await request.json()
        self.requests.append(body)
        results = [judged(text == "bad") for text in body["input"]] if body["model"] == "fine" else []
        return refusal(body) or JSONResponse({"id": "modr-1", "model": "m", "results": results})

    async def counted(self, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        self.streaming += 1
        try:
            async for part in parts:
                yield part
        finally:
            self.streaming -= 1


def judged(bad: bool) -> dict[str, Any]:
    applies = {harm: bad and harm in ("hate", "illicit/violent") for harm in HARMS}
    scores = {harm: 0.9 if yes else 0.1 for harm, yes in applies.items()}
    kinds = {harm: ["text"] for harm in HARMS}
    return {"flagged": bad, "categories": applies, "category_scores": scores, "category_applied_input_types": kinds}


def refusal(body: dict[str, Any]) -> Response | None:
    """Refusals quote the whole request, as real servers sometimes do. "busy 3": with a Retry-After."""
    name, _, after = str(body["model"]).partition(" ")
    if (status := STATUS.get(name)) is None:
        return None
    headers = {"retry-after": after} if after else None
    return JSONResponse({"error": {"message": f"bad: {body}", "type": "nope"}}, status_code=status, headers=headers)


async def odd(kind: str) -> AsyncIterator[bytes]:
    """Answers that are none; the last two have no end."""
    yield ODD[kind]
    while kind in ("endless words", "pings"):
        yield ODD[kind]
        await asyncio.sleep(0.005)


async def as_planned(deltas: list[dict[str, Any]]) -> AsyncIterator[bytes]:
    for delta in deltas:
        yield said(delta)
    yield event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    yield b"data: [DONE]\n\n"


def said(delta: dict[str, Any]) -> bytes:
    """`scores` in it: tokens that are told with their probabilities."""
    delta = dict(delta)
    content = [{**token(text), "top_logprobs": [token("alternative")]} for text in delta.pop("scores", ())]
    scores = {"content": content, "refusal": None} if content else None
    return event({"choices": [{"index": 0, "delta": delta, "logprobs": scores, "finish_reason": None}]})


def token(text: str) -> dict[str, Any]:
    return {"token": text, "logprob": -0.5, "bytes": list(text.encode())}


def form(content_type: str, content: bytes) -> dict[str, Any]:
    """Fields of a multipart form by name; the file's bytes as "sound"."""
    message = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + content)
    parts = {part.get_param("name", header="content-disposition"): part for part in message.get_payload()}
    sound = parts.pop("file").get_payload(decode=True)
    return {"sound": sound} | {str(name): part.get_payload() for name, part in parts.items()}


async def thoughts(body: dict[str, Any]) -> AsyncIterator[bytes]:
    if body["model"] == "slow":
        await asyncio.sleep(5)
    forced = body.get("tool_choice") == "required"
    limit = body.get("max_tokens") or 1000
    words = ["word "] * 400 if "story" in str(body["messages"][-1]["content"]) else list(WORDS)
    deltas = calls(body["tools"][0]["function"]["name"]) if forced else [{"content": word} for word in words[:limit]]
    for delta in deltas:
        yield event({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
        await asyncio.sleep(0.005)
        if body["model"] == "dropped":
            raise ConnectionAbortedError("the mock hangs up")
    ending = "length" if not forced and len(words) > limit else "stop"
    yield event({"choices": [{"index": 0, "delta": {}, "finish_reason": ending}]})
    usage = {"prompt_tokens": 20, "completion_tokens": len(deltas), "total_tokens": 20 + len(deltas)}
    yield event({"choices": [], "usage": usage | {"prompt_tokens_details": {"cached_tokens": 7}}})
    yield b"data: [DONE]\n\n"


def calls(name: str) -> list[dict[str, Any]]:
    pieces = [{"id": "c1", "type": "function", "function": {"name": name, "arguments": ""}}]
    pieces += [{"function": {"arguments": part}} for part in ('{"city": ', '"Rome"}')]
    return [{"tool_calls": [{"index": 0, **piece}]} for piece in pieces]


def event(chunk: dict[str, Any]) -> bytes:
    whole = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m", **chunk}
    return f"data: {json.dumps(whole)}\n\n".encode()


async def sounds(model: str) -> AsyncIterator[bytes]:
    """Half a second of a tone, cut at odd places; many seconds from "endless"."""
    tone = (np.sin(np.arange(12_000) / 10) * 8000).astype("<i2").tobytes()
    for _ in range(40 if model == "endless" else 1):
        for start in range(0, len(tone), 1111):
            yield tone[start : start + 1111]
            await asyncio.sleep(0.001)
            if model == "dropped" and start > 2000:
                raise ConnectionAbortedError("the mock hangs up")


ODD = {
    "garbage": b'data: {"choices": [{\n\n',
    "page": b"<html><body>Bad gateway</body></html>",
    "nothing": b"data: [DONE]\n\n",
    "error inside": b'data: {"error": {"message": "out of memory", "type": "server_error"}}\n\n',
    "no end": said({"content": "One two"}),
    "endless words": said({"content": "word " * 2000}),
    "pings": b": ping\n\n",
}


@contextmanager
def listening(app: Starlette) -> Iterator[str]:
    """The application in a thread, on a free port of loopback: its address."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = server.force_exit = True
        thread.join(timeout=PATIENCE)


@contextmanager
def openai_mock() -> Iterator[Mock]:
    """The server in a thread, on a free port."""
    mock = Mock()
    with listening(mock.app()) as address:
        mock.url = f"{address}/v1"
        yield mock
