"""Keeps other web sites out of a server that asks for no key.

A page of any site may open a WebSocket to this machine, and a name that its owner points at 127.0.0.1
(DNS rebinding) makes it look like the same site. So without keys the Host has to be a loopback
name, and a browser's Origin has to be a page served from this machine.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from vivavoce.api.problems import problem

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def is_loopback(authority: str | None) -> bool:
    """Whether a "host" or "host:port" names this machine from this machine."""
    try:
        host = urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return False
    if host == "::1" or host == "localhost" or host.endswith(".localhost"):
        return True
    digits = host.split(".")
    return len(digits) == 4 and digits[0] == "127" and all(part.isdigit() for part in digits)


def is_foreign(origin: str | None) -> bool:
    """Whether a request comes from a page of another site. Programs send no Origin."""
    if origin is None:
        return False
    scheme, _, authority = origin.partition("://")
    return scheme not in ("http", "https") or not is_loopback(authority)


class LoopbackOnly:
    """Refuses with 403 whatever another site could have sent."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = _refusal(scope) if scope["type"] in ("http", "websocket") else None
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await refusal(scope, receive, send)
        else:
            await WebSocket(scope, receive, send).send_denial_response(refusal)


def _refusal(scope: Scope) -> Response | None:
    headers = Headers(scope=scope)
    if not is_loopback(headers.get("host")):
        return problem(
            403,
            "This server has no keys and so answers only to localhost; start it with a key to reach it by other names.",
            code="host_not_allowed",
        )
    acts = scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS
    if acts and is_foreign(headers.get("origin")):
        return problem(
            403,
            "This server has no keys and so takes no calls from pages of other sites; start it with a key for that.",
            code="origin_not_allowed",
        )
    return None
