"""A session that keeps its promises without engines, and a server to meet it through a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter
from starlette.routing import BaseRoute

from vivavoce.api.auth import Keys
from vivavoce.api.realtime.call import Limits
from vivavoce.api.realtime.client import Deadlines
from vivavoce.api.realtime.connection import Service
from vivavoce.api.realtime.conversation import Send
from vivavoce.api.rest.transcriptions import Encoder, no_encoder, transcription_routes
from vivavoce.api.server import UVICORN_OPTIONS, create_api
from vivavoce.audio.pcm import Pcm
from vivavoce.certificate import Certificate
from vivavoce.conversation.config import ResponseRequest, SessionConfig
from vivavoce.conversation.events import (
    Event,
    InputCleared,
    InputCommitted,
    ItemAdded,
    ItemDeleted,
    ItemTruncated,
    Latency,
    OutputEnded,
    OutputStarted,
    ReplyAudio,
    ReplyText,
    ResponseEnded,
    ResponseStarted,
    SpeechStarted,
    SpeechStopped,
    Transcribed,
    Usage,
)
from vivavoce.conversation.history import History
from vivavoce.conversation.items import Item, Message, Speech, Text, new_id
from vivavoce.errors import RequestError
from vivavoce.ports import Engines
from vivavoce.telemetry.metrics import Metrics

DEADLINES = Deadlines()
NO_LIMITS = Limits(resume=0)
"""A call ends with its connection: what most tests are about."""
TTS_RATE = 22_050
STRICT: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)


def strictly(event: dict[str, Any]) -> Any:
    """The event as the official client's own type; fails where that type would not hold it."""
    parsed = STRICT.validate_python(event)
    assert parsed.type == event["type"]
    if "item" in event:
        assert parsed.item.type == event["item"]["type"]
    return parsed


def tone(seconds: float, rate: int = TTS_RATE) -> Pcm:
    times = np.arange(round(seconds * rate)) / rate
    return Pcm((0.5 * np.sin(2 * np.pi * 440 * times)).astype(np.float32), rate)


@dataclass
class Script:
    """What a fake session does: `life` in place of waiting for its close, `seconds` of speech a reply."""

    life: Callable[[FakeSession], Awaitable[None]] | None = None
    seconds: float = 0.5
    refuse: Exception | None = None
    opened: list[FakeSession] = field(default_factory=list)


class FakeSession:
    """Answers every `respond` with the words "Hello there." and a tone."""

    def __init__(self, config: SessionConfig, send: Send, script: Script) -> None:
        self.id = new_id("sess")
        self.config = config
        self.heard: list[Pcm] = []
        self.requests: list[ResponseRequest] = []
        self.closed = asyncio.Event()
        self.ended = False
        self.silenced = 0
        self._send, self._script = send, script
        self._history = History()
        script.opened.append(self)

    async def run(self) -> None:
        try:
            if self._script.life is not None:
                await self._script.life(self)
            else:
                await self.closed.wait()
        finally:
            self.ended = True

    async def tell(self, *events: Event) -> None:
        for event in events:
            await self._send(event)

    async def hear(self, sound: Pcm) -> None:
        self.heard.append(sound)

    def hear_now(self, sound: Pcm) -> bool:
        self.heard.append(sound)
        return True

    async def commit(self) -> None:
        if not self.heard:
            raise RequestError("The input audio buffer is empty.", code="input_audio_buffer_commit_empty")
        item = Message(new_id("item"), "user", (Speech(None, self.heard[0]),))
        self.heard.clear()
        await self.tell(InputCommitted(item, self._history.add(item)))

    def restore(self, items: Sequence[Item]) -> None:
        for item in items:
            self._history.add(item)

    async def clear(self) -> None:
        self.heard.clear()
        await self.tell(InputCleared())

    async def configure(self, config: SessionConfig) -> None:
        self.config = config

    async def add(self, item: Item, after: str | None) -> None:
        await self.tell(ItemAdded(item, self._history.add(item, after)))

    async def delete(self, item_id: str) -> None:
        self._history.delete(item_id)
        await self.tell(ItemDeleted(item_id))

    async def truncate(self, item_id: str, content_index: int, audio_end_ms: int) -> None:
        self._history.get(item_id)
        await self.tell(ItemTruncated(item_id, audio_end_ms))

    def item(self, item_id: str) -> Item:
        return self._history.get(item_id)

    @property
    def items(self) -> tuple[Item, ...]:
        return self._history.items

    def fall_silent(self) -> None:
        self.silenced += 1

    def be_heard(self) -> None:
        """Nothing waits to be said."""

    async def respond(self, request: ResponseRequest) -> str:
        self.requests.append(request)
        response_id = new_id("resp")
        item = Message(new_id("item"), "assistant", (), "in_progress")
        previous = self._history.add(item) if request.in_conversation else None
        for event in reply(response_id, item, previous, request, self._script.seconds):
            await self._send(event)
        return response_id

    async def cancel(self, response_id: str | None = None) -> None:
        """Every response has ended already."""

    async def close(self) -> None:
        self.closed.set()


