"""Server-sent events, sent while they are made. A client that goes away, or does not read, ends their making."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from vivavoce.api.body import while_connected

PATIENCE = 60.0
"""Seconds that a client may leave one event unread."""
_COMPACT = json.JSONEncoder(separators=(",", ":")).encode

HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}
"""A proxy in between must not hold back what is to be read at once."""


def data(value: Mapping[str, Any]) -> bytes:
    """One event without a name, as OpenAI has them."""
    return f"data: {_COMPACT(value)}\n\n".encode()


def named(value: Mapping[str, Any]) -> bytes:
    """One event called by its type, as Anthropic has them."""
    return f"event: {value['type']}\ndata: {_COMPACT(value)}\n\n".encode()


class EventStream(Response):
    """`events` are closed when the last one is sent, or the client is gone."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[bytes, None]) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(ClientDisconnect, TimeoutError):  # gone, or as good as gone
            await while_connected(Request(scope, receive), self._send(send))

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with aclosing(self._events):
            async for event in self._events:
                async with asyncio.timeout(PATIENCE):
                    await send({"type": "http.response.body", "body": event, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
