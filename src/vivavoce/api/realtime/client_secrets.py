"""Client secrets: keys that a back end makes for a browser, good for a while and for one kind of session.

`POST /v1/realtime/client_secrets` with the back end's own key answers with "ek_…". Whoever shows it opens sessions
that begin as the back end said. Only digests are kept.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vivavoce.api.auth import WRONG_KEY, Endpoint, Keys, key_of, locked
from vivavoce.api.body import read_object
from vivavoce.api.fields import Fields
from vivavoce.api.realtime.beta import Wire, beta_session, released_session, released_transcription
from vivavoce.api.realtime.opening import Opening
from vivavoce.api.realtime.session_object import RealtimeSession
from vivavoce.conversation.items import new_id
from vivavoce.errors import RequestError

PREFIX = "ek_"
DEFAULT_MODEL = "gpt-realtime"
"""What a session is called whose client names no model."""
SHORTEST, USUAL, LONGEST = 10, 600, 7200
"""Seconds that a secret may live."""
KEPT = 10_000
"""Secrets that are remembered; beyond these the oldest go."""


@dataclass(frozen=True, slots=True)
class Secret:
    opens: Opening
    expires_at: float


class Secrets:
    """Those that are alive. `clock`: Unix time in s."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._alive: dict[bytes, Secret] = {}

    def make(self, opens: Opening, seconds: float) -> tuple[str, Secret]:
        """A new secret and what it stands for."""
        now = self._clock()
        if len(self._alive) >= KEPT:
            self._alive = {digest: secret for digest, secret in self._alive.items() if secret.expires_at > now}
        if len(self._alive) >= KEPT:
            self._alive.pop(next(iter(self._alive)))
        value = PREFIX + secrets.token_hex(24)
        secret = self._alive[_digest(value)] = Secret(opens, now + seconds)
        return value, secret

    def find(self, value: str) -> Opening | None:
        """What a secret opens; None: it has expired or was never made here. One that was made for a call is used up."""
        digest = _digest(value)
        secret = self._alive.get(digest)
        if secret is None or secret.expires_at <= self._clock():
            return None
        if secret.opens.call_id:
            del self._alive[digest]
        return secret.opens


def owner_of(key: str | None, keys: Keys) -> bytes:
    """By what a call is bound to the key that opened it; nobody needs one on a server without keys."""
    return _digest(key) if keys.required and key is not None else b""


def opening_for(connection: HTTPConnection, keys: Keys, secrets: Secrets) -> Opening:
    """What the key that was shown opens. Raises RequestError."""
    key, model = key_of(connection), connection.query_params.get("model")
    if key is not None and key.startswith(PREFIX):
        opening = secrets.find(key)
        if opening is not None:
            return replace(opening, model=model or opening.model)
        message = "This client secret has expired, or was not made by this server. Have the back end make a new one."
        raise RequestError(message, code="invalid_api_key")
    if not keys.admit(connection):
        raise RequestError(WRONG_KEY, code="invalid_api_key")
    transcribes = connection.query_params.get("intent") == "transcription"
    return Opening(model or DEFAULT_MODEL, owner_of(key, keys), ({"type": "transcription"},) if transcribes else ())


def secret_routes(alive: Secrets, keys: Keys, fresh: RealtimeSession) -> list[Route]:
    async def make(request: Request) -> Response:
        body = await read_object(request)
        seconds = _lifetime(body)
        patch = (body.object("session") or Fields({"type": "realtime"}, "session")).raw
        model = Fields(patch, "session").text("model", None) or DEFAULT_MODEL
        opens = Opening(model, owner_of(key_of(request), keys), (patch,))
        session = opens.session(fresh)
        value, secret = alive.make(opens, seconds)
        expires_at = int(secret.expires_at)
        return JSONResponse(
            {"value": value, "expires_at": expires_at, "session": session.named(new_id("sess"), 0).wire()}
        )

    def of_the_beta(read: Callable[[Wire], Wire]) -> Endpoint:
        """The beta's way: the session lies flat in the body, and comes back with the secret in it."""

        async def make(request: Request) -> Response:
            body = await read_object(request)
            secret = body.object("client_secret")
            seconds = USUAL if secret is None else _lifetime(secret)
            patch = read(dict(body.raw))
            opens = Opening(body.text("model", DEFAULT_MODEL), owner_of(key_of(request), keys), (patch,))
            session = opens.session(fresh).named(new_id("sess"), 0)
            value, made = alive.make(opens, seconds)
            client_secret = {"value": value, "expires_at": int(made.expires_at)}
            return JSONResponse({**beta_session(session.wire()), "client_secret": client_secret})

        return locked(keys, make)

    return [
        Route("/v1/realtime/client_secrets", locked(keys, make), methods=["POST"]),
        Route("/v1/realtime/sessions", of_the_beta(released_session), methods=["POST"]),
        Route("/v1/realtime/transcription_sessions", of_the_beta(released_transcription), methods=["POST"]),
    ]


def _lifetime(body: Fields) -> int:
    after = body.object("expires_after")
    if after is None:
        return USUAL
    after.choice("anchor", ("created_at",), "created_at")
    seconds: int = after.integer("seconds", USUAL, SHORTEST, LONGEST)
    return seconds


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
