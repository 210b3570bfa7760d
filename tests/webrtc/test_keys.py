"""Telephone keys over WebRTC, from a caller's packets to the event that the contract has for them."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

pytest.importorskip("aiortc", reason="pip install 'vivavoce[media]'")

from websockets.asyncio.client import connect

from tests.webrtc.caller import Caller
from tests.webrtc.keys import Keyboard
from tests.webrtc.lossy import spoil
from tests.webrtc.test_calls import SEMANTIC, tone
from vivavoce.webrtc.tracks import negotiate_what_we_carry

PRESSED = "input_audio_buffer.dtmf_event_received"
negotiate_what_we_carry()  # so that the caller offers them


@pytest.mark.parametrize("clock", [48_000, 8_000])
def test_each_key_is_told_once_to_the_caller_and_to_who_listens_in(demo_server: str, clock: int) -> None:
    async def scene() -> None:
        async with Caller(demo_server) as caller:
            url = demo_server.replace("http", "ws") + f"/v1/realtime?call_id={caller.call_id}"
            async with connect(url, proxy=None) as aside:
                await aside.recv()
                await Keyboard(caller.peer, clock).press("12*#D")
                told = [await caller.until(PRESSED) for _ in range(5)]
                assert [event["event"] for event in told] == list("12*#D")
                for event in told:
                    assert set(event) == {"type", "event", "received_at"}
                    assert abs(event["received_at"] - time.time()) < 60 and isinstance(event["received_at"], int)
                heard: list[dict[str, Any]] = [json.loads(await aside.recv()) for _ in range(5)]
                assert heard == told

    asyncio.run(scene())


def test_a_voice_before_and_after_a_key_is_heard_and_packets_that_are_lost_double_none(demo_server: str) -> None:
    async def scene() -> None:
        async with Caller(demo_server, SEMANTIC) as caller:
            spoil(caller.peer, loss=0.1, jitter=0.04)
            keyboard = Keyboard(caller.peer, 48_000)
            await keyboard.press("5577", frames=10)
            caller.voice.say(tone(1.0))
            await caller.until("input_audio_buffer.committed")
            await caller.until("output_audio_buffer.started")
            assert [event["event"] for _, event in caller.seen if event["type"] == PRESSED] == list("5577")

    asyncio.run(scene())
