"""Who may come in. With keys configured every caller shows one; without, only this machine is served
(`guard.py`), and whatever key an SDK sends is ignored."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from vivavoce.api.problems import problem

SUBPROTOCOL_KEY = "openai-insecure-api-key."
"""How a browser, which cannot set headers on a WebSocket, sends its key."""

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """The keys that open the server, as SHA-256 digests; none: the server is open to its own machine."""

    digests: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, keys: Iterable[str]) -> Keys:
        return cls(tuple(hashlib.sha256(key.encode()).digest() for key in keys))

    @property
    def required(self) -> bool:
        return bool(self.digests)

    def fit(self, key: str | None) -> bool:
        """Whether `key` opens the server; takes the same time for every wrong key."""
        if not self.required:
            return True
        digest = hashlib.sha256((key or "").encode()).digest()
        return any([hmac.compare_digest(digest, known) for known in self.digests])

    def admit(self, connection: HTTPConnection) -> bool:
        """Whether the caller showed a key that fits, in any of the ways clients know."""
        return self.fit(key_of(connection))

    def owner(self, connection: HTTPConnection) -> str:
        """Whose data an admitted caller may touch: the hex digest of the key shown, "" where no keys are asked for."""
        return hashlib.sha256((key_of(connection) or "").encode()).hexdigest() if self.required else ""


def key_of(connection: HTTPConnection) -> str | None:
    """The key that came with a request: bearer token, `api-key`, `x-api-key` or WebSocket subprotocol."""
    headers = connection.headers
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    for name in ("api-key", "x-api-key"):
        if headers.get(name):
            return headers[name]
    for protocol in subprotocols(connection):
        if protocol.startswith(SUBPROTOCOL_KEY):
            return protocol.removeprefix(SUBPROTOCOL_KEY)
    return None


def subprotocols(connection: HTTPConnection) -> list[str]:
    """What a WebSocket client offers to speak."""
    return list(connection.scope.get("subprotocols", ()))


WRONG_KEY = "Incorrect API key provided. Give one of the keys that this server was started with."


def locked(keys: Keys, endpoint: Endpoint) -> Endpoint:
    """`endpoint`, for those who show a key."""

    async def checked(request: Request) -> Response:
        if keys.admit(request):
            return await endpoint(request)
        return problem(401, WRONG_KEY, code="invalid_api_key")

    return checked
