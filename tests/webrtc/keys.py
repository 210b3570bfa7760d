"""Telephone keys of an aiortc caller, as browsers send them: in place of the voice's packets, in their sequence."""

from __future__ import annotations

import asyncio
import struct
from typing import Any

from aiortc import RTCPeerConnection
from aiortc.rtp import RtpPacket, is_rtcp

from vivavoce.webrtc.keypad import ENDED, KEYS, clocks_of

ENDS = 3
FRAME = 0.02


class Keyboard:
    """Of a connected peer."""

    def __init__(self, peer: RTCPeerConnection, clock: int) -> None:
        types = {hz: number for number, hz in clocks_of(peer.remoteDescription.sdp).items()}
        self._type, self._clock = types[clock], clock
        self._transport: Any = peer.getSenders()[0].transport
        self._send = self._transport._send_rtp
        self._transport._send_rtp = self._instead
        self._down: tuple[int, int] | None = None
        """The key's number, and how many packets of it are to come."""
        self._sent, self._began = 0, 0
        self._up = asyncio.Event()

    async def press(self, keys: str, frames: int = 5) -> None:
        for key in keys:
            self._up.clear()
            self._down, self._sent = (KEYS.index(key), frames + ENDS - 1), 0
            await self._up.wait()
            await asyncio.sleep(0.07)

    async def _instead(self, data: bytes) -> None:
        if is_rtcp(data) or self._down is None:
            await self._send(data)
            return
        packet = RtpPacket.parse(data)
        event, count = self._down
        self._sent += 1
        self._began = packet.timestamp if self._sent == 1 else self._began
        lasted = round(min(self._sent, count - ENDS + 1) * FRAME * self._clock)
        packet.payload_type, packet.timestamp, packet.marker = self._type, self._began, int(self._sent == 1)
        packet.payload = struct.pack("!BBH", event, 10 | (ENDED if self._sent > count - ENDS else 0), lasted)
        if self._sent == count:
            self._down = None
            self._up.set()
        await self._send(packet.serialize())
