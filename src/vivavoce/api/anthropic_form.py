"""What clients of Anthropic know otherwise than those of OpenAI: the form of errors. Every route answers in OpenAI's;
for whoever speaks Anthropic's language it is translated here, unknown addresses and wrong methods included."""

from __future__ import annotations

import json
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MESSAGES = "/v1/messages"
KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}
STATUSES = {503: 529}
"""What Anthropic has a number of its own for."""
OWN_HEADERS = ("content-type", "content-length")


def anthropic_error(status: int, message: str, request_id: str) -> dict[str, Any]:
    kind = KINDS.get(status, "api_error" if status >= 500 else "invalid_request_error")
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": request_id}


def from_anthropic(scope: Scope) -> bool:
    """Whether a request comes from one of Anthropic's SDKs, which name their version."""
    return "anthropic-version" in Headers(scope=scope)


def expects_anthropic(scope: Scope) -> bool:
    """Whether a caller reads errors in Anthropic's form: an SDK of theirs, or who asks or shows a key their way."""
    headers = Headers(scope=scope)
    theirs = "x-api-key" in headers and "authorization" not in headers
    return theirs or from_anthropic(scope) or str(scope["path"]).startswith(MESSAGES)


class AnthropicErrors:
    """Translates what is refused, and what fails, for those who expect it so. Inside `Heads`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not expects_anthropic(scope):
            await self._app(scope, receive, send)
            return
        head: Message | None = None
        body = bytearray()

        async def translated(message: Message) -> None:
            nonlocal head
            if message["type"] == "http.response.start" and message["status"] >= 400:
                head = message
            elif head is None:
                await send(message)
            else:
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    await _answer(head, bytes(body), scope)(scope, receive, send)

        await self._app(scope, receive, translated)


def _answer(head: Message, body: bytes, scope: Scope) -> JSONResponse:
    try:
        message = str(json.loads(body)["error"]["message"])
    except (ValueError, KeyError, TypeError):  # not of ours: what it says is all there is
        message = body.decode(errors="replace")
    status: int = head["status"]
    headers = {name: value for name, value in Headers(raw=head["headers"]).items() if name not in OWN_HEADERS}
    told = anthropic_error(status, message, str(scope.get("request_id", "")))
    return JSONResponse(told, STATUSES.get(status, status), headers)
