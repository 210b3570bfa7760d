"""Whether a caller can still be reached, and what of the assistant's speech it can have heard.

A network that fails says nothing: ICE takes half a minute to give up (RFC 7675), and all that plays meanwhile plays to
nobody. What did reach the caller is what had played when its last packet came.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiortc import RTCPeerConnection

from vivavoce.webrtc.playout import Item, Playout

LOOK_EVERY = 0.25
"""Seconds between two looks; of what was heard twice as much may be forgotten."""
SILENT = 5.0
"""Seconds without a packet after which an end was not told by the caller."""


class Reach:
    def __init__(self, peer: RTCPeerConnection, playout: Playout) -> None:
        self._peer, self._playout = peer, playout
        self._packets = 0
        self._last = 0.0
        """When the last packet was seen, on the loop's clock."""
        self._before: tuple[Item, int] | None = None
        """What was playing at the last look, and how many ms of it had played."""
        self._since: dict[str, tuple[Item, int]] = {}
        """What has played since the last packet, by ids of items, and how many ms of it before that surely."""

    async def watch(self) -> None:
        """Look on, until cancelled."""
        while True:
            await self._look()
            await asyncio.sleep(LOOK_EVERY)

    async def lost(self) -> bool:
        """Asked at the end of the connection: who hangs up says so in a packet, who is lost says nothing for long."""
        await self._look()
        return asyncio.get_running_loop().time() - self._last > SILENT

    def unheard(self) -> list[tuple[Item, int]]:
        """Messages that the caller cannot have heard the end of, and how many ms of them it has heard."""
        return list(self._since.values())

    async def _look(self) -> None:
        packets = await self._count()
        if packets != self._packets:
            self._packets, self._last = packets, asyncio.get_running_loop().time()
            self._since = {} if self._before is None else {self._before[0].item_id: self._before}
        self._before = self._playout.position
        if self._before is not None:
            item = self._before[0]
            self._since.setdefault(item.item_id, (item, 0))

    async def _count(self) -> int:
        """Packets of every kind but ICE's own: sound, reports on sound, events."""
        report: dict[str, Any] = await self._peer.getStats()
        if self._peer.sctp is not None:  # of a call without sound, nothing else tells; one transport counts once
            report |= self._peer.sctp.transport._get_stats()
        return sum(entry.packetsReceived for entry in report.values() if entry.type == "transport")
