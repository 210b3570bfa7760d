"""The process in which WebRTC calls end: `python -m vivavoce.webrtc`, started by `gateway.py`.

Its first line of input is its configuration, the others are requests; each line of output answers one. It ends
with its input, so that it never outlives the server.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import random
import re
import signal
import sys
from typing import Any

from vivavoce.webrtc.bridge import Bridge
from vivavoce.webrtc.tracks import negotiate_what_we_carry
from vivavoce.webrtc.uplink import Options, Refused

HANG_UP_WITHIN = 3.0
CANDIDATE = re.compile(r"^(a=candidate:\S+ \d+ \S+ \d+ )(\S+)( \d+ typ host)", re.MULTILINE)


class Ports(asyncio.SelectorEventLoop):
    """An event loop whose UDP sockets lie in a range, for servers behind a firewall: aioice asks for any port."""

    low = high = 0

    async def create_datagram_endpoint(  # type: ignore[override]
        self, protocol_factory: Any, local_addr: Any = None, **options: Any
    ) -> Any:
        if not self.low or local_addr is None or local_addr[1] != 0:
            return await super().create_datagram_endpoint(protocol_factory, local_addr, **options)
        ports = list(range(self.low, self.high + 1))
        random.shuffle(ports)
        for port in ports:
            try:
                return await super().create_datagram_endpoint(protocol_factory, (local_addr[0], port), **options)
            except OSError:
                continue
        raise OSError(f"no UDP port from {self.low} to {self.high} is free")


class Calls:
    """All calls of the process."""

    def __init__(self, options: Options, public_address: str) -> None:
        negotiate_what_we_carry()
        self._options, self._public_address = options, public_address
        self._calls: dict[str, tuple[Bridge, asyncio.Task[None]]] = {}
        """By the ids of their sessions."""

    async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        bridge = Bridge(request["call_id"], request["key"], request["resume"], self._options)
        try:
            await bridge.read(request["sdp"])
            await self._let_go(request["resume"])
            sdp = await bridge.answer()
        except BaseException as error:
            await bridge.close()
            if isinstance(error, Refused):
                return {"refused": str(error), "fault": error.fault}
            raise
        self._keep(bridge)
        return {"sdp": with_public_address(sdp, self._public_address)}

    async def close(self) -> None:
        """The server has ended, and with it their sockets: they hang up by themselves, unless they hang."""
        tasks = [task for _, task in self._calls.values()]
        for how_long in (HANG_UP_WITHIN, 1.0):
            if tasks:
                _, tasks = map(list, await asyncio.wait(tasks, timeout=how_long))
            for task in tasks:
                task.cancel()

    async def _let_go(self, session: str) -> None:
        """End the connection by which a session was held that is to go on by another."""
        if held := self._calls.get(session):
            bridge, task = held
            bridge.let_go()
            await asyncio.wait([task], timeout=HANG_UP_WITHIN)

    def _keep(self, bridge: Bridge) -> None:
        task = asyncio.create_task(bridge.run())
        held = self._calls[bridge.session_id] = (bridge, task)

        def ended(_: asyncio.Task[None]) -> None:
            if self._calls.get(bridge.session_id) == held:
                del self._calls[bridge.session_id]

        task.add_done_callback(ended)


def with_public_address(sdp: str, address: str) -> str:
    """The answer as it is reached from outside a one-to-one NAT: host candidates name the public address."""
    if not address:
        return sdp
    version = ipaddress.ip_address(address).version

    def outside(match: re.Match[str]) -> str:
        try:
            same = ipaddress.ip_address(match[2]).version == version
        except ValueError:
            return match[0]
        return f"{match[1]}{address}{match[3]}" if same else match[0]

    return CANDIDATE.sub(outside, sdp)


async def serve(requests: asyncio.StreamReader) -> None:
    configuration = json.loads(await requests.readline())
    servers = tuple((url, user, password) for url, user, password in configuration["ice_servers"])
    loop = asyncio.get_running_loop()
    if isinstance(loop, Ports):
        loop.low, loop.high = configuration["ports"]
    options = Options(configuration["server"], servers, configuration["certificate"])
    calls = Calls(options, configuration["public_address"])
    under_way: set[asyncio.Task[None]] = set()

    async def answer(request: dict[str, Any]) -> None:
        try:
            done = await calls.answer(request)
        except Exception as error:
            logging.getLogger(__name__).error("request failed", exc_info=error)
            done = {"refused": f"The gateway failed ({type(error).__name__}).", "fault": {}}
        sys.stdout.write(json.dumps({"id": request["id"], **done}) + "\n")
        sys.stdout.flush()

    while line := await requests.readline():
        task = asyncio.create_task(answer(json.loads(line)))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    for task in under_way:
        task.cancel()
    await calls.close()


async def main() -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1024 * 1024)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await serve(reader)


if __name__ == "__main__":
    for stop in (signal.SIGINT, signal.SIGTERM):  # Ctrl-C reaches the whole group, and the server lets calls end first
        signal.signal(stop, signal.SIG_IGN)
    logging.basicConfig(level=logging.ERROR, format="webrtc %(levelname)s %(message)s")
    with asyncio.Runner(loop_factory=Ports) as runner:
        runner.run(main())
