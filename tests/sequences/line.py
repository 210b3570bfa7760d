"""The whole server and its clients in one event loop of virtual time: no sockets, no waiting, the same every time."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.api.fakes import strictly
from vivavoce.api.auth import Keys
from vivavoce.api.rates import Rates
from vivavoce.api.realtime.call import Limits
from vivavoce.api.realtime.connection import Service
from vivavoce.api.realtime.conversation import Send
from vivavoce.api.server import create_api
from vivavoce.audio.codecs import to_pcm16
from vivavoce.conversation.config import SessionConfig
from vivavoce.ports import Engines
from vivavoce.session.session import Session
from vivavoce.telemetry.metrics import Metrics

RATE = 24_000
FRAME = 0.02
FADING = round(0.16 * RATE)

Json = dict[str, Any]


def voice(seconds: float) -> np.ndarray:
    """Syllables of noise: voice to the scripted detector, and to no echo guard the assistant's own hum. They fall at
    their end, as somebody does who is done."""
    times = np.arange(round(seconds * RATE)) / RATE
    samples = (0.6 + 0.4 * np.sin(2 * np.pi * 4 * times)) * np.random.default_rng(4).uniform(-0.25, 0.25, len(times))
    fading = min(FADING, len(samples))
    samples[len(samples) - fading :] *= np.geomspace(1.0, 1e-3, fading)
    return samples.astype(np.float32)


def room(seconds: float) -> np.ndarray:
    """A quiet room, -60 dBFS."""
    return np.random.default_rng(7).normal(0.0, 1e-3, round(seconds * RATE)).astype(np.float32)


def encoded(samples: np.ndarray) -> str:
    return base64.b64encode(to_pcm16(samples)).decode()


class House:
    """One server. `open_sessions`: how many have not given their place back."""

    def __init__(self, engines: Engines, *, resume: float = 0.0, rates: Rates | None = None) -> None:
        self.open_sessions = 0
        self.sessions: list[Session] = []
        self._engines = engines
        self.metrics = Metrics()
        self.service = Service(self._open, self.metrics, limits=Limits(resume=resume), rates=rates or Rates())
        self.api = create_api(self.service, keys=Keys(), ready=lambda: True, models=["vivavoce"])

    def _open(self, config: SessionConfig, send: Send, owner: str) -> Session:
        self.open_sessions += 1
        session = Session(self._engines, config, send, on_close=self._leave)
        self.sessions.append(session)
        return session

    def _leave(self) -> None:
        self.open_sessions -= 1


@dataclass
class Line:
    """One client's connection. `told`: called with each event as it comes; it has passed the official types then."""

    house: House
    query: str = "model=gpt-realtime"
    headers: tuple[tuple[str, str], ...] = ()
    told: Callable[[Json], None] = lambda event: None
    events: list[Json] = field(default_factory=list[Json])
    closed: int | None = None
    """The close code, once the server has hung up."""
    strict: bool = True

    def __post_init__(self) -> None:
        self._to_server: asyncio.Queue[Json] = asyncio.Queue()
        self._news = asyncio.Event()
        self.reading = asyncio.Event()
        self.reading.set()
        """Cleared: the client takes nothing any more."""

    async def open(self) -> Line:
        headers = [(b"host", b"localhost"), *((name.encode(), value.encode()) for name, value in self.headers)]
        scope = {
            "type": "websocket", "path": "/v1/realtime", "raw_path": b"/v1/realtime", "root_path": "", "scheme": "ws",
            "query_string": self.query.encode(), "headers": headers, "subprotocols": [], "state": {},
            "client": ("127.0.0.1", 1), "server": ("localhost", 8990), "extensions": {},
            "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1",
        }  # fmt: skip
        self._to_server.put_nowait({"type": "websocket.connect"})
        self._served = asyncio.create_task(self.house.api(scope, self._to_server.get, self._take))
        await self.until(lambda event: event["type"] in ("session.created", "error"))
        return self

    def send(self, kind: str, **fields: Any) -> None:
        self.send_text(json.dumps({"type": kind, **fields}))

    def send_text(self, text: str) -> None:
        self._to_server.put_nowait({"type": "websocket.receive", "text": text})

    async def play(self, samples: np.ndarray) -> None:
        """At real time, in 20 ms frames, as a microphone."""
        step = round(FRAME * RATE)
        for start in range(0, len(samples), step):
            self.send("input_audio_buffer.append", audio=encoded(samples[start : start + step]))
            await asyncio.sleep(FRAME)

    async def until(self, wanted: Callable[[Json], bool], *, seconds: float = 60.0, since: int = 0) -> Json:
        """The first event since the `since`-th that is wanted."""
        seen = since
        async with asyncio.timeout(seconds):
            while True:
                for event in self.events[seen:]:
                    seen += 1
                    if wanted(event):
                        return event
                self._news.clear()
                await self._news.wait()

    async def hang_up(self, code: int = 1000) -> None:
        """Properly (1000), or as a network that breaks off (1006)."""
        message: Json = {"type": "websocket.disconnect", "code": code}
        self._to_server.put_nowait(message if code == 1006 else {**message, "reason": ""})
        await asyncio.wait([self._served])
        self._served.result()

    async def drop(self) -> None:
        """The network breaks off; what the server makes of it goes on."""
        self._to_server.put_nowait({"type": "websocket.disconnect", "code": 1006})
        await asyncio.sleep(0.01)

    async def ended(self) -> None:
        await asyncio.wait([self._served])
        self._served.result()

    async def _take(self, message: Json) -> None:
        await self.reading.wait()
        if message["type"] == "websocket.close":
            self.closed = message.get("code", 1000)
            self._to_server.put_nowait({"type": "websocket.disconnect", "code": self.closed, "reason": ""})
        if message["type"] != "websocket.send":
            return
        event = json.loads(message["text"])
        if self.strict and not event["type"].startswith("vivavoce."):
            strictly(event)
        self.events.append(event)
        self.told(event)
        self._news.set()
