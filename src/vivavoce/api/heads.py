"""What stands in the head of every answer, as the SDKs read it: the id of the request, and how long it took."""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vivavoce.api.anthropic_form import expects_anthropic
from vivavoce.conversation.items import new_id

VERSION = "2020-10-01"
"""Of OpenAI's API: the only one there has been."""
HEADS = ["x-request-id", "request-id", "openai-processing-ms", "openai-version"]


class Heads:
    """Gives every HTTP request an id and tells it: in `x-request-id`, and to clients of Anthropic in `request-id`; to
    all others below /v1/ the ms until the answer began, and the version that they know. `clock`: seconds."""

    def __init__(self, app: ASGIApp, clock: Callable[[], float] = time.perf_counter) -> None:
        self._app, self._clock = app, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, request_id = self._clock(), new_id("req")
        scope["request_id"] = request_id

        async def with_heads(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request_id
                if expects_anthropic(scope):
                    headers["request-id"] = request_id
                elif scope["path"].startswith("/v1/"):
                    headers["openai-processing-ms"] = str(round((self._clock() - began) * 1000))
                    headers["openai-version"] = VERSION
            await send(message)

        await self._app(scope, receive, with_heads)
