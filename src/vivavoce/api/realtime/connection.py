"""One WebSocket and its session: a task that reads, one that writes, and the session between them.

    socket ─▶ _read ─ commands ─▶ session ─ events ─▶ Narrator ─▶ Outbox ─▶ _write ─▶ socket

Whoever ends first ends the others: a client that leaves closes the session, a session that ends
says why and closes the socket. `serve` returns when all three have.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import assert_never

from starlette.websockets import WebSocket, WebSocketDisconnect

from vivavoce.api.realtime.client_events import (
    Append,
    CancelResponse,
    Clear,
    Command,
    Commit,
    CreateItem,
    CreateResponse,
    DeleteItem,
    Reference,
    RetrieveItem,
    TruncateItem,
    UpdateSession,
    event_id_of,
    load,
    parse,
)
from vivavoce.api.realtime.conversation import Conversation, OpenSession
from vivavoce.api.realtime.items import wire_item_with_sound
from vivavoce.api.realtime.outbox import Outbox
from vivavoce.api.realtime.server_events import (
    Narrator,
    Wire,
    WireRequest,
    encode_event,
    failure,
    item_retrieved,
    request_refused,
    session_created,
    session_updated,
)
from vivavoce.api.realtime.session_object import RealtimeSession
from vivavoce.audio.pcm import Pcm
from vivavoce.conversation.config import SessionConfig
from vivavoce.conversation.events import Event
from vivavoce.conversation.items import Item, Message, new_id
from vivavoce.errors import ClientStalled, RequestError, SessionError, SessionRefused
from vivavoce.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

OUTBOX_ROOM = 4 * 1024 * 1024
"""Characters that may wait for a client: a minute of speech as 16-bit sound."""
BITE_SECONDS = 1.0
"""Sound is handed to the ear in pieces of at most this, so that one huge append cannot flood it."""

POLICY, BROKEN, TRY_LATER = 1008, 1011, 1013
"""Close codes of RFC 6455 and the IANA registry."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds that a client gets."""

    reads: float = 20.0
    """to take anything at all of what waits for it"""
    farewell: float = 5.0
    """to take the last events of a session that has ended"""
    close: float = 2.0
    """to answer the close frame"""


@dataclass(frozen=True, slots=True)
class Farewell:
    """How a connection ends. `event`: what the client is told before."""

    code: int = 1000
    event: Wire | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """What every connection of a server shares."""

    open_session: OpenSession
    metrics: Metrics
    defaults: SessionConfig = SessionConfig()
    deadlines: Deadlines = Deadlines()


