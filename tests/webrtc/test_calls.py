"""Calls over WebRTC, from a caller's offer to the sound it hears: aiortc calls, the demo's engines answer."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import httpx
import numpy as np
import pytest

pytest.importorskip("aiortc", reason="pip install 'vivavoce[media]'")

from websockets.asyncio.client import connect

from tests.conftest import served
from tests.waiting import PATIENCE, measured, until
from tests.webrtc.caller import RATE, Caller
from vivavoce.audio.pcm import Pcm
from vivavoce.webrtc.__main__ import with_public_address

SEMANTIC = {"type": "realtime", "audio": {"input": {"turn_detection": {"type": "server_vad"}}}}


def tone(seconds: float) -> Pcm:
    times = np.arange(round(seconds * RATE)) / RATE
    return Pcm((0.3 * np.sin(2 * np.pi * 330 * times)).astype(np.float32), RATE)


@measured
def test_a_spoken_turn_is_answered_aloud_and_told_in_order(demo_server: str) -> None:
    async def scene() -> None:
        async with Caller(demo_server, SEMANTIC) as caller:
            caller.voice.say(tone(1.0))
            started = await caller.until("output_audio_buffer.started")
            ended = await caller.until("output_audio_buffer.stopped")
            assert started["response_id"] == ended["response_id"]
            kinds = [event["type"] for _, event in caller.seen]
            order = ["input_audio_buffer.speech_started", "input_audio_buffer.committed", "response.created"]
            order += ["output_audio_buffer.started", "response.done", "output_audio_buffer.stopped"]
            assert [kind for kind in kinds if kind in order] == order
            assert not [kind for kind in kinds if kind == "response.output_audio.delta" or "vivavoce" in kind]
            sound = caller.heard_sound()
            heard = sound.samples
            spectrum = np.abs(np.fft.rfft(heard))
            assert spectrum.argmax() / sound.seconds == pytest.approx(220, abs=3)  # what ToneVoice hums
            loud = heard[np.abs(heard) > 0.05]
            assert np.sqrt((loud**2).mean()) == pytest.approx(0.2 / np.sqrt(2), rel=0.2)

    asyncio.run(scene())


@measured
def test_an_interruption_stops_the_sound_and_keeps_exactly_what_was_heard(demo_server: str) -> None:
    async def scene() -> None:
        async with Caller(demo_server, SEMANTIC) as caller:
            caller.voice.say(tone(1.0))
            await caller.until("output_audio_buffer.started")
            await caller.hears(1.5)
            caller.voice.say(tone(0.6))
            await caller.until("output_audio_buffer.cleared")
            cut = await caller.until("conversation.item.truncated")
            await caller.hears_nothing(0.3)
            assert cut["audio_end_ms"] == pytest.approx(caller.loud_ms, abs=60)

    asyncio.run(scene())


@measured
def test_a_caller_who_asks_is_told_what_is_done_to_the_voice(demo_server: str) -> None:
    """A page shows that it speaks softly; of the ducking itself the gateway takes care."""

    async def scene() -> None:
        async with Caller(demo_server) as caller:
            turns = {"input": {"turn_detection": {"type": "semantic_vad"}}}
            asked = {"type": "realtime", "audio": turns, "vivavoce": {"managed_playback": True}}
            caller.send("session.update", session=asked)
            await caller.until("session.updated")
            caller.voice.say(tone(1.0))
            await caller.until("output_audio_buffer.started")
            caller.voice.say(tone(2.0))
            ducked = await caller.until("vivavoce.output_audio.ducked")
            assert ducked["gain_db"] < 0
            caller.send("session.update", session={"type": "realtime", "vivavoce": {"managed_playback": False}})
            await caller.until("conversation.item.truncated")

    asyncio.run(scene())


@measured
def test_the_client_may_stop_the_sound_itself(demo_server: str) -> None:
    async def scene() -> None:
        async with Caller(demo_server) as caller:
            caller.send("response.create")
            await caller.until("output_audio_buffer.started")
            await caller.hears(0.4)
            caller.send("response.cancel")
            caller.send("output_audio_buffer.clear")
            await caller.until("output_audio_buffer.cleared")
            cut = await caller.until("conversation.item.truncated")
            await caller.hears_nothing(0.3)
            assert cut["audio_end_ms"] == pytest.approx(caller.loud_ms, abs=60)
            caller.send("nonsense")
            assert (await caller.next())["type"] in ("error", "response.done")

    asyncio.run(scene())


def test_a_call_is_joined_by_its_id_and_hung_up(demo_server: str) -> None:
    async def scene() -> None:
        async with Caller(demo_server) as caller:
            url = demo_server.replace("http", "ws") + f"/v1/realtime?call_id={caller.call_id}"
            async with connect(url, proxy=None) as aside:
                assert json.loads(await aside.recv())["type"] == "session.created"
                update = {"type": "session.update", "session": {"type": "realtime", "instructions": "Be brief."}}
                await aside.send(json.dumps(update))
                updated = await caller.until("session.updated")
                assert updated["session"]["instructions"] == "Be brief."
            async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as web:
                gone = f"{demo_server}/v1/realtime/calls/{caller.call_id}/hangup"
                assert (await web.post(gone)).status_code == 200
                await asyncio.wait_for(caller.closed.wait(), PATIENCE)
                assert (await web.post(gone)).status_code == 404

    asyncio.run(scene())


def test_what_is_too_large_for_a_data_channel_comes_without_its_sound(demo_server: str) -> None:
    async def scene() -> None:
        async with Caller(demo_server, SEMANTIC) as caller:
            caller.voice.say(tone(5.0))
            item = (await caller.until("conversation.item.done"))["item"]
            caller.send("conversation.item.retrieve", item_id=item["id"])
            (part,) = (await caller.until("conversation.item.retrieved"))["item"]["content"]
            assert part["type"] == "input_audio" and "audio" not in part

    asyncio.run(scene())


def test_client_secrets_open_calls_and_strangers_do_not() -> None:
    async def scene(base: str) -> None:
        async with httpx.AsyncClient(
            trust_env=False, headers={"Authorization": "Bearer sesame"}, timeout=PATIENCE
        ) as web:
            session = {"type": "realtime", "instructions": "Be kind."}
            made = await web.post(f"{base}/v1/realtime/client_secrets", json={"session": session})
            answer = await web.post(f"{base}/v1/realtime/calls", content="v=0", headers={"Authorization": "Bearer no"})
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")
        async with Caller(base, key=made.json()["value"]) as caller:
            caller.send("session.update", session={"type": "realtime"})
            assert (await caller.until("session.updated"))["session"]["instructions"] == "Be kind."

    with served("--demo", "--api-key", "sesame") as base:
        asyncio.run(scene(base))


def test_a_caller_that_leaves_frees_its_place(demo_server: str) -> None:
    async def scene() -> None:
        await only_open(demo_server, 0)  # those of other tests have ended
        async with Caller(demo_server):
            await only_open(demo_server, 1)
        await only_open(demo_server, 0)

    asyncio.run(scene())


async def only_open(base: str, count: int) -> None:
    async def are_open() -> bool:
        return await sessions(base) == count

    await until(are_open)


async def sessions(base: str) -> float:
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as web:
        text = (await web.get(f"{base}/metrics")).text
    return float(next(line.split()[1] for line in text.splitlines() if line.startswith("vivavoce_sessions_open ")))


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"content": ""}, 400, "sdp"),
        ({"content": "hello"}, 400, "sdp"),
        ({"content": "v=0\r\nm=nonsense\r\n"}, 400, "sdp"),
        ({"content": "v=0" + "x" * 70_000}, 413, None),
        ({"files": {"session": (None, "{}")}}, 400, "sdp"),
        ({"files": {"sdp": (None, "v=0"), "session": (None, '{"audio": 5}')}}, 400, "session.audio"),
        ({"files": {"sdp": (None, "v=0"), "session": (None, "[")}}, 400, None),
    ],
)
def test_offers_that_are_none_are_refused(
    demo_server: str, body: dict[str, Any], status: int, param: str | None
) -> None:
    answer = httpx.post(f"{demo_server}/v1/realtime/calls", **body, timeout=PATIENCE, trust_env=False)
    assert answer.status_code == status and answer.json()["error"]["param"] == param


@pytest.mark.parametrize("keys", ["", " 126"])
def test_an_offer_without_opus_is_refused_with_the_remedy(demo_server: str, keys: str) -> None:
    """Also where telephone keys would be something that both know."""

    async def scene() -> None:
        caller = Caller(demo_server)
        await caller.peer.setLocalDescription(await caller.peer.createOffer())
        known = "a=rtpmap:0 PCMU/8000\r\n" + ("a=rtpmap:126 telephone-event/8000\r\n" if keys else "")
        offer = re.sub(r"a=rtpmap:\d+ [^\r]*\r\n", "", caller.peer.localDescription.sdp)
        offer = re.sub(r"(m=audio \d+ \S+) [^\r]*", rf"\1 0{keys}", offer).replace(
            "a=rtcp-mux\r\n", f"a=rtcp-mux\r\n{known}"
        )
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as web:
            answer = await web.post(f"{demo_server}/v1/realtime/calls", content=offer)
        await caller.peer.close()
        assert answer.status_code == 400 and answer.json()["error"]["param"] == "sdp"
        assert "Opus" in answer.json()["error"]["message"]

    asyncio.run(scene())


def test_telephone_calls_are_said_not_to_be_served(demo_server: str) -> None:
    answer = httpx.post(f"{demo_server}/v1/realtime/calls/rtc_1/accept", json={}, trust_env=False, timeout=PATIENCE)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "sip_unavailable")


def test_ports_and_public_address_are_those_of_the_settings() -> None:
    environment = {"VIVAVOCE_WEBRTC__PORTS": "42000-42040", "VIVAVOCE_WEBRTC__PUBLIC_ADDRESS": "203.0.113.7"}

    async def scene(base: str) -> None:
        caller = Caller(base)
        await caller.peer.setLocalDescription(await caller.peer.createOffer())
        answer = await caller.offer()
        await caller.peer.close()
        candidates = [line.split() for line in answer.text.splitlines() if line.startswith("a=candidate")]
        assert candidates and {it[4] for it in candidates if "." in it[4]} == {"203.0.113.7"}
        assert all(42000 <= int(it[5]) <= 42040 for it in candidates)

    with served("--demo", environment=environment) as base:
        asyncio.run(scene(base))


def test_only_host_candidates_are_renamed() -> None:
    line = "a=candidate:1 1 udp 2130706431 {} 5000 typ {}\r\n"
    sdp = line.format("10.0.0.2", "host") + line.format("fe80::1", "host") + line.format("198.51.100.1", "srflx")
    renamed = with_public_address(sdp, "203.0.113.7")
    assert "203.0.113.7 5000 typ host" in renamed and "fe80::1" in renamed and "198.51.100.1" in renamed
    assert with_public_address(sdp, "") == sdp
