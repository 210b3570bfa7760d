"""Callers whose network fails, and who come back by a fresh offer: what ICE restarts are for."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

pytest.importorskip("aiortc", reason="pip install 'vivavoce[media]'")

from aioice import ice
from websockets.asyncio.client import connect

from tests.api.fakes import Served, serving
from tests.conftest import started
from tests.waiting import PATIENCE, measured, until
from tests.webrtc.caller import Caller
from tests.webrtc.test_calls import SEMANTIC, only_open, tone
from vivavoce.api.realtime.call import Limits
from vivavoce.errors import RequestError
from vivavoce.webrtc import reach
from vivavoce.webrtc.__main__ import Calls
from vivavoce.webrtc.uplink import Options, correction

TEXT = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Remember me."}]}


async def items_so_far(caller: Caller, count: int) -> list[dict[str, Any]]:
    return [(await caller.until("conversation.item.done"))["item"] for _ in range(count)]


@measured
def test_a_caller_that_vanished_goes_on_with_its_conversation(demo_server: str) -> None:
    """Protects: the same session and items by another connection; of an answer that was under way what was heard until
    the network failed is kept, and no more; the old connection is gone, the new one talks and hears."""

    async def scene() -> None:
        await only_open(demo_server, 0)  # those of other tests have ended
        async with Caller(demo_server, SEMANTIC) as first:
            first.voice.say(tone(1.0))
            await first.hears(1.2)
            first.vanish()
            heard = first.loud_ms / 1000
            await asyncio.sleep(1.5)  # plays to nobody
            async with Caller(demo_server, resume=first.call_id) as second:
                assert (second.session_id, second.call_id) == (first.session_id, first.call_id)
                asked, answered = await items_so_far(second, 2)
                assert asked["role"] == "user" and answered["status"] == "incomplete"
                second.send("conversation.item.retrieve", item_id=answered["id"])
                (part,) = (await second.until("conversation.item.retrieved"))["item"]["content"]
                kept = len(part["audio"]) * 3 / 4 / 2 / 24_000
                assert 0.1 <= kept <= heard + 1.0, "how exactly, tests of Reach tell"
                second.voice.say(tone(1.0))
                await second.until("output_audio_buffer.started")
                await second.hears(0.2)
                await only_open(demo_server, 1)

    asyncio.run(scene())


def test_who_comes_back_before_anybody_missed_it_takes_the_old_connection_s_place(demo_server: str) -> None:
    async def scene() -> None:
        async with Caller(demo_server) as first:
            first.send("conversation.item.create", item=TEXT)
            await first.until("conversation.item.done")
            async with Caller(demo_server, resume=first.call_id) as second:
                async with asyncio.timeout(PATIENCE):
                    await first.closed.wait()
                (item,) = await items_so_far(second, 1)
                assert item["content"][0]["text"] == "Remember me."
                second.send("input_audio_buffer.clear")
                await second.until("input_audio_buffer.cleared")

    asyncio.run(scene())


def test_a_conversation_goes_from_one_kind_of_connection_to_the_other(demo_server: str) -> None:
    """Protects: what a call needs of a session (16-bit sound, playback that the gateway manages) is seen to."""

    async def scene() -> None:
        url = demo_server.replace("http", "ws") + "/v1/realtime"
        async with connect(url, proxy=None) as socket:
            session = json.loads(await socket.recv())["session"]
            g711 = {"format": {"type": "audio/pcmu"}}
            change = {"type": "realtime", "audio": {"input": g711, "output": g711}}
            await socket.send(json.dumps({"type": "session.update", "session": change}))
            await socket.recv()
            async with Caller(demo_server, resume=session["id"]) as caller:
                updated = (await caller.until("session.updated"))["session"]
                assert updated["audio"]["input"]["format"]["type"] == "audio/pcm"
                assert updated["vivavoce"]["managed_playback"]
                caller.send("response.create")
                await caller.until("output_audio_buffer.started")
                async with connect(f"{url}?resume={caller.call_id}", proxy=None) as back:
                    assert json.loads(await back.recv())["session"]["id"] == session["id"]
                    async with asyncio.timeout(PATIENCE):
                        await caller.closed.wait()

    asyncio.run(scene())


# --- in one process, where ICE gives up sooner


@asynccontextmanager
async def house(limits: Limits, keys: tuple[str, ...] = ()) -> AsyncIterator[Served]:
    """A server with scripted sessions, and its calls."""
    calls: list[Calls] = []

    async def answer_offer(call_id: str, sdp: str, key: str, resume: str) -> str:
        done = await calls[0].answer({"call_id": call_id, "sdp": sdp, "key": key, "resume": resume})
        if "sdp" in done:
            return str(done["sdp"])
        raise RequestError(done["refused"], param=done["fault"])

    async with serving(limits=limits, answer_offer=answer_offer, keys=keys) as running:
        calls.append(Calls(Options(running.base.replace("http", "ws") + "/v1/realtime"), ""))
        try:
            yield running
        finally:
            await calls[0].close()


def vanish(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """And be missed within a second. Before, a busy machine must not look like a lost caller."""
    monkeypatch.setattr(ice, "CONSENT_FAILURES", 2)
    monkeypatch.setattr(reach, "SILENT", 0.3)
    caller.vanish()


async def ended(running: Served) -> None:
    await until(lambda: running.script.opened[0].ended)


def test_a_call_waits_for_a_caller_that_vanished_as_long_as_the_operator_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ice, "CONSENT_INTERVAL", 0.2)

    async def scene() -> None:
        async with house(Limits(resume=2.0)) as running:
            async with Caller(running.base) as caller:
                vanish(caller, monkeypatch)
                session = running.script.opened[0]
                await until(lambda: bool(session.silenced))
                assert not session.ended and caller.session_id in running.service.calls
                await ended(running)
                late = Caller(running.base, resume=caller.call_id)
                await late.peer.setLocalDescription(await late.peer.createOffer())
                refused = await late.offer()
                assert (refused.status_code, refused.json()["error"]["code"]) == (404, "call_not_found")
                await late.peer.close()

    asyncio.run(scene())


def test_who_hangs_up_is_not_waited_for() -> None:
    async def scene() -> None:
        async with house(Limits(resume=60.0)) as running:
            async with Caller(running.base) as caller:
                await asyncio.sleep(0.5)
                await caller.peer.close()
                await ended(running)
                assert not running.script.opened[0].silenced

    asyncio.run(scene())


def test_who_hangs_up_a_call_without_sound_is_not_waited_for_either() -> None:
    async def scene() -> None:
        async with house(Limits(resume=60.0)) as running:
            async with Caller(running.base, sounds=False) as caller:
                await caller.peer.close()
                await ended(running)
                assert not running.script.opened[0].silenced

    asyncio.run(scene())


def test_only_its_owner_resumes_a_call_and_nobody_one_that_was_hung_up() -> None:
    async def scene() -> None:
        async with (
            house(Limits(resume=60.0), ("sesame", "simsim")) as running,
            Caller(running.base, key="sesame") as caller,
            httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as web,
        ):
            url, offer = f"{running.base}/v1/realtime/calls", caller.peer.localDescription.sdp

            async def resume(key: str = "sesame", **body: Any) -> tuple[int, str]:
                headers, params = {"Authorization": f"Bearer {key}"}, {"resume": caller.call_id}
                answer = await web.post(url, params=params, headers=headers, **(body or {"content": offer}))
                return answer.status_code, answer.json()["error"]["param"] or answer.json()["error"]["code"]

            assert await resume("simsim") == (404, "resume")
            assert await resume(content="v=0\r\nm=nonsense\r\n") == (400, "sdp")
            form = {"sdp": (None, offer), "session": (None, '{"type": "realtime"}')}
            assert await resume(files=form) == (400, "session")
            caller.send("input_audio_buffer.clear")  # none of these has cost the caller its connection
            await caller.until("input_audio_buffer.cleared")
            headers = {"Authorization": "Bearer sesame"}
            assert (await web.post(f"{url}/{caller.call_id}/hangup", headers=headers)).status_code == 200
            async with asyncio.timeout(PATIENCE):
                await caller.closed.wait()
            assert await resume() == (404, "resume")

    asyncio.run(scene())


# --- a server that stops


def test_callers_are_told_before_the_server_stops() -> None:
    """Protects: the early warning, the reason, the end, in this order; by Ctrl-C, which reaches the gateway too."""

    async def scene(base: str, server: subprocess.Popen) -> None:
        async with Caller(base) as caller:
            os.killpg(server.pid, signal.SIGINT)
            ending = await caller.until("vivavoce.session.ending")
            assert ending["reason"] == "server_shutdown"
            caller.send("input_audio_buffer.clear")
            await caller.until("input_audio_buffer.cleared")  # it goes on meanwhile
            assert (await caller.next())["error"]["code"] == "server_shutdown"
            async with asyncio.timeout(PATIENCE):
                await caller.closed.wait()

    with started("--demo") as (base, server):
        asyncio.run(scene(base, server))


@pytest.mark.parametrize(
    ("session", "patch"),
    [
        ({"type": "realtime", "audio": {}, "vivavoce": {"managed_playback": True}}, None),
        ({"type": "realtime", "audio": {}}, {"type": "realtime", "vivavoce": {"managed_playback": True}}),
        ({"type": "transcription", "audio": {"input": {"format": {"type": "audio/pcm", "rate": 24_000}}}}, None),
        (
            {"type": "transcription", "audio": {"input": {"format": {"type": "audio/pcma"}}}},
            {"type": "transcription", "audio": {"input": {"format": {"type": "audio/pcm", "rate": 24_000}}}},
        ),
    ],
)
def test_a_session_is_made_one_that_a_call_can_carry(session: dict[str, Any], patch: dict[str, Any] | None) -> None:
    assert correction(session) == patch
