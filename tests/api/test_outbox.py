"""What waits for a client: in order, bounded, patient only so long, and empty once the client is gone."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.virtual_time import run
from vivavoce.api.frames import SHORTCUT
from vivavoce.api.realtime.client import Client, Deadlines
from vivavoce.api.realtime.outbox import Outbox
from vivavoce.errors import ClientStalled


def test_what_goes_in_comes_out_in_order_and_then_it_ends() -> None:
    async def scene() -> list[str | None]:
        outbox = Outbox(room=100, patience=1)
        outbox.add(["a", "b"])
        outbox.end()
        outbox.add(["too late"])
        return [await outbox.take() for _ in range(3)]

    assert run(scene()) == ["a", "b", None]


def test_a_full_outbox_makes_the_teller_wait_for_the_reader() -> None:
    async def scene() -> None:
        outbox = Outbox(room=10, patience=5)
        outbox.add(["x" * 10])
        waiting = asyncio.create_task(outbox.vacancy())
        await asyncio.sleep(0.01)
        assert not waiting.done()
        await outbox.take()
        await asyncio.wait_for(waiting, 1)

    run(scene())


def test_a_client_that_takes_nothing_stalls() -> None:
    async def scene() -> None:
        outbox = Outbox(room=10, patience=0.02)
        outbox.add(["x" * 10])
        with pytest.raises(ClientStalled):
            await outbox.vacancy()

    run(scene())


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

    run(scene())


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

    run(scene())


class Connection:
    """A socket with a shortcut: it takes what it is told at once while it is `ready`, and else as ASGI has it, slowly.
    `wire`: the types of what went out."""

    def __init__(self) -> None:
        self.scope = {"extensions": {SHORTCUT: self}}
        self.taker = None
        self.ready, self.gate = True, asyncio.Event()
        self.wire: list[str] = []

    def send_now(self, text: str) -> bool:
        if self.ready:
            self.wire.append(f"at once {json.loads(text)['type']}")
        return self.ready

    async def send(self, message: dict[str, str]) -> None:
        await self.gate.wait()
        self.wire.append(f"in turn {json.loads(message['text'])['type']}")


def test_what_is_told_at_once_never_passes_what_was_told_before() -> None:
    async def scene() -> list[str]:
        connection = Connection()
        client = Client(connection, Deadlines())  # type: ignore[arg-type]
        client.tell([{"type": "a"}])  # nobody writes yet
        writing = asyncio.create_task(client.write())
        await _settled()
        client.tell([{"type": "b"}])  # behind what is being sent
        connection.gate.set()
        await _settled()
        client.tell([{"type": "c"}, {"type": "d"}])
        connection.ready = False
        client.tell([{"type": "e"}])
        connection.ready = True
        client.tell([{"type": "f"}])  # behind what has just been put in
        await _settled()
        client.tell([{"type": "g"}])
        client.finish()
        client.tell([{"type": "too late"}])
        await writing
        return connection.wire

    wire = run(scene())
    assert wire == ["in turn a", "in turn b", "at once c", "at once d", "in turn e", "in turn f", "at once g"]


async def _settled() -> None:
    """Let every task that can run do so."""
    for _ in range(10):
        await asyncio.sleep(0)
