"""`/v1/realtime/calls`: WebRTC. Offers are answered by a process beside the server (`webrtc/`), which then is the
main client of the call; what happens in the call is told there and here alike. A caller whose network changed sends a
fresh offer with `?resume=`, and goes on with its call: what an ICE restart would be for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vivavoce.api.auth import Keys
from vivavoce.api.body import read_form, read_text
from vivavoce.api.fields import Fields, missing
from vivavoce.api.json_text import check_writable, json_object
from vivavoce.api.problems import problem
from vivavoce.api.realtime.client_secrets import Secrets, opening_for
from vivavoce.api.realtime.connection import Service, find_call
from vivavoce.conversation.items import new_id
from vivavoce.errors import RequestError, SessionRefused

LARGEST_OFFER = 64 * 1024
CONNECT_WITHIN = 30.0
"""Seconds in which the gateway has to open the session."""
MANAGED: Mapping[str, Any] = {"type": "realtime", "vivavoce": {"managed_playback": True}}
"""The gateway holds what is being played, so it can duck and hold it."""


def webrtc_routes(service: Service, secrets: Secrets, keys: Keys) -> list[Route]:
    async def answer(request: Request) -> Response:
        opening = opening_for(request, keys, secrets)
        sdp, patches = await _offer(request)
        if service.answer_offer is None:
            return problem(503, "WebRTC is not served here; use a WebSocket.", code="webrtc_unavailable")
        call_id, session = request.query_params.get("resume") or new_id("rtc"), ""
        if "resume" in request.query_params:
            session = find_call(service, call_id, opening.owner, "resume").id
            if patches:
                message = "A call that goes on keeps its session: send the offer alone, then session.update."
                raise RequestError(message, param="session", code="invalid_value")
        else:
            opening = opening.with_patches(*patches, MANAGED)
            opening.session(service.fresh)  # whatever is wrong with it is told now
        key, _ = secrets.make(opening.for_call(call_id), CONNECT_WITHIN)
        try:
            ours = await service.answer_offer(call_id, sdp, key, session)
        except SessionRefused as refusal:
            service.metrics.session_refused()
            return problem(503, str(refusal), code="server_busy", headers={"Retry-After": "2"})
        headers = {"Location": f"/v1/realtime/calls/{call_id}"}
        return Response(ours, 201, headers, media_type="application/sdp")

    async def hang_up(request: Request) -> Response:
        owner = opening_for(request, keys, secrets).owner
        await find_call(service, request.path_params["call_id"], owner, "call_id").end()
        return Response(status_code=200)

    async def explain(request: Request) -> Response:
        return problem(404, "Calls by telephone (SIP) are not served here.", code="sip_unavailable")

    return [
        Route("/v1/realtime/calls", answer, methods=["POST"]),
        Route("/v1/realtime", answer, methods=["POST"]),  # where clients of the beta send their offers
        Route("/v1/realtime/calls/{call_id}/hangup", hang_up, methods=["POST"]),
        Route("/v1/realtime/calls/{call_id}/{what:path}", explain, methods=["POST"]),
    ]


async def _offer(request: Request) -> tuple[str, list[Mapping[str, Any]]]:
    """The caller's SDP, and what it says of the session. Raises RequestError."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return _checked(await read_text(request, LARGEST_OFFER)), []
    async with read_form(request) as form:
        parts = {name: await _text(value) for name, value in form.items() if name in ("sdp", "session")}
    if "session" not in parts:
        return _checked(parts.get("sdp", "")), []
    session = json_object(parts["session"])
    check_writable(session, parts["session"])
    return _checked(parts.get("sdp", "")), [Fields(session, "session").raw]


async def _text(value: UploadFile | str) -> str:
    if isinstance(value, str):
        return value
    try:
        return (await value.read()).decode()
    except UnicodeDecodeError:
        raise RequestError("The parts of the form must be text in UTF-8.", code="invalid_form") from None


def _checked(sdp: str) -> str:
    if not sdp.strip():
        raise missing("sdp", "send the offer of your peer connection")
    if not sdp.startswith("v=0") or len(sdp) > LARGEST_OFFER:
        raise RequestError("This is no SDP offer: it begins with v=0.", param="sdp", code="invalid_sdp")
    return sdp
