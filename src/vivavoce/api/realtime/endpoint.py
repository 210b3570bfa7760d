"""`/v1/realtime`: who comes in, and what for. The conversation itself is `connection.py`."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from vivavoce.api.auth import WRONG_KEY, Keys, subprotocols
from vivavoce.api.problems import problem
from vivavoce.api.realtime.connection import POLICY, Service, serve, turn_away
from vivavoce.api.realtime.server_events import Wire, failure

SUBPROTOCOL = "realtime"
DEFAULT_MODEL = "gpt-realtime"
"""What a session is called whose client names no model."""


def realtime_routes(service: Service, keys: Keys) -> list[BaseRoute]:
    async def converse(socket: WebSocket) -> None:
        offered = subprotocols(socket)
        await socket.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
        refusal = _refusal(socket, keys)
        if refusal is not None:
            await turn_away(socket, refusal, POLICY, service.deadlines)
            return
        await serve(socket, socket.query_params.get("model") or DEFAULT_MODEL, service)

    async def explain(_: Request) -> Response:
        message = "This address speaks WebSocket: connect with ws:// or an SDK's realtime client."
        return problem(426, message, code="upgrade_required", headers={"Upgrade": "websocket"})

    return [WebSocketRoute("/v1/realtime", converse), Route("/v1/realtime", explain)]


def _refusal(socket: WebSocket, keys: Keys) -> Wire | None:
    """Why the client cannot come in, as it reads it after the socket has opened: clients show such an error,
    while of a refused handshake they know nothing but its number."""
    if not keys.admit(socket):
        return failure(WRONG_KEY, "invalid_request_error", "invalid_api_key")
    asked = socket.query_params
    if asked.get("intent") == "transcription":
        return failure(
            "Transcription sessions are not offered yet: leave intent=transcription out, and set "
            "session.audio.input.transcription and turn_detection.create_response false.",
            "invalid_request_error",
            "invalid_value",
            "intent",
        )
    if "call_id" in asked:
        message = "Calls over WebRTC and SIP are not offered yet, so there is no call to join by call_id."
        return failure(message, "invalid_request_error", "invalid_value", "call_id")
    return None
