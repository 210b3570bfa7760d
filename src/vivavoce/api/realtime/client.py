"""One client of a call: its socket, and what waits to be sent to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect

from vivavoce.api.frames import SHORTCUT, Shortcut
from vivavoce.api.realtime.beta import BetaWords, released
from vivavoce.api.realtime.client_events import load
from vivavoce.api.realtime.outbox import Outbox
from vivavoce.api.realtime.server_events import Wire, encode_event
from vivavoce.errors import ClientStalled

OUTBOX_ROOM = 4 * 1024 * 1024
"""Characters that may wait for a client: a minute of speech as 16-bit sound."""

HUNG_UP = (1000, 1001, 1005)
"""Codes of the close frame of a client that is done: normal, going away (a page that is closed), without a code."""
SERVER_RESTARTS = 1012


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds that a client gets."""

    reads: float = 20.0
    """to take anything at all of what waits for it"""
    farewell: float = 5.0
    """to take the last events of a session that has ended"""
    close: float = 2.0
    """to answer the close frame"""


class Client:
    """`listens_in`: it joined a call whose sound goes another way, so it gets no audio deltas, and none of the events
    that are for whoever plays the sound. `beta`: it speaks the contract of the beta."""

    def __init__(
        self, socket: WebSocket, deadlines: Deadlines, *, listens_in: bool = False, beta: bool = False
    ) -> None:
        self._socket, self.deadlines, self.listens_in = socket, deadlines, listens_in
        self._beta = BetaWords() if beta else None
        self._outbox = Outbox(room=OUTBOX_ROOM, patience=deadlines.reads)
        self._shortcut: Shortcut | None = socket.scope.get("extensions", {}).get(SHORTCUT)
        """None where another server serves the application."""
        self._waits = False
        """All that came before is done, and it waits for the next message."""
        self.replaced = asyncio.Event()
        """Set when the same client came back by another socket."""
        self.dropped = False
        """The connection broke off; the client had not hung up."""

    async def vacancy(self) -> None:
        """Wait until there is room for more. Raises ClientStalled."""
        await self._outbox.vacancy()

    def tell(self, wires: Iterable[Wire]) -> None:
        """Send these, in order, when the socket takes them. One who listens in and does not read misses them."""
        if self.listens_in:
            wires = [wire for wire in wires if _for_listeners(wire)]
            if self._outbox.full:
                self._outbox.abandon()
        if self._beta is not None:
            wires = [told for wire in wires for told in self._beta.tell(wire)]
        texts = [encode_event(wire) for wire in wires]
        if self._shortcut is not None and self._outbox.waits:  # nothing is before it: the socket may have it at once
            sent = 0
            while sent < len(texts) and self._shortcut.send_now(texts[sent]):
                sent += 1
            del texts[:sent]
        if texts:
            self._outbox.add(texts)

    async def answer(self, wire: Wire) -> None:
        """Send this once there is room. Raises ClientStalled."""
        await self.vacancy()
        self.tell([wire])

    def read(self, text: str) -> Wire:
        """The event in a message, in the released contract. Raises RequestError."""
        message = load(text)
        return message if self._beta is None else released(message)

    def take(self, taker: Callable[[bytes], bool] | None) -> None:
        """Have `taker` take each message as it comes, without a task that waits for it, when all that came before is
        done; what it refuses is received."""
        if self._shortcut is not None:
            self._shortcut.taker = None if taker is None else lambda message: self._waits and taker(message)

    async def receive(self) -> str | bytes | None:
        """The next message, None when the client has left: `dropped` then says how."""
        self._waits = True
        try:
            message = await self._socket.receive()
        finally:
            self._waits = False
        if message["type"] == "websocket.disconnect":
            self.dropped = _broke_off(message)
            self._outbox.abandon()
            return None
        text: str | None = message.get("text")
        return text if text is not None else bytes(message.get("bytes") or b"")

    async def write(self) -> None:
        """Send what is told until `finish`."""
        try:
            while (text := await self._outbox.take()) is not None:
                await self._socket.send({"type": "websocket.send", "text": text})
        except (WebSocketDisconnect, RuntimeError):  # the server under us says it in both ways
            self._outbox.abandon()

    def finish(self) -> None:
        """Nothing more will be told; what waits still goes out."""
        self._outbox.end()

    def abandon(self) -> None:
        """Send nothing more, not even what waits."""
        self._outbox.abandon()

    async def close(self, code: int) -> None:
        """Send the close frame; a client that is gone already, or reads nothing, is let go."""
        with suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
            async with asyncio.timeout(self.deadlines.close):
                await self._socket.close(code)

    async def turn_away(self, event: Wire, code: int) -> None:
        """Say why to an accepted client that is not served, then close."""
        self.tell([event])
        self.finish()
        with suppress(TimeoutError, ClientStalled):
            async with asyncio.timeout(self.deadlines.close):
                await self.write()
        await self.close(code)


def _for_listeners(wire: Wire) -> bool:
    kind: str = wire["type"]
    return kind != "response.output_audio.delta" and not kind.startswith("vivavoce.output_audio.")


def _broke_off(message: Message) -> bool:
    """Whether the connection ended though nobody wished it. Of a close frame uvicorn tells the reason too, empty or
    not; of a connection that is just gone only a code."""
    code = message.get("code", 1005)
    return code != SERVER_RESTARTS and not ("reason" in message and code in HUNG_UP)
