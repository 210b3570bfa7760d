"""`/v1/responses` as a WebSocket: many responses over one connection, each told by the events of a stream.

The requests of one lane (`stream_id`) are answered one after the other, those of different lanes side by side. What was
answered here can be gone on from though nothing of it is stored. Words that come while an answer is made
(`response.steer`) end it where it is, and the next one begins with them (`responses_steering.py`).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from vivavoce.api.auth import WRONG_KEY, Keys
from vivavoce.api.fields import Fields, invalid
from vivavoce.api.json_text import check_writable, json_object
from vivavoce.api.problems import SOON, Trouble, trouble_of
from vivavoce.api.rates import counted
from vivavoce.api.realtime.outbox import Outbox
from vivavoce.api.realtime.server_events import encode_event
from vivavoce.api.rest.responses_reading import Means
from vivavoce.api.rest.responses_request import ResponseAsked, read_response
from vivavoce.api.rest.responses_run import Making, prepared
from vivavoce.api.rest.responses_steering import Steering
from vivavoce.errors import ClientStalled, RequestError, StorageError, TurnError
from vivavoce.storage.responses import StoredResponse

Wire = dict[str, Any]

MOST_LANES = 16
MOST_WAITING = 8
"""Requests of one lane."""
LONGEST = 3600.0
"""Seconds that one connection may last, as OpenAI has it."""
RECENT = 32
"""Responses that can be gone on from without a look at what is stored."""
ROOM, PATIENCE = 4 * 1024 * 1024, 60.0
"""Characters that may wait for the client, and seconds that it may take none of them."""
FAREWELL = 5.0
"""Seconds that it may take to read the last ones."""
POLICY = 1008


def response_socket(means: Means, keys: Keys) -> WebSocketRoute:
    async def converse(socket: WebSocket) -> None:
        await socket.accept()
        if not keys.admit(socket):
            await socket.send_text(encode_event(_error(Trouble(401, WRONG_KEY, "invalid_api_key"))))
            await socket.close(POLICY)
            return
        await _Line(socket, means, keys.owner(socket)).run()

    return WebSocketRoute("/v1/responses", converse)


class _Line:
    """One connection."""

    def __init__(self, socket: WebSocket, means: Means, owner: str) -> None:
        self._socket, self._means, self._owner = socket, means, owner
        self._outbox = Outbox(room=ROOM, patience=PATIENCE)
        self._lanes: dict[str | None, asyncio.Queue[Fields]] = {}
        self._recent = OrderedDict[str, StoredResponse]()
        self._steering = Steering(self._tell)

    async def run(self) -> None:
        """Until the client leaves, does not read, or has been here too long."""
        try:
            async with asyncio.TaskGroup() as tasks:
                writing = tasks.create_task(self._write())
                async with asyncio.TaskGroup() as lanes:
                    answering = await self._listen(lanes)
                    for lane in answering:
                        lane.cancel()
                self._outbox.end()
                with suppress(TimeoutError):
                    async with asyncio.timeout(FAREWELL):
                        await writing
        except* ClientStalled:
            pass
        with suppress(WebSocketDisconnect, RuntimeError):
            await self._socket.close()

    async def _listen(self, tasks: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        """Take what comes, each lane's requests to its own task; gives these."""
        answering: list[asyncio.Task[None]] = []
        try:
            async with asyncio.timeout(LONGEST):
                while (message := await self._socket.receive())["type"] != "websocket.disconnect":
                    try:
                        new = await self._take(message.get("text") or (message.get("bytes") or b"").decode())
                    except (RequestError, UnicodeDecodeError) as error:
                        await self._tell(_refused(error, None))
                        continue
                    if new is not None:
                        answering.append(tasks.create_task(self._serve(*new), name=f"lane {len(answering)}"))
                self._outbox.abandon()
        except TimeoutError:
            why = f"A connection lasts {LONGEST / 60:g} minutes at most; open a new one and go on from there."
            await self._tell(_error(Trouble(400, why, "websocket_connection_limit_reached")))
        return answering

    async def _take(self, text: str) -> tuple[str | None, asyncio.Queue[Fields]] | None:
        """Put a message where it belongs; gives the lane and its queue where these are new. Raises RequestError."""
        value = json_object(text)
        check_writable(value, text)
        fields = Fields(value, "")
        if fields.need_choice("type", ("response.create", "response.steer")) == "response.steer":
            await self._steering.take(fields)
            return None
        name = fields.text("stream_id", None)
        queue = self._lanes.get(name)
        new = queue is None
        if queue is None:
            if len(self._lanes) >= MOST_LANES:
                raise invalid("stream_id", f"be one of the {MOST_LANES} that a connection may have")
            queue = self._lanes[name] = asyncio.Queue(MOST_WAITING)
        if queue.full():
            message = f"{MOST_WAITING} requests of this lane are waiting; send the next one when one has been answered."
            raise RequestError(message, param="stream_id", code="server_busy")
        queue.put_nowait(fields)
        return (name, queue) if new else None

    async def _serve(self, lane: str | None, waiting: asyncio.Queue[Fields]) -> None:
        while True:
            fields = await waiting.get()
            try:
                with counted(self._means.rates, self._owner):
                    await self._answer(self._asked(fields), lane)
            except (RequestError, TurnError, StorageError) as error:
                await self._tell(_refused(error, lane))

    def _asked(self, fields: Fields) -> ResponseAsked:
        """Raises RequestError."""
        if fields.flag("background", False):
            raise invalid("background", "be false here: a connection is there to wait for the answer")
        asked = read_response(Fields({**fields.raw, "stream": True}, ""), self._means.prompts)
        return self._steering.with_what_waits(asked)

    async def _answer(self, asked: ResponseAsked, lane: str | None) -> None:
        """The response, and those that steering makes follow it."""
        if self._means.minds() is None or self._means.engines() is None:
            await self._tell(_error(Trouble(503, "The models are still warming up.", "warming_up", SOON), lane=lane))
            return
        following: ResponseAsked | None = asked
        while following is not None:
            making = await prepared(self._means, following, self._owner, self._recent)
            await self._told(making, following, lane)
            following = await self._steering.next(making)

    async def _told(self, making: Making, asked: ResponseAsked, lane: str | None) -> None:
        """Every event of one response, which ends with its client."""
        await making.start()
        self._steering.begin(making, asked, lane)
        try:
            async for event in making.job.follow():
                await self._tell(event if lane is None else {**event, "stream_id": lane})
        finally:
            if not making.job.ended:
                await making.job.cancel()
        self._recent[making.id] = making.stored()
        while len(self._recent) > RECENT:
            self._recent.popitem(last=False)

    async def _tell(self, event: Mapping[str, Any]) -> None:
        """Raises ClientStalled."""
        await self._outbox.vacancy()
        self._outbox.add([encode_event(dict(event))])

    async def _write(self) -> None:
        try:
            while (text := await self._outbox.take()) is not None:
                await self._socket.send_text(text)
        except (WebSocketDisconnect, RuntimeError):  # the server under us says it in both ways
            self._outbox.abandon()


def _refused(error: Exception, lane: str | None) -> Wire:
    if not isinstance(error, RequestError | TurnError | StorageError):
        error = RequestError("The message must be JSON in UTF-8.", code="invalid_json")
    trouble, param = trouble_of(error), error.param if isinstance(error, RequestError) else None
    if trouble.code == "response_not_found":  # as OpenAI calls it here
        trouble, param = Trouble(400, trouble.message, "previous_response_not_found"), "previous_response_id"
    return _error(trouble, param, lane)


def _error(trouble: Trouble, param: str | None = None, lane: str | None = None) -> Wire:
    error: Wire = {"type": trouble.kind, "code": trouble.code, "message": trouble.message, "param": param}
    if trouble.headers:
        error["headers"] = trouble.headers
    event: Wire = {"type": "error", "status": trouble.status, "error": error}
    return event if lane is None else {**event, "stream_id": lane}
