"""What a caller that vanished can have heard: nothing that played after its last packet."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

pytest.importorskip("aiortc", reason="pip install 'vivavoce[media]'")

from tests.virtual_time import run
from vivavoce.webrtc.playout import FRAME, RATE, Item, Playout
from vivavoce.webrtc.reach import LOOK_EVERY, SILENT, Reach


@dataclass
class Transport:
    packetsReceived: int = 0
    type: str = "transport"


class Peer:
    """A caller of whom one only sees how many packets have come."""

    def __init__(self) -> None:
        self.transport = Transport()
        self.sctp = None

    async def getStats(self) -> dict[str, Transport]:
        return {"transport": self.transport}


def play(scene: Any) -> None:
    """`scene(peer, playout, reach)` with a watch beside it, in virtual time."""

    async def staged() -> None:
        peer, playout = Peer(), Playout(lambda _: None)
        reach: Any = Reach(peer, playout)  # type: ignore[arg-type]
        watching = asyncio.create_task(reach.watch())
        try:
            await scene(peer, playout, reach)
        finally:
            watching.cancel()

    run(staged())


async def pass_time(seconds: float, peer: Peer, playout: Playout, *, packets: bool) -> None:
    for _ in range(round(seconds * 50)):
        await asyncio.sleep(0.02)
        playout.take()
        peer.transport.packetsReceived += packets


def speech(seconds: float) -> Any:
    return np.full(round(seconds * RATE / FRAME) * FRAME, 0.1, np.float32)


def test_of_an_answer_under_way_counts_what_had_played_at_the_last_packet() -> None:
    async def scene(peer: Peer, playout: Playout, reach: Reach) -> None:
        playout.push(Item("resp_1", "item_1"), speech(10))
        await pass_time(2.0, peer, playout, packets=True)
        await pass_time(3.0, peer, playout, packets=False)
        ((item, heard_ms),) = reach.unheard()
        assert item.item_id == "item_1" and 2000 - 2.2 * LOOK_EVERY * 1000 <= heard_ms <= 2000
        assert not await reach.lost()
        await pass_time(SILENT, peer, playout, packets=False)
        assert await reach.lost()

    play(scene)


def test_an_answer_that_began_and_ended_in_the_silence_was_not_heard_at_all() -> None:
    async def scene(peer: Peer, playout: Playout, reach: Reach) -> None:
        await pass_time(1.0, peer, playout, packets=True)
        playout.push(Item("resp_1", "item_1"), speech(1))
        playout.end("resp_1")
        await pass_time(4.0, peer, playout, packets=False)
        assert reach.unheard() == [(Item("resp_1", "item_1"), 0)]

    play(scene)


def test_nothing_is_taken_back_of_what_was_heard_to_its_end() -> None:
    async def scene(peer: Peer, playout: Playout, reach: Reach) -> None:
        playout.push(Item("resp_1", "item_1"), speech(1))
        playout.end("resp_1")
        await pass_time(2.0, peer, playout, packets=True)
        await pass_time(9.0, peer, playout, packets=False)
        assert reach.unheard() == []

    play(scene)


def test_who_says_that_it_hangs_up_is_not_lost() -> None:
    async def scene(peer: Peer, playout: Playout, reach: Reach) -> None:
        await pass_time(60.0, peer, playout, packets=False)
        peer.transport.packetsReceived += 1  # DTLS's close_notify
        assert not await reach.lost()

    play(scene)
