"""Messages between the server and a model's own process: a length, then a pickle. Both ends are ours."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from typing import Any

HEAD = struct.Struct("!I")
LONGEST = 64_000_000
"""Bytes: a conversation with its pictures."""

Message = tuple[Any, ...]


def packed(message: Message) -> bytes:
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return HEAD.pack(len(body)) + body


def unpacked(body: bytes) -> Message:
    message: Message = pickle.loads(body)  # noqa: S301 - from our own child, or our own parent, over a pipe
    return message


def length(head: bytes) -> int:
    """Raises ValueError where this is no beginning of a message."""
    (size,) = HEAD.unpack(head)
    if size > LONGEST:
        raise ValueError(f"a message of {size} bytes")
    return int(size)


def read(source: Callable[[int], bytes]) -> Message | None:
    """The next message; None at the end. Blocks."""
    head = source(HEAD.size)
    if len(head) < HEAD.size:
        return None
    return unpacked(source(length(head)))