def turn(item_id: str = "item_user") -> list[Event]:
    """One spoken turn of the user."""
    item = Message(item_id, "user", (Speech(None, tone(0.1, 16_000)),))
    return [
        SpeechStarted(item_id, 320),
        SpeechStopped(item_id, 1600),
        InputCommitted(item, None),
        Transcribed(item_id, "Hello.", "en", 1.28),
    ]


def reply(
    response_id: str, item: Message, previous: str | None, request: ResponseRequest, seconds: float = 0.5
) -> list[Event]:
    """One whole answer, as a session tells it."""
    at = (response_id, item.id, 0)
    if request.options.modality == "text":
        said: list[Event] = [ReplyText(*at, "Hello "), ReplyText(*at, "there.")]
        final = replace(item, parts=(Text("Hello there."),), status="completed")
    else:
        sound = tone(seconds)
        said = [ReplyText(*at, "Hello there."), ReplyAudio(*at, sound)]
        final = replace(item, parts=(Speech("Hello there.", sound),), status="completed")
    return [
        ResponseStarted(response_id, request),
        OutputStarted(response_id, 0, item, previous),
        *said,
        OutputEnded(response_id, 0, final, "Hello there."),
        ResponseEnded(response_id, "finished", "requested", Usage(12, 30, 4, 5, 10), latency=Latency(100.0, 180.0)),
    ]


@dataclass
class Served:
    """A running server. `base`: "http://127.0.0.1:port"."""

    base: str
    script: Script
    metrics: Metrics
    service: Service

    @property
    def ws(self) -> str:
        return self.base.replace("http", "ws") + "/v1/realtime?model=gpt-realtime"


@contextlib.asynccontextmanager
async def serving(
    script: Script | None = None,
    *,
    keys: tuple[str, ...] = (),
    page: Path | None = None,
    deadlines: Deadlines = DEADLINES,
    limits: Limits = NO_LIMITS,
    open_session: Any = None,
    engines: Engines | None = None,
    answer_offer: Any = None,
    certificate: Certificate | None = None,
    speaker_encoder: Encoder = no_encoder,
    more: Callable[[Keys], Sequence[BaseRoute]] = lambda keys: (),
) -> AsyncIterator[Served]:
    """A real uvicorn on a free port of loopback, in this event loop."""
    script = script or Script()
    metrics = Metrics()

    def open_fake(config: SessionConfig, send: Send, owner: str = "") -> FakeSession:
        if script.refuse is not None:
            raise script.refuse
        return FakeSession(config, send, script)

    opens = open_session or open_fake
    service = Service(opens, metrics, deadlines=deadlines, limits=limits, answer_offer=answer_offer)
    api = create_api(
        service,
        keys=Keys.of(keys),
        ready=lambda: True,
        models=["own-model"],
        engines=lambda: engines,
        page=page,
        more=[*transcription_routes(lambda: engines, Keys.of(keys), speaker_encoder), *more(Keys.of(keys))],
    )
    listener = socket.create_server(("127.0.0.1", 0))
    tls = {"ssl_certfile": certificate.file, "ssl_keyfile": certificate.key} if certificate else {}
    server = uvicorn.Server(uvicorn.Config(api, log_level="warning", lifespan="off", **UVICORN_OPTIONS, **tls))
    task = asyncio.create_task(server.serve([listener]))
    try:
        while not server.started:
            await asyncio.sleep(0.005)
        scheme = "https" if certificate else "http"
        yield Served(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}", script, metrics, service)
    finally:
        server.should_exit = True
        await task
        listener.close()
