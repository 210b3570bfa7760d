"""The common WebSocket message, read quickly: fifty times a second comes a whole small text frame from each microphone.

uvicorn's own way parses each through generators, and stops and starts the socket around it. Whatever is not common
takes that way still: the handshake, fragments, control frames, long messages.
"""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import OPEN

try:
    from websockets.speedups import apply_mask
except ImportError:  # no compiled part for this system
    from websockets.utils import apply_mask

WHOLE_TEXT = 0x81
"""First byte of a text message in one frame: FIN, no extension, opcode 1."""
MASKED = 0x80
TWO_BYTES = 126
"""What stands for a length that follows in two bytes, since it does not fit seven bits."""
LONGEST = 64 * 1024
WAITING = 16
"""Messages that may wait for the application before the socket is read no further."""


class QuickFrames(WebSocketsSansIOProtocol):
    _partial = b""
    """The beginning of a frame whose rest is not here yet."""
    _theirs = 0
    """Bytes that still belong to a frame which uvicorn's way reads."""

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

    @property
    def _open(self) -> bool:
        return self.handshake_complete and not self.close_sent and self.conn.state is OPEN

    def _take(self, data: bytes, head: int, size: int) -> bytes:
        """Take the frame that `data` begins with, of `head` and `size` bytes; returns what is left to be looked at."""
        end = head + size
        text = None
        if data[0] == WHOLE_TEXT and data[1] & MASKED and size <= LONGEST and not self.frames:
            if len(data) < end:
                self._partial = data
                return b""
            text = _text(data[head:end], data[head - 4 : head])
        if text is None:
            self._theirs = end
            return data
        self.queue.put_nowait({"type": "websocket.receive", "text": text})
        if self.queue.qsize() >= WAITING and not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()
        return data[end:]


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


def _text(payload: bytes, mask: bytes) -> str | None:
    """None: it is no UTF-8, and the library knows what to say."""
    try:
        return apply_mask(payload, mask).decode()
    except UnicodeDecodeError:
        return None
