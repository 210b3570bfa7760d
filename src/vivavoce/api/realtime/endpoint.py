"""`/v1/realtime`: who comes in, and what for. The conversation itself is `call.py`."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from vivavoce.api.auth import Keys, subprotocols
from vivavoce.api.problems import problem
from vivavoce.api.realtime.beta import SUBPROTOCOL as BETA_SUBPROTOCOL
from vivavoce.api.realtime.beta import speaks_beta
from vivavoce.api.realtime.client import Client
from vivavoce.api.realtime.client_secrets import Secrets, opening_for, secret_routes
from vivavoce.api.realtime.connection import POLICY, Service, join_call, open_call
from vivavoce.api.realtime.server_events import request_refused
from vivavoce.api.realtime.webrtc import webrtc_routes
from vivavoce.errors import RequestError

SUBPROTOCOL = "realtime"


def realtime_routes(service: Service, keys: Keys) -> list[BaseRoute]:
    secrets = Secrets()

    async def converse(socket: WebSocket) -> None:
        offered = subprotocols(socket)
        await socket.accept(next((name for name in (SUBPROTOCOL, BETA_SUBPROTOCOL) if name in offered), None))
        asked = socket.query_params
        client = Client(socket, service.deadlines, listens_in="call_id" in asked, beta=speaks_beta(socket))
        try:
            opening = opening_for(socket, keys, secrets)
        except RequestError as error:  # told after the socket has opened: of a refused handshake it would see a number
            await client.turn_away(request_refused(error, None), POLICY)
            return
        if "call_id" in asked or "resume" in asked:
            await join_call(client, asked.get("call_id") or asked["resume"], opening.owner, service)
        else:
            await open_call(client, opening, service)

    async def explain(_: Request) -> Response:
        message = "This address speaks WebSocket: connect with ws:// or an SDK's realtime client."
        return problem(426, message, code="upgrade_required", headers={"Upgrade": "websocket"})

    return [
        WebSocketRoute("/v1/realtime", converse),
        Route("/v1/realtime", explain, methods=["GET"]),
        *secret_routes(secrets, keys, service.fresh),
        *webrtc_routes(service, secrets, keys),
    ]
