"""Telephone keys that come as packets among those of a voice (RFC 4733), each told once. Pure.

A key that is held sends packets all the while, with the time stamp of its beginning and the time that it has been down;
the last comes three times, marked as such. Any of them may be lost. While a key is down, its sender sends no voice.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

KEYS = "0123456789*#ABCD"
"""By their numbers on the wire; those above are no keys of a telephone's."""
CLOCKS = (48_000, 8_000)
"""Hz of time stamps; browsers use that of the voice's codec, and some know only the second."""
OFFERED = re.compile(r"^a=rtpmap:(\d+) telephone-event/(\d+)\s*$", re.MULTILINE)
ENDED = 0x80
TIMES = 1 << 32
LONGEST = 0xFFFF
"""Ticks that one time stamp can last; a key that is held longer begins another one, without having ended."""
LATE = 0.25
"""Seconds that a key may be silent and still be the same: packets come every 20 to 50 ms, and some are lost."""


@dataclass(frozen=True, slots=True)
class KeyPacket:
    """`event`: number of the key; `began`: time stamp; `lasted`: ticks of `clock` Hz; `marked`: the key's first."""

    event: int
    began: int
    lasted: int
    clock: int
    ended: bool
    marked: bool

    @classmethod
    def read(cls, payload: bytes, timestamp: int, clock: int, *, marked: bool) -> KeyPacket | None:
        """None: the payload is too short for one."""
        if len(payload) < 4:
            return None
        event, flags, lasted = struct.unpack_from("!BBH", payload)
        return cls(event, timestamp, lasted, clock, bool(flags & ENDED), marked)


@dataclass(slots=True)
class Keypad:
    """The keys of one stream, whose packets come in order, each once, some not at all."""

    _last: KeyPacket | None = None

    def take(self, packet: KeyPacket) -> tuple[str, float]:
        """The key that this packet is the first to tell of, "" for none; and for how many seconds more one has been
        down, of which nothing else is heard."""
        last, self._last = self._last, packet
        if last is None or not _is_same(last, packet):
            return KEYS[packet.event : packet.event + 1], packet.lasted / packet.clock
        longer = (packet.began + packet.lasted - last.began - last.lasted) % TIMES
        return "", (longer if longer <= LONGEST else 0) / packet.clock


def _is_same(last: KeyPacket, packet: KeyPacket) -> bool:
    """Whether both tell of one press of a key."""
    if packet.event != last.event or packet.clock != last.clock:
        return False
    if packet.began == last.began:
        return True
    silent = (packet.began - last.began - last.lasted) % TIMES
    return not (last.ended or packet.marked) and silent <= LATE * packet.clock


def clocks_of(sdp: str) -> dict[int, int]:
    """Which payload types of an answer are keys, and the Hz of their time stamps."""
    return {int(number): int(clock) for number, clock in OFFERED.findall(sdp)}
