"""Client secrets: keys that a back end makes for a browser, good for a while and for one kind of session.

`POST /v1/realtime/client_secrets` with the back end's own key answers with "ek_…". Whoever shows it opens sessions
that begin as the back end said. Only digests are kept.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vivavoce.api.auth import Keys, key_of, locked
from vivavoce.api.body import read_object
from vivavoce.api.fields import Fields
from vivavoce.api.realtime.session_object import RealtimeSession
from vivavoce.conversation.config import SessionConfig
from vivavoce.conversation.items import new_id

PREFIX = "ek_"
SHORTEST, USUAL, LONGEST = 10, 600, 7200
"""Seconds that a secret may live."""
KEPT = 10_000
"""Secrets that are remembered; beyond these the oldest go."""


@dataclass(frozen=True, slots=True)
class Secret:
    """`patch`: the session as it was asked for; `owner`: digest of the key that made the secret."""

    patch: dict[str, Any]
    model: str
    owner: bytes
    expires_at: float


class Secrets:
    """Those that are alive. `clock`: Unix time in s."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._alive: dict[bytes, Secret] = {}

    def make(self, patch: dict[str, Any], model: str, owner: bytes, seconds: float) -> tuple[str, Secret]:
        """A new secret and what it stands for."""
        now = self._clock()
        if len(self._alive) >= KEPT:
            self._alive = {digest: secret for digest, secret in self._alive.items() if secret.expires_at > now}
        if len(self._alive) >= KEPT:
            self._alive.pop(next(iter(self._alive)))
        value = PREFIX + secrets.token_hex(24)
        secret = self._alive[_digest(value)] = Secret(patch, model, owner, now + seconds)
        return value, secret

    def find(self, value: str) -> Secret | None:
        """What a secret stands for; None: it has expired or was never made here."""
        secret = self._alive.get(_digest(value))
        return secret if secret is not None and secret.expires_at > self._clock() else None


def owner_of(key: str | None, keys: Keys) -> bytes:
    """By what a call is bound to the key that opened it; nobody needs one on a server without keys."""
    return _digest(key) if keys.required and key is not None else b""


def secret_routes(alive: Secrets, keys: Keys, default_model: str, defaults: SessionConfig) -> list[Route]:
    async def make(request: Request) -> Response:
        body = await read_object(request)
        seconds = _lifetime(body)
        patch = (body.object("session") or Fields({"type": "realtime"}, "session")).raw
        model = Fields(patch, "session").text("model", None) or default_model
        session = RealtimeSession(new_id("sess"), model, defaults).updated(patch, has_spoken=False)
        value, secret = alive.make(dict(patch), model, owner_of(key_of(request), keys), seconds)
        expires_at = int(secret.expires_at)
        return JSONResponse({"value": value, "expires_at": expires_at, "session": session.wire()})

    return [Route("/v1/realtime/client_secrets", locked(keys, make), methods=["POST"])]


def _lifetime(body: Fields) -> int:
    after = body.object("expires_after")
    if after is None:
        return USUAL
    after.choice("anchor", ("created_at",), "created_at")
    seconds: int = after.integer("seconds", USUAL, SHORTEST, LONGEST)
    return seconds


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
