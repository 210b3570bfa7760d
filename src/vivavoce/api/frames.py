"""The common WebSocket message, read and written quickly: fifty times a second comes a whole small text frame from each
microphone, and ten times a second one goes to each loudspeaker.

uvicorn's own way parses each through generators, and stops and starts the socket around it. Whatever is not common
takes that way still: the handshake, fragments, control frames, long messages.

ASGI has a task wait for each message. Most of what comes needs none, so the application may take messages where they
are read, and hand its own to where they are written, by the `Shortcut` in its scope's extensions: a queue and the
waking of its task cost 4 µs and more, and each frame went through two.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request
from websockets.protocol import OPEN

try:
    from websockets.speedups import apply_mask
except ImportError:  # no compiled part for this system
    from websockets.utils import apply_mask

WHOLE_TEXT = 0x81
"""First byte of a text message in one frame: FIN, no extension, opcode 1."""
MASKED = 0x80
TWO_BYTES, EIGHT_BYTES = 126, 127
"""What stands for a length that follows in so many bytes, since it does not fit seven bits."""
LONGEST = 64 * 1024
WAITING = 16
"""Messages that may wait for the application before the socket is read no further."""
SHORTCUT = "vivavoce.shortcut"
"""Name of the extension in an ASGI scope."""


class Shortcut(Protocol):
    """A WebSocket connection, without a task between. Only from its event loop."""

    taker: Callable[[bytes], bool] | None
    """Takes the text of the message that has just come, if nothing came before that still waits; False: it does not,
    and the message is to be received as ASGI has it."""

    def send_now(self, text: str) -> bool:
        """Write a message; False: it has to wait, or the connection is over, and ASGI's send tells which."""
        ...


class QuickFrames(WebSocketsSansIOProtocol):
    taker: Callable[[bytes], bool] | None = None
    _partial = b""
    """The beginning of a frame whose rest is not here yet."""
    _theirs = 0
    """Bytes that still belong to a frame which uvicorn's way reads."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:  # else there is nobody to serve, and no scope
            extensions: dict[str, object] = self.scope["extensions"]  # type: ignore[assignment]  # uvicorn: all are dicts
            extensions[SHORTCUT] = self

    def data_received(self, data: bytes) -> None:
        data, self._partial = self._partial + data if self._partial else data, b""
        while data:
            if not self._open:
                super().data_received(data)
                return
            if self._theirs:
                taken, data = data[: self._theirs], data[self._theirs :]
                self._theirs -= len(taken)
                super().data_received(taken)
                continue
            frame = _frame(data)
            if frame is None:
                self._partial = data
                return
            data = self._take(data, *frame)

    def send_now(self, text: str) -> bool:
        if not self._open or self.transport.is_closing() or not self.writable.is_set():
            return False
        data = text.encode()
        self.transport.write(_head(len(data)) + data)
        return True

    @property
    def _open(self) -> bool:
        return self.handshake_complete and not self.close_sent and self.conn.state is OPEN

    def _take(self, data: bytes, head: int, size: int) -> bytes:
        """Take the frame that `data` begins with, of `head` and `size` bytes; returns what is left to be looked at."""
        end = head + size
        if data[0] != WHOLE_TEXT or not data[1] & MASKED or size > LONGEST or self.frames:
            self._theirs = end
            return data
        if len(data) < end:
            self._partial = data
            return b""
        payload = apply_mask(data[head:end], data[head - 4 : head])
        if not (self.taker is not None and self.queue.empty() and self.taker(payload)) and not self._queue(payload):
            self._theirs = end
            return data
        return data[end:]

    def _queue(self, payload: bytes) -> bool:
        """Let the application receive a text; False: it is no UTF-8, and the library knows what to say."""
        try:
            text = payload.decode()
        except UnicodeDecodeError:
            return False
        self.queue.put_nowait({"type": "websocket.receive", "text": text})
        if self.queue.qsize() >= WAITING and not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()
        return True


def _frame(data: bytes) -> tuple[int, int] | None:
    """Bytes of the head and of the payload of the frame that begins here; None: not all of its head is here."""
    if len(data) < 2:
        return None
    size, more = data[1] & ~MASKED, 0
    if size >= TWO_BYTES:
        more = 2 if size == TWO_BYTES else 8
        size = int.from_bytes(data[2 : 2 + more], "big")
    head = 2 + more + (4 if data[1] & MASKED else 0)
    return (head, size) if len(data) >= head else None


def _head(size: int) -> bytes:
    """Of a text message of so many bytes in one frame; a server masks nothing."""
    if size < TWO_BYTES:
        return bytes((WHOLE_TEXT, size))
    if size < 1 << 16:
        return bytes((WHOLE_TEXT, TWO_BYTES)) + size.to_bytes(2, "big")
    return bytes((WHOLE_TEXT, EIGHT_BYTES)) + size.to_bytes(8, "big")
