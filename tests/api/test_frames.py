"""The quick way for common messages reads what the library's own way reads, wherever the network cuts."""

from __future__ import annotations

import asyncio
import base64
import json
import random

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from tests.api.fakes import serving
from tests.waiting import PATIENCE
from vivavoce.audio.pcm import Pcm
from vivavoce.telemetry.metrics import Metrics


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
            async with asyncio.timeout(PATIENCE):
                errors = [json.loads(await socket.recv())["error"] for _ in sent]
        return sent, [error["message"] for error in errors]

    sent, refused = asyncio.run(scene())
    for text, message in zip(sent, refused, strict=True):
        assert repr(text)[:20] in message or text[:18] in message


def append(number: int, spaced: bool) -> bytes:
    """A frame of sound that begins with its number."""
    samples = number.to_bytes(2, "little") + bytes(2 * 479)
    event = {"type": "input_audio_buffer.append", "audio": base64.b64encode(samples).decode()}
    return json.dumps(event, separators=None if spaced else (",", ":")).encode()


def mixed(dice: random.Random) -> tuple[bytes, list[str]]:
    """Frames of sound among other messages, and what should come of each: its number, or an error."""
    wire, sent = b"", []
    for number in range(120):
        kind = dice.choice(["plain", "spaced", "other", "broken", "cut"])
        data = said(f"{number} is no event") if kind == "other" else append(number, spaced=kind == "spaced")
        if kind == "broken":
            data = data.replace(b'"}', b'?"}')
        frames = [Frame(Opcode.TEXT, data)]
        if kind == "cut":
            frames = [Frame(Opcode.TEXT, data[:80], fin=False), Frame(Opcode.CONT, data[80:])]
        wire += b"".join(frame.serialize(mask=True) for frame in frames)
        sent.append("error" if kind in ("other", "broken") else str(number))
    return wire, sent


@pytest.mark.parametrize("seed", range(4))
def test_sound_that_needs_no_task_keeps_its_place_among_messages_that_do(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sound is taken where the socket is read, unless something before it is still being done."""
    dice = random.Random(seed)
    wire, sent = mixed(dice)
    order: list[str] = []
    monkeypatch.setattr(Metrics, "request_refused", lambda *_: order.append("error"))

    async def scene() -> None:
        async with serving() as served, connect(served.ws) as socket:
            await socket.recv()
            served.script.opened[0].heard = Heard(order)
            at = 0
            while at < len(wire):
                size = dice.choice([1, 7, 700, 1400, 10_000])
                socket.transport.write(wire[at : at + size])
                at += size
                if dice.random() < 0.3:
                    await asyncio.sleep(0)
            async with asyncio.timeout(PATIENCE):
                for _ in range(sent.count("error")):
                    await socket.recv()
                while len(order) < len(sent):
                    await asyncio.sleep(0.005)

    asyncio.run(scene())
    assert order == sent


class Heard(list[Pcm]):
    """Notes the numbers of the frames that are heard."""

    def __init__(self, order: list[str]) -> None:
        super().__init__()
        self._order = order

    def append(self, sound: Pcm) -> None:
        self._order.append(str(round(float(sound.samples[0]) * 32768)))


def test_text_that_is_none_ends_the_connection_as_the_protocol_has_it() -> None:
    async def scene() -> int | None:
        async with serving() as served, connect(served.ws) as socket:
            await socket.recv()
            socket.transport.write(Frame(Opcode.TEXT, b"\xff\xfe").serialize(mask=True))
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(socket.recv(), PATIENCE)
            return socket.close_code

    assert asyncio.run(scene()) == 1007


def test_a_frame_without_a_mask_is_refused() -> None:
    async def scene() -> int | None:
        async with serving() as served, connect(served.ws) as socket:
            await socket.recv()
            socket.transport.write(Frame(Opcode.TEXT, said("hello")).serialize(mask=False))
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(socket.recv(), PATIENCE)
            return socket.close_code

    assert asyncio.run(scene()) == 1002
