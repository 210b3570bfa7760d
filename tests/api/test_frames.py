"""The quick way for common messages reads what the library's own way reads, wherever the network cuts."""

from __future__ import annotations

import asyncio
import json
import random

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from tests.api.fakes import serving


def said(text: str) -> bytes:
    return json.dumps({"type": text}).encode()


@pytest.mark.parametrize("seed", range(6))
def test_messages_arrive_whole_and_in_order_wherever_they_are_cut(seed: int) -> None:
    """Small and large, in one frame and in many, with pings between, in pieces of every size."""
    dice = random.Random(seed)

    async def scene() -> tuple[list[str], list[str]]:
        sent, wire = [], b""
        for n in range(60):
            text = f"{n} {'ä' * dice.choice([0, 1, 50, 60, 200, 70_000 if n % 20 == 7 else 3])}"
            sent.append(text)
            data = said(text)
            if dice.random() < 0.2:
                cut = dice.randrange(len(data))
                frames = [
                    Frame(Opcode.TEXT, data[:cut], fin=False),
                    Frame(Opcode.PING, b"hi"),
                    Frame(Opcode.CONT, data[cut:]),
                ]
            else:
                frames = [Frame(Opcode.TEXT, data)]
            wire += b"".join(frame.serialize(mask=True) for frame in frames)
        async with serving() as served, connect(served.ws, max_size=None) as socket:
            await socket.recv()
            at = 0
            while at < len(wire):
                size = dice.choice([1, 3, 7, 100, 1400, 60_000])
                socket.transport.write(wire[at : at + size])
                at += size
                if dice.random() < 0.2:
                    await asyncio.sleep(0.001)
            async with asyncio.timeout(20):
                errors = [json.loads(await socket.recv())["error"] for _ in sent]
        return sent, [error["message"] for error in errors]

    sent, refused = asyncio.run(scene())
    for text, message in zip(sent, refused, strict=True):
        assert repr(text)[:20] in message or text[:18] in message


def test_text_that_is_none_ends_the_connection_as_the_protocol_has_it() -> None:
    async def scene() -> int | None:
        async with serving() as served, connect(served.ws) as socket:
            await socket.recv()
            socket.transport.write(Frame(Opcode.TEXT, b"\xff\xfe").serialize(mask=True))
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(socket.recv(), 10)
            return socket.close_code

    assert asyncio.run(scene()) == 1007


def test_a_frame_without_a_mask_is_refused() -> None:
    async def scene() -> int | None:
        async with serving() as served, connect(served.ws) as socket:
            await socket.recv()
            socket.transport.write(Frame(Opcode.TEXT, said("hello")).serialize(mask=False))
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(socket.recv(), 10)
            return socket.close_code

    assert asyncio.run(scene()) == 1002
