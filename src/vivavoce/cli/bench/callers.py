"""Sessions that only listen, and what a server costs meanwhile.

The delay of a frame is measured by the protocol alone: right behind a frame goes `input_audio_buffer.clear`, which
the server answers when all sound before it was resampled, judged by the voice detector and seen by the floor.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection
from websockets.frames import Frame, Opcode

from vivavoce.audio.codecs import to_pcm16
from vivavoce.cli.dialogue import ConversationEnded, open_socket
from vivavoce.cli.microphone import FRAME, FRAME_SECONDS, ROOM_DB
from vivavoce.cli.processes import cpu_seconds
from vivavoce.cli.server import Address, Running

PING_EVERY = 25
"""Frames from one measured frame of a session to its next: half a second."""
SETTLE_SECONDS = 2.0
"""Before anything counts: sessions open, and the server reads their instructions."""
WATCH_SECONDS = 0.5
IDLE_CPU = 0.1
IDLE_WITHIN = 60.0


async def listen(address: Address, sessions: int, seconds: float) -> dict[str, Any]:
    """Keep so many sessions open. `delays_ms`: of the measured frames; `lost`: sessions that were refused or ended;
    `sent_late_ms`: the worst delay with which this process itself sent."""
    listeners = [Listener(place / sessions * FRAME_SECONDS) for place in range(sessions)]
    async with asyncio.TaskGroup() as tasks:
        for listener in listeners:
            tasks.create_task(listener.run(address, seconds))
    return {
        "delays_ms": [round(delay * 1000, 2) for listener in listeners for delay in listener.delays],
        "lost": sum(listener.lost for listener in listeners),
        "sent_late_ms": round(max(listener.sent_late for listener in listeners) * 1000, 1),
    }


class Listener:
    """One session. `phase`: seconds by which its frames come later than those of the first."""

    def __init__(self, phase: float) -> None:
        self.delays: list[float] = []
        self.lost = False
        self.sent_late = 0.0
        self._phase = phase
        self._pinged: float | None = None

    async def run(self, address: Address, seconds: float) -> None:
        try:
            async with open_socket(address) as socket:
                reading = asyncio.create_task(self._read(socket))
                await self._send(socket, seconds)
                self.lost = reading.done()
                reading.cancel()
                await asyncio.wait([reading])
        except ConversationEnded:
            self.lost = True

    async def _send(self, socket: ClientConnection, seconds: float) -> None:
        began = monotonic() + self._phase
        for number in range(round((SETTLE_SECONDS + seconds) / FRAME_SECONDS)):
            due = began + (number + 1) * FRAME_SECONDS
            await asyncio.sleep(due - monotonic())
            socket.transport.write(_FRAMES[number % len(_FRAMES)])
            if number % PING_EVERY == 0 and due > began + SETTLE_SECONDS and self._pinged is None:
                self._pinged = monotonic()
                self.sent_late = max(self.sent_late, self._pinged - due)
                socket.transport.write(_CLEAR)

    async def _read(self, socket: ClientConnection) -> None:
        with suppress(OSError, EOFError, ConversationEnded):
            async for message in socket:
                if self._pinged is not None and '"input_audio_buffer.cleared"' in str(message):
                    self.delays.append(monotonic() - self._pinged)
                    self._pinged = None


def _masked(event: dict[str, Any]) -> bytes:
    """A message as it goes over the wire, made once: a hundred microphones must not cost this process a core."""
    return Frame(Opcode.TEXT, json.dumps(event).encode()).serialize(mask=True)


def _room(random: np.random.Generator) -> bytes:
    sound = random.normal(0.0, 10 ** (ROOM_DB / 20), FRAME).astype(np.float32)
    return _masked({"type": "input_audio_buffer.append", "audio": base64.b64encode(to_pcm16(sound)).decode()})


_FRAMES = [_room(np.random.default_rng(seed)) for seed in range(50)]
_CLEAR = _masked({"type": "input_audio_buffer.clear"})


# --- the server meanwhile ----------------------------------------------------------------------------


async def settle(running: Running) -> None:
    """Wait until a server has made, for its first session, what it makes once: no measurement is to bear that."""
    async with open_socket(running.address):
        before = cpu_seconds(running.pid)
        for _ in range(round(IDLE_WITHIN)):
            await asyncio.sleep(1)
            now = cpu_seconds(running.pid)
            if before is None or now is None or now - before < IDLE_CPU:
                return
            before = now


@dataclass(slots=True)
class Load:
    """`cpu`: seconds of CPU per second, of the server with its children; None: not ours to see."""

    cpu: float | None = None
    lags_ms: list[float] = field(default_factory=list[float])


@asynccontextmanager
async def watching(running: Running) -> AsyncIterator[Load]:
    """Fills in the load at the end."""
    load = Load()
    began, used = monotonic(), cpu_seconds(running.pid)
    reading = asyncio.create_task(_read_lags(running.address, load.lags_ms))
    try:
        yield load
    finally:
        reading.cancel()
        await asyncio.wait([reading])
        now = cpu_seconds(running.pid)
        if used is not None and now is not None:
            load.cpu = round((now - used) / (monotonic() - began), 3)


async def _read_lags(address: Address, lags_ms: list[float]) -> None:
    import httpx

    async with address.client(timeout=5) as client:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            with suppress(httpx.HTTPError):
                text = (await client.get("/metrics")).text
                lags_ms += [
                    round(float(line.split()[1]) * 1000, 2)
                    for line in text.splitlines()
                    if line.startswith("vivavoce_event_loop_lag_seconds ")
                ]
