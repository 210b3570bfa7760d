"""`/v1/realtime`: who comes in, and what for. The conversation itself is `call.py`."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from vivavoce.api.auth import WRONG_KEY, Keys, key_of, subprotocols
from vivavoce.api.problems import problem
from vivavoce.api.realtime.client import Client
from vivavoce.api.realtime.client_secrets import PREFIX, Secrets, owner_of, secret_routes
from vivavoce.api.realtime.connection import POLICY, Opening, Service, join_call, open_call
from vivavoce.api.realtime.server_events import Wire, failure

SUBPROTOCOL = "realtime"
DEFAULT_MODEL = "gpt-realtime"
"""What a session is called whose client names no model."""


def realtime_routes(service: Service, keys: Keys) -> list[BaseRoute]:
    secrets = Secrets()

    async def converse(socket: WebSocket) -> None:
        offered = subprotocols(socket)
        await socket.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
        asked = socket.query_params
        client = Client(socket, service.deadlines, listens_in="call_id" in asked)
        opening = _opening(socket, keys, secrets)
        if not isinstance(opening, Opening):
            await client.turn_away(opening, POLICY)
        elif "call_id" in asked or "resume" in asked:
            await join_call(client, asked.get("call_id") or asked["resume"], opening.owner, service)
        else:
            await open_call(client, opening, service)

    async def explain(_: Request) -> Response:
        message = "This address speaks WebSocket: connect with ws:// or an SDK's realtime client."
        return problem(426, message, code="upgrade_required", headers={"Upgrade": "websocket"})

    return [
        WebSocketRoute("/v1/realtime", converse),
        Route("/v1/realtime", explain),
        *secret_routes(secrets, keys, DEFAULT_MODEL, service.defaults),
    ]


def _opening(socket: WebSocket, keys: Keys, secrets: Secrets) -> Opening | Wire:
    """What the key that was shown opens, or why nothing: the client reads it after the socket has opened, since
    of a refused handshake it would know nothing but its number."""
    key, model = key_of(socket), socket.query_params.get("model")
    if key is not None and key.startswith(PREFIX):
        secret = secrets.find(key)
        if secret is not None:
            return Opening(model or secret.model, secret.owner, secret.patch)
        message = "This client secret has expired, or was not made by this server. Have the back end make a new one."
        return failure(message, "invalid_request_error", "invalid_api_key")
    if not keys.admit(socket):
        return failure(WRONG_KEY, "invalid_request_error", "invalid_api_key")
    if socket.query_params.get("intent") == "transcription":
        return failure(
            "Transcription sessions are not offered yet: leave intent=transcription out, and set "
            "session.audio.input.transcription and turn_detection.create_response false.",
            "invalid_request_error",
            "invalid_value",
            "intent",
        )
    return Opening(model or DEFAULT_MODEL, owner_of(key, keys))
