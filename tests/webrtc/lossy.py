"""A bad network between a caller and the server: loses and delays RTP packets in both directions, by chance."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from aiortc import RTCPeerConnection


def spoil(peer: RTCPeerConnection, *, loss: float, jitter: float, seed: int = 1) -> None:
    """From now on lose this share of the packets, and delay each of the others by up to `jitter` seconds."""
    chance = random.Random(seed)
    transport: Any = peer.getSenders()[0].transport
    send, handle = transport._send_rtp, transport._handle_rtp_data

    async def send_badly(data: bytes) -> None:
        if chance.random() >= loss:
            _later(chance.random() * jitter, send, data)

    async def handle_badly(data: bytes, arrival_time_ms: int) -> None:
        if chance.random() >= loss:
            _later(chance.random() * jitter, handle, data, arrival_time_ms)

    transport._send_rtp, transport._handle_rtp_data = send_badly, handle_badly


_under_way: set[asyncio.Task[None]] = set()


def _later(seconds: float, work: Any, *args: Any) -> None:
    async def run() -> None:
        await asyncio.sleep(seconds)
        try:
            await work(*args)
        except ConnectionError:
            pass  # the call is over

    task = asyncio.create_task(run())
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)
