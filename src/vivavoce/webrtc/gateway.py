"""The server's side of WebRTC: starts the process that has the calls, and asks it to answer offers.

aiortc takes a core for some fifteen calls, holds FFmpeg, whose builds have GPL parts, and meets packets from
anywhere: so it lives in a process of its own, comes with `pip install 'vivavoce[media]'`, and starts with the first
call.
"""

from __future__ import annotations

import asyncio
import importlib.util
import itertools
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vivavoce.errors import RequestError, SessionRefused

ANSWER_WITHIN = 20.0
"""Seconds from an offer to its answer: the process may have to start, and ask STUN servers who it is."""
CLOSE_WITHIN = 5.0
LARGEST_LINE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class WebRtcOptions:
    """`ice_servers`: [(stun: or turn: address, user name, password)]; `ports`: first and last UDP port, (0, 0): any;
    `public_address`: by which this machine is reached from outside a NAT, "" where it has its own. `certificate`: of
    the server itself, where it is spoken to by wss."""

    ice_servers: tuple[tuple[str, str, str], ...] = ()
    ports: tuple[int, int] = (0, 0)
    public_address: str = ""
    certificate: Path | None = None


class Gateway:
    """`server()`: ws address of this server's realtime endpoint, for the process beside it."""

    def __init__(self, server: Callable[[], str], options: WebRtcOptions) -> None:
        self._server, self._options = server, options
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._asked: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._numbers = itertools.count()

    async def answer(self, call_id: str, sdp: str, key: str, resume: str = "") -> str:
        """The answer to an offer, as SDP. `key`: opens the session that was prepared for it; `resume`: the id of a
        session that goes on instead. Raises RequestError for an offer that cannot be answered, and SessionRefused where
        there is no room, or no WebRTC."""
        done = await self._ask({"call_id": call_id, "sdp": sdp, "key": key, "resume": resume})
        if "sdp" in done:
            return str(done["sdp"])
        fault = done.get("fault")
        if fault == "sdp":
            raise RequestError(done["refused"], param="sdp", code="invalid_sdp")
        if isinstance(fault, dict) and fault.get("type") == "invalid_request_error":
            raise RequestError(done["refused"], param=fault.get("param"), code=fault.get("code"))
        raise SessionRefused(done["refused"])

    async def close(self) -> None:
        """End the process, and with it every call."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(CLOSE_WITHIN):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        if self._reading is not None:
            await asyncio.wait([self._reading])

    async def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        number = next(self._numbers)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                into = await self._running()
                into.write(_line({"id": number, **request}))
                await into.drain()
                return await answer
        except TimeoutError:
            raise SessionRefused("The WebRTC gateway did not answer in time.") from None
        except (BrokenPipeError, ConnectionResetError):
            raise SessionRefused("The WebRTC gateway has ended. Try again.") from None
        finally:
            self._asked.pop(number, None)

    async def _running(self) -> asyncio.StreamWriter:
        """Where to write to the process, which is started if need be."""
        async with self._starting:
            if self._process is None or self._process.returncode is not None:
                self._process = await self._start()
            assert self._process.stdin is not None  # noqa: S101 - a pipe
            return self._process.stdin

    async def _start(self) -> asyncio.subprocess.Process:
        if importlib.util.find_spec("aiortc") is None:
            raise SessionRefused("WebRTC is not installed here: pip install 'vivavoce[media]'. Use a WebSocket.")
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "vivavoce.webrtc", stdin=pipe, stdout=pipe, limit=LARGEST_LINE
        )
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 - pipes
        options = self._options
        process.stdin.write(
            _line(
                {
                    "server": self._server(),
                    "ice_servers": options.ice_servers,
                    "ports": options.ports,
                    "public_address": options.public_address,
                    "certificate": str(options.certificate or ""),
                }
            )
        )
        self._reading = asyncio.create_task(self._read(process.stdout))
        return process

    async def _read(self, answers: asyncio.StreamReader) -> None:
        while line := await answers.readline():
            done = json.loads(line)
            asked = self._asked.get(done["id"])
            if asked is not None and not asked.done():
                asked.set_result(done)
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(SessionRefused("The WebRTC gateway has ended. Try again."))


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode() + b"\n"
