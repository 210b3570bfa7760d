"""The outbox: in order, bounded, patient only so long, and empty once the client is gone."""

from __future__ import annotations

import asyncio

import pytest

from vivavoce.api.realtime.outbox import Outbox
from vivavoce.errors import ClientStalled


def test_what_goes_in_comes_out_in_order_and_then_it_ends() -> None:
    async def scene() -> list[str | None]:
        outbox = Outbox(room=100, patience=1)
        outbox.add(["a", "b"])
        outbox.end()
        outbox.add(["too late"])
        return [await outbox.take() for _ in range(3)]

    assert asyncio.run(scene()) == ["a", "b", None]


def test_a_full_outbox_makes_the_teller_wait_for_the_reader() -> None:
    async def scene() -> None:
        outbox = Outbox(room=10, patience=5)
        outbox.add(["x" * 10])
        waiting = asyncio.create_task(outbox.vacancy())
        await asyncio.sleep(0.01)
        assert not waiting.done()
        await outbox.take()
        await asyncio.wait_for(waiting, 1)

    asyncio.run(scene())


def test_a_client_that_takes_nothing_stalls() -> None:
    async def scene() -> None:
        outbox = Outbox(room=10, patience=0.02)
        outbox.add(["x" * 10])
        with pytest.raises(ClientStalled):
            await outbox.vacancy()

    asyncio.run(scene())


def test_a_slow_client_does_not_stall() -> None:
    """Patience counts from the last thing taken, not from when the teller began to wait."""

    async def scene() -> None:
        outbox = Outbox(room=1, patience=0.1)
        outbox.add("abcdef")
        waiting = asyncio.create_task(outbox.vacancy())
        for _ in range(6):
            await asyncio.sleep(0.05)
            await outbox.take()
        await asyncio.wait_for(waiting, 1)

    asyncio.run(scene())


def test_nobody_waits_for_a_client_that_is_gone() -> None:
    async def scene() -> None:
        outbox = Outbox(room=1, patience=60)
        outbox.add(["xx"])
        waiting = asyncio.create_task(outbox.vacancy())
        await asyncio.sleep(0)
        outbox.abandon()
        await asyncio.wait_for(waiting, 1)
        outbox.add(["more"])
        assert await outbox.take() is None

    asyncio.run(scene())
