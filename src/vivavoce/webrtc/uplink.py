"""A call's way to the server: the gateway is a client of its WebSocket, in the caller's place."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from vivavoce.certificate import trusting

ANSWER_WITHIN = 10.0
HUNG_UP, DROPPED = 1000, 4000
"""Close codes: the caller is done; the caller is gone and may come back, for which any code does but a hang-up's."""
PCM: Mapping[str, Any] = {"type": "audio/pcm", "rate": 24_000}


class Refused(Exception):
    """The call cannot be made. `fault`: "sdp", or the server's own `error` object."""

    def __init__(self, message: str, fault: str | dict[str, Any] = "sdp") -> None:
        super().__init__(message)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Options:
    """`server`: ws address of the server; `ice_servers`: [(url, user name, password)]; `certificate`: PEM file of the
    server's, "" where it is spoken to without TLS."""

    server: str
    ice_servers: tuple[tuple[str, str, str], ...] = ()
    certificate: str = ""


async def meet_server(options: Options, key: str, resume: str) -> tuple[ClientConnection, str]:
    """A connection to the server, and its `session.created`. `resume`: the session to go on with, "" for the one that
    `key` opens. Raises Refused."""
    address = f"{options.server}?resume={quote(resume)}" if resume else options.server
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            socket = await connect(
                address,
                additional_headers={"Authorization": f"Bearer {key}"},
                max_size=None,
                proxy=None,
                compression=None,
                ssl=trusting(Path(options.certificate)) if options.certificate else None,
            )
            first = str(await socket.recv())
    except (OSError, TimeoutError, WebSocketException) as error:
        raise Refused(f"The server did not open a session ({type(error).__name__}).", {}) from None
    event = json.loads(first)
    if event["type"] == "error":
        await socket.close()
        raise Refused(event["error"]["message"], event["error"])
    return socket, first


def correction(session: Mapping[str, Any]) -> dict[str, Any] | None:
    """What has to change in a session so that a call can carry it; None: nothing. The track is Opus whatever the
    session says of formats, so the server is given and gives 16-bit sound; and the gateway holds what plays."""
    audio = session["audio"]
    sides = [side for side in ("input", "output") if audio.get(side, {}).get("format", PCM) != PCM]
    patch: dict[str, Any] = {"audio": {side: {"format": PCM} for side in sides}} if sides else {}
    if session["type"] == "realtime" and not session.get("vivavoce", {}).get("managed_playback"):
        patch["vivavoce"] = {"managed_playback": True}
    return {"type": session["type"], **patch} if patch else None
