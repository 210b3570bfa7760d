"""Telephone keys over a WebSocket: heard in the sound of a G.711 line, or told by a client that has another ear."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.api.fakes import Served, serving, strictly
from tests.audio.test_dtmf import dialled
from tests.waiting import PATIENCE
from vivavoce.api.realtime.intake import Intake
from vivavoce.audio.codecs import Encoding, encode
from vivavoce.audio.pcm import Pcm
from vivavoce.audio.resample import resample

PRESSED = "input_audio_buffer.dtmf_event_received"


async def say(socket: ClientConnection, kind: str, **fields: Any) -> None:
    await socket.send(json.dumps({"type": kind, **fields}))


async def until_cleared(socket: ClientConnection) -> list[dict[str, Any]]:
    """All that is told until the next `input_audio_buffer.cleared`."""
    events: list[dict[str, Any]] = []
    while not events or events[-1]["type"] != "input_audio_buffer.cleared":
        events.append(json.loads(await asyncio.wait_for(socket.recv(), PATIENCE)))
    return events


async def dial(served: Served, sound: bytes, encoding: Encoding, size: int) -> tuple[list[str], list[str]]:
    """What the caller and who listens in are told of a line whose sound comes in appends of `size` bytes."""
    async with connect(served.ws) as caller:
        session = json.loads(await caller.recv())["session"]
        async with connect(f"{served.ws}&call_id={session['id']}") as aside:
            await say(caller, "session.update", session={"type": "realtime", "audio": {"input": _format(encoding)}})
            for start in range(0, len(sound), size):
                piece = base64.b64encode(sound[start : start + size]).decode()
                await say(caller, "input_audio_buffer.append", audio=piece)
            await say(caller, "input_audio_buffer.clear")
            return _keys(await until_cleared(caller)), _keys(await until_cleared(aside))


def _format(encoding: Encoding) -> dict[str, Any]:
    return {"format": {"type": encoding}}


def _keys(events: list[dict[str, Any]]) -> list[str]:
    told = [event for event in events if event["type"] == PRESSED]
    for event in told:
        strictly(event)
    return [event["event"] for event in told]


def test_only_on_a_telephone_line_tones_are_kept_from_the_ear() -> None:
    sound = Pcm(dialled("159", 0.1, 0.1), 8_000)
    heard = {
        encoding: np.concatenate([bite.samples for bite, _ in Intake().take(sound, encoding)])
        for encoding in ("audio/pcmu", "audio/pcm")
    }
    assert np.array_equal(heard["audio/pcm"], sound.samples) and len(heard["audio/pcmu"]) == len(sound)
    assert np.sum(heard["audio/pcmu"] ** 2) < 0.35 * np.sum(sound.samples**2)


@pytest.mark.parametrize("encoding", ["audio/pcmu", "audio/pcma"])
@pytest.mark.parametrize("size", [160, 1_000_000])
def test_keys_are_heard_in_the_sound_of_a_telephone_line(encoding: Encoding, size: int) -> None:
    """Protects: µ-law and A-law, 20 ms at a time or all at once; the sideband is told too."""

    async def scene() -> None:
        async with serving() as served:
            sound = encode(dialled("0159*#D", 0.06), encoding)
            assert await dial(served, sound, encoding, size) == (list("0159*#D"), list("0159*#D"))

    asyncio.run(scene())


def test_in_other_sound_nobody_listens_for_keys() -> None:
    async def scene() -> None:
        async with serving() as served:
            line = resample(Pcm(dialled("0159", 0.06), 8_000), 24_000).samples
            assert await dial(served, encode(np.asarray(line), "audio/pcm"), "audio/pcm", 9_600) == ([], [])

    asyncio.run(scene())


def test_a_client_that_carries_a_telephone_call_may_tell_of_keys_itself() -> None:
    async def scene() -> None:
        async with serving() as served, connect(served.ws) as socket:
            await socket.recv()
            await say(socket, "vivavoce.input_audio_buffer.dtmf_event", event="#")
            pressed = strictly(json.loads(await socket.recv()))
            assert (pressed.type, pressed.event) == (PRESSED, "#")
            for wrong in ("11", "", "E", 5):
                await say(socket, "vivavoce.input_audio_buffer.dtmf_event", event=wrong)
                error = json.loads(await socket.recv())["error"]
                assert error["param"] == "event" and "0, 1, 2" in error["message"]

    asyncio.run(scene())
