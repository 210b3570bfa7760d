"""Calls that outlive sockets, calls with several clients, and the keys that back ends make for browsers."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import httpx
import pytest
from openai import AsyncOpenAI, AuthenticationError
from openai.types.realtime import ClientSecretCreateResponse
from websockets.asyncio.client import ClientConnection, connect

from tests.api.fakes import Served, serving, strictly
from tests.waiting import PATIENCE
from tests.waiting import until as until_it_is
from vivavoce.api.realtime.call import Limits
from vivavoce.api.realtime.client_secrets import KEPT, Secrets
from vivavoce.api.realtime.connection import drain
from vivavoce.api.realtime.opening import Opening

KEY = {"Authorization": "Bearer sk-test-1234567890"}
HELLO = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]}


async def next_event(socket: ClientConnection, *, ours: bool = False) -> Any:
    event = json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))
    return event if ours else strictly(event)


async def until(socket: ClientConnection, kind: str) -> list[Any]:
    events = [await next_event(socket)]
    while events[-1].type != kind:
        events.append(await next_event(socket))
    return events


async def say(socket: ClientConnection, kind: str, **fields: Any) -> None:
    await socket.send(json.dumps({"type": kind, **fields}))


def official(served: Served, key: str) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"{served.base}/v1", api_key=key)


def break_off(socket: ClientConnection) -> None:
    """The network is gone: no close frame."""
    socket.transport.abort()


async def ended(served: Served, place: int = 0) -> None:
    await until_it_is(lambda: served.script.opened[place].ended)


# --- calls that outlive sockets


def test_a_client_whose_connection_broke_off_comes_back_to_its_conversation():
    """Protects: the same session, its settings and all items; what nobody heard is stopped meanwhile."""

    async def scene() -> None:
        async with serving(limits=Limits(resume=PATIENCE)) as served:
            async with connect(served.ws) as first:
                session = (await next_event(first)).session
                await say(first, "session.update", session={"type": "realtime", "instructions": "Be kind."})
                await until(first, "session.updated")
                await say(first, "conversation.item.create", item={**HELLO, "id": "mine"})
                await until(first, "conversation.item.done")
                await say(first, "response.create")
                done = (await until(first, "response.done"))[-1]
                break_off(first)
            await until_it_is(lambda: served.script.opened[0].silenced)
            async with connect(f"{served.ws}&resume={session.id}") as second:
                created = await next_event(second)
                assert created.session.id == session.id and created.session.instructions == "Be kind."
                so_far = await until(second, "conversation.item.done") + await until(second, "conversation.item.done")
                items = [event.item.id for event in so_far if event.type == "conversation.item.added"]
                assert items == ["mine", done.response.output[0].id]
                assert [event.previous_item_id for event in so_far[::2]] == [None, "mine"]
                await say(second, "response.create")
                assert (await until(second, "response.done"))[-1].response.status == "completed"
            await ended(served)
            assert len(served.script.opened) == 1

    asyncio.run(scene())


def test_who_comes_back_before_the_break_was_noticed_takes_the_place_of_the_old_connection():
    async def scene() -> None:
        async with serving(limits=Limits(resume=PATIENCE)) as served, connect(served.ws) as first:
            session = (await next_event(first)).session
            async with connect(f"{served.ws}&resume={session.id}") as second:
                assert (await next_event(second)).session.id == session.id
                await asyncio.wait_for(first.wait_closed(), PATIENCE)
                await say(second, "input_audio_buffer.clear")
                assert (await next_event(second)).type == "input_audio_buffer.cleared"
                assert not served.script.opened[0].ended
            await ended(served)

    asyncio.run(scene())


def test_a_call_waits_only_so_long_and_not_at_all_for_who_hung_up():
    async def scene() -> None:
        async with serving(limits=Limits(resume=0.2)) as served:
            async with connect(served.ws) as socket:
                session = (await next_event(socket)).session
                break_off(socket)
            await ended(served)
            async with connect(f"{served.ws}&resume={session.id}") as late:
                error = (await next_event(late)).error
                assert error.code == "call_not_found" and error.param == "resume"
        async with serving(limits=Limits(resume=60)) as served:
            async with connect(served.ws) as socket:
                await next_event(socket)
            await ended(served)

    asyncio.run(scene())


def test_an_early_warning_comes_before_the_longest_time_is_over():
    async def scene() -> None:
        async with serving(limits=Limits(longest=0.6, warning=0.4)) as served, connect(served.ws) as socket:
            created = await next_event(socket)
            assert abs(created.session.expires_at - time.time()) < 5
            warning = await next_event(socket, ours=True)
            assert warning["type"] == "vivavoce.session.ending" and warning["reason"] == "session_expired"
            assert 0 < warning["seconds_left"] <= 0.3
            assert (await next_event(socket)).error.code == "session_expired"
            await asyncio.wait_for(socket.wait_closed(), PATIENCE)
            assert socket.close_code == 1001

    asyncio.run(scene())


# --- several clients of one call


def test_a_second_client_reads_along_and_answers_without_the_sound():
    """Protects the sideband: a back end joins by the call's id, changes the session, asks for a response; errors go
    to whoever made them; no audio deltas; when it leaves, the call goes on."""

    async def scene() -> None:
        async with serving() as served, connect(served.ws) as caller:
            session = (await next_event(caller)).session
            async with connect(f"{served.ws}&call_id={session.id}") as aside:
                assert (await next_event(aside)).session.id == session.id
                await say(aside, "session.update", session={"type": "realtime", "instructions": "From aside."})
                for socket in (caller, aside):
                    assert (await next_event(socket)).session.instructions == "From aside."
                await say(aside, "response.create", response={"metadata": {"from": "aside"}})
                heard, read = await until(caller, "response.done"), await until(aside, "response.done")
                assert read[0].response.metadata == {"from": "aside"}
                kinds = [event.type for event in heard]
                assert "response.output_audio.delta" in kinds
                assert [event.type for event in read] == [it for it in kinds if it != "response.output_audio.delta"]
                await say(aside, "conversation.item.delete", item_id="nobody")
                assert (await next_event(aside)).type == "error"
            await say(caller, "input_audio_buffer.clear")
            assert (await next_event(caller)).type == "input_audio_buffer.cleared"

    asyncio.run(scene())


def test_the_end_of_the_call_ends_those_who_joined_it():
    async def scene() -> None:
        async with serving() as served:
            async with connect(served.ws) as caller:
                session = (await next_event(caller)).session
                aside = await connect(f"{served.ws}&call_id={session.id}")
                await next_event(aside)
            await asyncio.wait_for(aside.wait_closed(), PATIENCE)

    asyncio.run(scene())


def test_another_key_joins_nobody_s_call():
    async def scene() -> None:
        keys = ("sk-test-1234567890", "sk-other-1234567890")
        async with serving(keys=keys) as served, connect(served.ws, additional_headers=KEY) as caller:
            session = (await next_event(caller)).session
            other = {"Authorization": f"Bearer {keys[1]}"}
            for how in ("call_id", "resume"):
                async with connect(f"{served.ws}&{how}={session.id}", additional_headers=other) as thief:
                    assert (await next_event(thief)).error.code == "call_not_found"
            assert len(served.script.opened) == 1 and not served.script.opened[0].ended

    asyncio.run(scene())


# --- client secrets


def test_a_browser_opens_the_session_that_its_back_end_described():
    """Protects: the official client's call and types; the session begins configured; the back end may join it."""

    async def scene() -> None:
        async with serving(keys=("sk-test-1234567890",)) as served, official(served, "sk-test-1234567890") as client:
            made = await client.realtime.client_secrets.create(
                expires_after={"anchor": "created_at", "seconds": 60},
                session={"type": "realtime", "model": "gpt-realtime-mini", "instructions": "Be brief."},
            )
            ClientSecretCreateResponse.model_validate(made.to_dict())
            assert made.value.startswith("ek_") and 50 < made.expires_at - time.time() <= 60
            assert made.session.instructions == "Be brief."
            async with official(served, made.value) as browser:
                for _ in range(2):  # one secret opens several sessions
                    async with browser.realtime.connect(model="gpt-realtime-mini") as connection:
                        session = (await connection.recv()).session
                        assert session.instructions == "Be brief." and session.model == "gpt-realtime-mini"
                        url = f"{served.ws}&call_id={session.id}"
                        async with connect(url, additional_headers=KEY) as aside:
                            assert (await next_event(aside)).session.id == session.id
                with pytest.raises(AuthenticationError):  # a browser makes no keys for others
                    await browser.realtime.client_secrets.create()

    asyncio.run(scene())