class Connection:
    """Serves one accepted socket. `model`: the name the client asked for."""

    def __init__(self, socket: WebSocket, model: str, service: Service) -> None:
        self._socket = socket
        self._service = service
        self._outbox = Outbox(room=OUTBOX_ROOM, patience=service.deadlines.reads)
        self._session: Conversation = service.open_session(service.defaults, self._on_event)
        self._narrator = Narrator(RealtimeSession(self._session.id, model, service.defaults))
        self._farewell = Farewell()

    async def serve(self) -> None:
        """Converse until either side ends it."""
        self._outbox.add([encode_event(session_created(self._narrator.session))])
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(self._write())
            reading = tasks.create_task(self._read())
            await self._converse()
            reading.cancel()
            if self._farewell.event is not None:
                self._outbox.add([encode_event(self._farewell.event)])
            self._outbox.end()
            await asyncio.wait([writing], timeout=self._service.deadlines.farewell)
            writing.cancel()
        await close(self._socket, self._farewell.code, self._service.deadlines)

    async def _converse(self) -> None:
        try:
            await self._session.run()
        except Exception as error:  # noqa: BLE001 - told to the client, and logged when it is not ours
            self._farewell = self._farewell_for(error)

    async def _read(self) -> None:
        try:
            while (message := await self._socket.receive())["type"] != "websocket.disconnect":
                await self._take(message.get("text"))
            self._outbox.abandon()
        except Exception as error:  # noqa: BLE001 - told to the client, and logged when it is not ours
            self._farewell = self._farewell_for(error)
        await self._session.close()

    async def _write(self) -> None:
        try:
            while (text := await self._outbox.take()) is not None:
                await self._socket.send({"type": "websocket.send", "text": text})
        except (WebSocketDisconnect, RuntimeError):  # the server under us says it in both ways
            self._outbox.abandon()

    async def _take(self, text: str | None) -> None:
        """Do what one message asks; a request that cannot be done is answered, and that is all."""
        event_id = None
        try:
            if text is None:
                raise RequestError(
                    "Binary frames are not understood; send JSON as text, with sound as base64 in "
                    "input_audio_buffer.append.",
                    code="invalid_json",
                )
            message = load(text)
            event_id = event_id_of(message)
            await self._do(parse(message, self._narrator.session))
        except RequestError as error:
            self._service.metrics.request_refused(error.code)
            await self._tell(request_refused(error, event_id))

    async def _do(self, command: Command) -> None:
        match command:
            case Append(sound):
                await self._hear(sound)
            case UpdateSession(patch):
                await self._update(patch)
            case CreateItem(item, after):
                await self._session.add(item, after)
            case RetrieveItem(item_id):
                await self._retrieve(item_id)
            case CreateResponse():
                await self._respond(command)
            case _:
                await self._relay(command)

    async def _relay(self, command: Commit | Clear | DeleteItem | TruncateItem | CancelResponse) -> None:
        match command:
            case Commit():
                await self._session.commit()
            case Clear():
                await self._session.clear()
            case DeleteItem(item_id):
                await self._session.delete(item_id)
            case TruncateItem(item_id, content_index, audio_end_ms):
                await self._session.truncate(item_id, content_index, audio_end_ms)
            case CancelResponse(response_id):
                await self._session.cancel(response_id)
            case _:
                assert_never(command)

    async def _hear(self, sound: Pcm) -> None:
        self._service.metrics.heard(sound.seconds)
        for bite in _bites(sound):
            await self._session.hear(bite)

    async def _update(self, patch: object) -> None:
        session = self._narrator.session.updated(patch, has_spoken=self._narrator.has_spoken)
        await self._session.configure(session.config)
        self._narrator.session = session
        await self._tell(session_updated(session))

    async def _retrieve(self, item_id: str) -> None:
        item = self._session.item(item_id)
        session = self._narrator.session
        ours = isinstance(item, Message) and item.role == "assistant"
        wire = await asyncio.to_thread(wire_item_with_sound, item, session.speaks if ours else session.hears)
        await self._tell(item_retrieved(wire))

    async def _respond(self, command: CreateResponse) -> None:
        given = command.input
        request = WireRequest(
            options=command.options,
            in_conversation=command.in_conversation,
            input=None if given is None else tuple(self._resolved(item) for item in given),
            metadata=command.metadata,
            speaks=command.speaks,
        )
        await self._session.respond(request)

    def _resolved(self, item: Item | Reference) -> Item:
        if not isinstance(item, Reference):
            return item
        try:
            return self._session.item(item.item_id)
        except RequestError as error:
            raise RequestError(str(error), param=item.path, code=error.code) from None

    async def _on_event(self, event: Event) -> None:
        """The session's `send`. A teller that is cancelled while it waits has told all the same: of what the
        client will see the end, it must have seen the beginning."""
        try:
            await self._outbox.vacancy()
        except asyncio.CancelledError:
            self._say(event)
            raise
        self._say(event)

    def _say(self, event: Event) -> None:
        self._service.metrics.observe(event)
        self._outbox.add([encode_event(wire) for wire in self._narrator.tell(event)])

    async def _tell(self, wire: Wire) -> None:
        await self._outbox.vacancy()
        self._outbox.add([encode_event(wire)])

    def _farewell_for(self, error: Exception) -> Farewell:
        match _first(error):
            case ClientStalled():
                log.info("client stalled", extra={"session": self._session.id})
                self._outbox.abandon()  # it would not read a reason either
                return Farewell(POLICY)
            case SessionError() as ended:
                log.warning("session ended", extra={"session": self._session.id, "code": type(ended).__name__})
                return Farewell(BROKEN, failure(str(ended), "server_error", "session_ended"))
        error_id = new_id("err")
        log.error("session broke", exc_info=error, extra={"session": self._session.id, "error_id": error_id})
        message = f"The server failed and has to end this session; quote {error_id} when you report it."
        return Farewell(BROKEN, failure(message, "server_error", "internal_error"))


async def serve(socket: WebSocket, model: str, service: Service) -> None:
    """Serve an accepted socket from `session.created` to its close, or turn it away when there is no room."""
    try:
        connection = Connection(socket, model, service)
    except SessionRefused as refusal:
        service.metrics.session_refused()
        await turn_away(socket, failure(str(refusal), "server_error", "server_busy"), TRY_LATER, service.deadlines)
        return
    service.metrics.session_opened()
    try:
        await connection.serve()
    finally:
        service.metrics.session_closed()


async def turn_away(socket: WebSocket, event: Wire, code: int, deadlines: Deadlines) -> None:
    """Say why to an accepted client, then close."""
    with suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
        async with asyncio.timeout(deadlines.close):
            await socket.send({"type": "websocket.send", "text": encode_event(event)})
    await close(socket, code, deadlines)


async def close(socket: WebSocket, code: int, deadlines: Deadlines) -> None:
    """Send the close frame; a client that is gone already, or reads nothing, is let go."""
    with suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
        async with asyncio.timeout(deadlines.close):
            await socket.close(code)


def _bites(sound: Pcm) -> Iterator[Pcm]:
    size = round(BITE_SECONDS * sound.rate)
    for start in range(0, len(sound), size):
        yield Pcm(sound.samples[start : start + size], sound.rate)


def _first(error: BaseException) -> BaseException:
    """The first error inside a group: a session is a task group, and may raise as one."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