def test_a_secret_that_was_never_made_opens_nothing_and_a_bad_session_names_its_field():
    async def scene() -> None:
        wrong: list[tuple[str, dict[str, Any]]] = [
            ("session.output_modalities", {"session": {"type": "realtime", "output_modalities": ["smell"]}}),
            ("expires_after.seconds", {"expires_after": {"anchor": "created_at", "seconds": 5}}),
        ]
        async with serving() as served:
            fake = {"Authorization": "Bearer ek_0123456789"}
            async with connect(served.ws, additional_headers=fake) as socket:
                assert (await next_event(socket)).error.code == "invalid_api_key"
            async with httpx.AsyncClient(timeout=PATIENCE) as client:
                for param, request in wrong:
                    answer = await client.post(f"{served.base}/v1/realtime/client_secrets", json=request)
                    assert answer.status_code == 400 and answer.json()["error"]["param"] == param

    asyncio.run(scene())


def test_secrets_expire_and_are_bounded():
    now = [1000.0]
    secrets = Secrets(lambda: now[0])
    first, _ = secrets.make(Opening("m"), 10)
    assert secrets.find(first) is not None
    now[0] += 11
    assert secrets.find(first) is None
    kept, _ = secrets.make(Opening("m"), 100)
    for _ in range(KEPT):
        last, _ = secrets.make(Opening("m"), 100)
    assert secrets.find(kept) is None and secrets.find(last) is not None
    single, _ = secrets.make(Opening("m", call_id="rtc_1"), 100)
    assert secrets.find(single) is not None and secrets.find(single) is None  # one that was made for a call is used up


def test_a_server_that_stops_lets_conversations_come_to_their_end():
    async def scene() -> None:
        async with (
            serving(limits=Limits(resume=20)) as served,
            connect(served.ws) as leaver,
            connect(served.ws) as stayer,
        ):
            await next_event(leaver)
            await next_event(stayer)
            draining = asyncio.create_task(drain(served.service, 1.0))
            ending = json.loads(await stayer.recv())
            assert (ending["type"], ending["reason"]) == ("vivavoce.session.ending", "server_shutdown")
            await leaver.recv()
            await leaver.close()
            await say(stayer, "input_audio_buffer.clear")
            assert (await next_event(stayer)).type == "input_audio_buffer.cleared"  # it goes on meanwhile
            assert (await next_event(stayer)).error.code == "server_shutdown"
            await draining
            assert stayer.close_code == 1001 and not served.service.calls

    asyncio.run(scene())


def test_a_server_that_nobody_talks_to_stops_at_once():
    async def scene() -> None:
        async with serving() as served:
            await asyncio.wait_for(drain(served.service, 10 * PATIENCE), PATIENCE)

    asyncio.run(scene())
