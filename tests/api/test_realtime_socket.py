"""The wire through a real socket: a real uvicorn, the official client, and clients that misbehave."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from typing import Any

import pytest
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from tests.api.fakes import FakeSession, Script, Served, reply, serving, strictly, tone, turn
from tests.waiting import PATIENCE
from tests.waiting import until as until_it_is
from vivavoce.api.realtime.client import Deadlines
from vivavoce.conversation.config import ReplyOptions, ResponseRequest, SemanticVad
from vivavoce.conversation.events import OutputStarted, ReplyAudio, ResponseEnded, ResponseStarted, Usage
from vivavoce.conversation.items import Message
from vivavoce.errors import SessionError, SessionRefused

KEY = "sk-test-1234567890"
SILENCE = base64.b64encode(bytes(4800)).decode()


async def next_event(socket: ClientConnection) -> Any:
    """The next message, held against the official types."""
    return strictly(json.loads(await asyncio.wait_for(socket.recv(), PATIENCE)))


async def say(socket: ClientConnection, kind: str, **fields: Any) -> None:
    await socket.send(json.dumps({"type": kind, **fields}))


async def until(socket: ClientConnection, kind: str) -> list[Any]:
    events = [await next_event(socket)]
    while events[-1].type != kind:
        events.append(await next_event(socket))
    return events


async def close_code(socket: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            await asyncio.wait_for(socket.recv(), PATIENCE)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


async def ended(session: FakeSession) -> None:
    await until_it_is(lambda: session.ended)


async def none_open(served: Served) -> None:
    await until_it_is(lambda: b"vivavoce_sessions_open 0.0" in served.metrics.exposition())


def official(served: Served, key: str = "any") -> Any:
    client = AsyncOpenAI(base_url=f"{served.base}/v1", api_key=key)
    return client.realtime.connect(model="gpt-realtime")


async def collect(connection: AsyncRealtimeConnection, last: str) -> list[Any]:
    events = [await asyncio.wait_for(connection.recv(), PATIENCE)]
    while events[-1].type != last:
        events.append(await asyncio.wait_for(connection.recv(), PATIENCE))
    return events


# --- the official client


def test_the_official_client_talks_with_us() -> None:
    """Its calls, our answers: configure, append, commit, items, retrieve, truncate, delete, respond."""

    async def scene() -> None:
        async with serving() as served, official(served) as connection:
            created = await connection.recv()
            assert created.type == "session.created" and created.session.id == served.script.opened[0].id
            await connection.session.update(
                session={
                    "type": "realtime",
                    "instructions": "Be brief.",
                    "audio": {"input": {"turn_detection": {"type": "semantic_vad", "eagerness": "high"}}},
                }
            )
            updated = await connection.recv()
            assert updated.type == "session.updated" and updated.session.audio.input.turn_detection.eagerness == "high"
            (session,) = served.script.opened
            assert session.config.turn.detection == SemanticVad("high")
            assert session.config.reply.instructions == "Be brief."
            await connection.input_audio_buffer.append(audio=SILENCE)
            await connection.input_audio_buffer.commit()
            committed = await collect(connection, "conversation.item.done")
            assert [event.type for event in committed] == [
                "input_audio_buffer.committed",
                "conversation.item.added",
                "conversation.item.done",
            ]
            await connection.conversation.item.retrieve(item_id=committed[0].item_id)
            retrieved = await connection.recv()
            assert base64.b64decode(retrieved.item.content[0].audio) == bytes(4800)
            await connection.conversation.item.create(
                item={
                    "id": "mine",
                    "type": "message",
                    "role": "user",
                    "content": [{"type": "input_text", "text": "Hi"}],
                },
                previous_item_id="root",
            )
            assert (await collect(connection, "conversation.item.done"))[-1].item.id == "mine"
            await connection.conversation.item.truncate(item_id="mine", content_index=0, audio_end_ms=10)
            assert (await connection.recv()).type == "conversation.item.truncated"
            await connection.conversation.item.delete(item_id="mine")
            assert (await connection.recv()).type == "conversation.item.deleted"
            await connection.input_audio_buffer.clear()
            assert (await connection.recv()).type == "input_audio_buffer.cleared"
            await connection.response.create(response={"metadata": {"client_event_id": "x"}})
            events = await collect(connection, "response.done")
            assert events[0].response.metadata == {"client_event_id": "x"}
            assert events[-1].response.status == "completed"
            assert events[-1].to_dict()["vivavoce"]["latency_ms"]["endpoint"] == 100.0

    asyncio.run(scene())


def test_a_response_may_take_its_context_from_references_and_items() -> None:
    async def scene() -> None:
        async with serving() as served, official(served) as connection:
            await connection.recv()
            await connection.conversation.item.create(
                item={"id": "a", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}
            )
            await collect(connection, "conversation.item.done")
            response: Any = {"conversation": "none", "input": [{"type": "item_reference", "id": "a"}]}
            await connection.response.create(response=response)
            events = await collect(connection, "response.done")
            assert events[0].response.conversation_id is None
            (request,) = served.script.opened[0].requests
            assert request.input is not None and request.input[0].id == "a" and not request.in_conversation
            response["input"][0]["id"] = "nobody"
            await connection.response.create(response=response, event_id="evt_9")
            error = (await connection.recv()).error
            assert (error.param, error.code, error.event_id) == ("response.input.0.id", "item_not_found", "evt_9")

    asyncio.run(scene())


def test_the_voice_cannot_change_after_it_was_heard() -> None:
    async def scene() -> None:
        async with serving() as served, official(served) as connection:
            await connection.recv()
            await connection.response.create()
            await collect(connection, "response.done")
            await connection.session.update(session={"type": "realtime", "audio": {"output": {"voice": "cedar"}}})
            assert (await connection.recv()).error.code == "cannot_update_voice"

    asyncio.run(scene())


def test_events_of_a_session_reach_the_client_in_their_order() -> None:
    async def talk(session: FakeSession) -> None:
        await session.tell(*turn())
        item = Message("item_a", "assistant", (), "in_progress")
        await session.tell(*reply("resp_1", item, "item_user", ResponseRequest(ReplyOptions()), 3.0))
        await session.closed.wait()

    async def scene() -> None:
        async with serving(Script(life=talk)) as served, connect(served.ws) as socket:
            events = await until(socket, "response.done")
            assert [event.type for event in events[:4]] == [
                "session.created",
                "input_audio_buffer.speech_started",
                "input_audio_buffer.speech_stopped",
                "input_audio_buffer.committed",
            ]
            sound = b"".join(base64.b64decode(it.delta) for it in events if it.type == "response.output_audio.delta")
            assert abs(len(sound) / 48_000 - 3.0) < 0.01

    asyncio.run(scene())


# --- who comes in


@pytest.mark.parametrize("way", ["bearer", "api-key", "subprotocol"])
def test_every_way_to_show_a_key_opens_the_socket(way: str) -> None:
    async def scene() -> None:
        headers = {"bearer": {"Authorization": f"Bearer {KEY}"}, "api-key": {"api-key": KEY}}.get(way, {})
        offered = [Subprotocol("realtime"), Subprotocol(f"openai-insecure-api-key.{KEY}")] if not headers else None
        async with (
            serving(keys=(KEY,)) as served,
            connect(served.ws, additional_headers=headers, subprotocols=offered) as socket,
        ):
            assert (await next_event(socket)).type == "session.created"
            assert socket.subprotocol == ("realtime" if offered else None)

    asyncio.run(scene())


@pytest.mark.parametrize("key", ["sk-wrong-987654321", None])
def test_a_wrong_key_is_told_after_the_socket_opened_and_never_logged(
    key: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("websockets").setLevel(logging.INFO)  # the client of this test, in the same process

    async def scene() -> None:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        async with serving(keys=(KEY,)) as served, connect(served.ws, additional_headers=headers) as socket:
            event = await next_event(socket)
            assert event.type == "error" and event.error.code == "invalid_api_key"
            assert event.error.message.startswith("Incorrect API key provided")
            assert await close_code(socket) == 1008
            assert not served.script.opened

    asyncio.run(scene())
    assert "987654321" not in caplog.text and KEY not in caplog.text


def test_without_keys_the_key_an_sdk_sends_is_ignored() -> None:
    async def scene() -> None:
        async with serving() as served, official(served, "sk-whatever") as connection:
            assert (await connection.recv()).type == "session.created"

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Origin": "http://localhost:5173"}, None),
    ],
)
def test_pages_of_other_sites_cannot_open_a_server_without_keys(headers: dict[str, str], status: int | None) -> None:
    async def scene() -> None:
        async with serving() as served:
            port = int(served.base.rsplit(":", 1)[1])
            name = headers.get("Host", "127.0.0.1")
            url = f"ws://{name}:{port}/v1/realtime"
            extra = {key: value for key, value in headers.items() if key != "Host"}
            opening = connect(url, host="127.0.0.1", port=port, additional_headers=extra)
            if status is None:
                async with opening as socket:
                    assert (await next_event(socket)).type == "session.created"
            else:
                with pytest.raises(InvalidStatus) as refusal:
                    await opening
                assert refusal.value.response.status_code == status
                assert not served.script.opened

    asyncio.run(scene())


def test_with_a_key_a_page_of_another_site_is_a_client_like_any_other() -> None:
    async def scene() -> None:
        headers = {"Origin": "https://app.example", "Authorization": f"Bearer {KEY}"}
        async with serving(keys=(KEY,)) as served, connect(served.ws, additional_headers=headers) as socket:
            assert (await next_event(socket)).type == "session.created"

    asyncio.run(scene())


def test_a_full_server_says_so_and_that_trying_later_helps() -> None:
    async def scene() -> None:
        script = Script(refuse=SessionRefused("All 4 places are taken; try again later."))
        async with serving(script) as served, connect(served.ws) as socket:
            event = await next_event(socket)
            assert event.error.code == "server_busy" and "try again" in event.error.message
            assert await close_code(socket) == 1013
            assert b"vivavoce_sessions_refused_total 1.0" in served.metrics.exposition()

    asyncio.run(scene())


def test_a_transcription_session_listens_and_answers_nothing() -> None:
    async def scene() -> None:
        async with serving() as served, connect(f"{served.ws}&intent=transcription") as socket:
            created = await next_event(socket)
            assert (created.type, created.session.type) == ("session.created", "transcription")
            assert created.session.audio.input.transcription.model == "whisper-1"
            update = {"type": "transcription", "include": ["item.input_audio_transcription.logprobs"]}
            await say(socket, "session.update", session={**update, "audio": {"input": {"turn_detection": None}}})
            updated = await next_event(socket)
            assert updated.session.include == update["include"] and updated.session.audio.input.turn_detection is None
            config = served.script.opened[0].config
            assert not config.turn.create_response and config.transcription.logprobs
            await say(socket, "response.create")
            assert "transcription session" in (await next_event(socket)).error.message
            await say(socket, "session.update", session={"type": "realtime"})
            assert (await next_event(socket)).error.param == "session.type"
            await say(socket, "session.update", session={"audio": {"output": {"voice": "marin"}}})
            assert (await next_event(socket)).error.param == "session.audio.output"

    asyncio.run(scene())


# --- bad input: the session stays open


BAD = [
    ("not json", None, "invalid_json"),
    ("[1, 2]", None, "invalid_json"),
    (b"\x00\x01", None, "invalid_json"),
    ('{"type": "make.coffee", "event_id": "evt_1"}', "type", "invalid_value"),
    ('{"event_id": "evt_1"}', "type", "missing_required_parameter"),
    ('{"type": "input_audio_buffer.append", "event_id": "evt_1"}', "audio", "missing_required_parameter"),
    ('{"type": "input_audio_buffer.append", "event_id": "evt_1", "audio": 5}', "audio", "invalid_value"),
    ('{"type": "input_audio_buffer.append", "event_id": "evt_1", "audio": "AAAA"}', "audio", "invalid_value"),
    ('{"type": "input_audio_buffer.append", "audio": "' + "A" * (16 * 2**20) + '"}', "audio", "invalid_value"),
    (
        '{"type": "session.update", "session": {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 8000}}}}}',
        "session.audio.input.format.rate",
        "invalid_value",
    ),
    ('{"type": "input_audio_buffer.commit"}', None, "input_audio_buffer_commit_empty"),
    ('{"type": "conversation.item.delete", "item_id": "nobody"}', "item_id", "item_not_found"),
    ('{"type": "output_audio_buffer.clear"}', "type", "invalid_value"),
]


def test_bad_input_is_answered_and_the_session_stays_open() -> None:
    async def scene() -> None:
        async with serving() as served, connect(served.ws) as socket:
            await next_event(socket)
            for message, param, code in BAD:
                await socket.send(message)
                event = await next_event(socket)
                assert (event.type, event.error.type) == ("error", "invalid_request_error")
                assert (event.error.param, event.error.code) == (param, code), message[:80]
                named = isinstance(message, str) and "evt_1" in message
                assert event.error.event_id == ("evt_1" if named else None)
            await say(socket, "response.create")
            assert (await until(socket, "response.done"))[-1].response.status == "completed"

    asyncio.run(scene())


def test_a_message_too_large_for_the_socket_ends_only_this_connection() -> None:
    async def scene() -> None:
        async with serving() as served:
            async with connect(served.ws) as socket:
                await next_event(socket)
                with pytest.raises(ConnectionClosed) as closed:
                    await socket.send("x" * (21 * 2**20))
                    await until(socket, "nothing")
                assert closed.value.rcvd is not None and closed.value.rcvd.code == 1009
            await ended(served.script.opened[0])
            async with connect(served.ws) as socket:
                assert (await next_event(socket)).type == "session.created"

    asyncio.run(scene())


def test_the_largest_append_is_heard_whole_in_small_bites() -> None:
    """Four minutes in one event must not reach the ear as one block."""

    async def scene() -> None:
        async with serving() as served, connect(served.ws) as socket:
            await next_event(socket)
            await say(socket, "input_audio_buffer.append", audio="A" * (15 * 2**20))
            await say(socket, "input_audio_buffer.clear")
            session = served.script.opened[0]
            bites: list[float] = []
            clear = session.clear

            async def count_first() -> None:
                bites.extend(sound.seconds for sound in session.heard)
                await clear()

            session.clear = count_first  # type: ignore[method-assign]
            assert (await next_event(socket)).type == "input_audio_buffer.cleared"
            assert max(bites) <= 1.0 and abs(sum(bites) - 15 * 2**20 * 3 / 4 / 48_000) < 0.01

    asyncio.run(scene())


# --- clients that vanish or do not read, sessions that break


@pytest.mark.parametrize("how", ["close", "cut"])
def test_a_client_that_vanishes_in_mid_reply_ends_everything(how: str) -> None:
    async def talk(session: FakeSession) -> None:
        item = Message("item_a", "assistant", (), "in_progress")
        await session.tell(ResponseStarted("r", ResponseRequest(ReplyOptions())), OutputStarted("r", 0, item, None))
        while not session.closed.is_set():
            await session.tell(ReplyAudio("r", "item_a", 0, tone(0.2)))
            await asyncio.sleep(0.005)

    async def scene() -> None:
        async with serving(Script(life=talk)) as served:
            async with connect(served.ws) as socket:
                await until(socket, "response.output_audio.delta")
                if how == "cut":
                    socket.transport.abort()
            await ended(served.script.opened[0])
            await none_open(served)

    asyncio.run(scene())


def test_a_client_that_never_reads_is_let_go() -> None:
    """Its session may not wait for it forever, nor fill the memory: the outbox is full long before that."""
    told = 0

    async def chatter(session: FakeSession) -> None:
        nonlocal told
        item = Message("item_a", "assistant", (), "in_progress")
        await session.tell(ResponseStarted("r", ResponseRequest(ReplyOptions())), OutputStarted("r", 0, item, None))
        while True:
            await session.tell(ReplyAudio("r", "item_a", 0, tone(1.0, 24_000)))
            told += 1

    async def scene() -> None:
        deadlines = Deadlines(reads=0.3, farewell=0.1, close=0.1)
        async with serving(Script(life=chatter), deadlines=deadlines) as served:
            port = int(served.base.rsplit(":", 1)[1])
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
            writer.write(
                b"GET /v1/realtime HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            )
            await reader.readuntil(b"\r\n\r\n")
            reader._transport.pause_reading()  # type: ignore[attr-defined]
            await ended(served.script.opened[0])
            await none_open(served)
            writer.transport.abort()
        assert told < 400, "what waits for one client is bounded"

    asyncio.run(scene())


def test_whoever_is_cancelled_while_the_client_is_slow_has_told_all_the_same() -> None:
    """A barge-in cancels the teller of a reply; its client must still see the beginning of what it sees the end of."""

    full = asyncio.Event()

    async def interrupted(session: FakeSession) -> None:
        filler = Message("item_f", "assistant", (), "in_progress")
        one = ResponseRequest(ReplyOptions())
        await session.tell(ResponseStarted("filler", one), OutputStarted("filler", 0, filler, None))
        with pytest.raises(TimeoutError):
            while True:  # until nothing more goes out
                async with asyncio.timeout(0.3):
                    await session.tell(ReplyAudio("filler", "item_f", 0, tone(1.0, 24_000)))
        started = asyncio.create_task(session.tell(ResponseStarted("late", one)))
        await asyncio.sleep(0.01)
        started.cancel()
        await asyncio.wait([started])
        telling = asyncio.create_task(session.tell(ResponseEnded("late", "interrupted", "barge_in", Usage())))
        full.set()
        await telling
        await session.closed.wait()

    async def scene() -> None:
        async with serving(Script(life=interrupted)) as served, connect(served.ws, max_queue=1) as socket:
            await asyncio.wait_for(full.wait(), PATIENCE)
            responses: list[tuple[str, str]] = []
            while ("response.done", "late") not in responses:
                event = await next_event(socket)
                if event.type in ("response.created", "response.done"):
                    responses.append((event.type, event.response.id))
            assert responses[1:] == [("response.created", "late"), ("response.done", "late")]

    asyncio.run(scene())


def test_a_session_that_cannot_go_on_says_why() -> None:
    async def fail(_: FakeSession) -> None:
        raise SessionError("Hearing failed: the detector is broken")

    async def scene() -> None:
        async with serving(Script(life=fail)) as served, connect(served.ws) as socket:
            event = (await until(socket, "error"))[-1]
            assert event.error.type == "server_error" and "detector" in event.error.message
            assert await close_code(socket) == 1011

    asyncio.run(scene())


@pytest.mark.parametrize("where", ["run", "run in a group", "request"])
def test_a_bug_ends_the_session_with_an_id_to_quote_and_no_secret(where: str, caplog: pytest.LogCaptureFixture) -> None:
    async def fail(session: FakeSession) -> None:
        if where == "run":
            raise ValueError("my secret word")
        if where == "run in a group":
            raise ExceptionGroup("tasks", [ValueError("my secret word")])
        await session.closed.wait()

    async def broken(*_: Any) -> str:
        raise ValueError("my secret word")

    async def scene() -> str:
        async with serving(Script(life=fail)) as served, connect(served.ws) as socket:
            await next_event(socket)
            if where == "request":
                served.script.opened[0].respond = broken  # type: ignore[method-assign]
                await say(socket, "response.create")
            event = (await until(socket, "error"))[-1]
            assert event.error.code == "internal_error" and "secret" not in event.error.message
            assert await close_code(socket) == 1011
            await ended(served.script.opened[0])
            return str(event.error.message)

    message = asyncio.run(scene())
    (record,) = [record for record in caplog.records if hasattr(record, "error_id")]
    assert record.error_id in message


def test_a_session_that_ends_of_itself_closes_the_socket() -> None:
    async def nothing(_: FakeSession) -> None:
        return

    async def scene() -> None:
        async with serving(Script(life=nothing)) as served, connect(served.ws) as socket:
            assert (await next_event(socket)).type == "session.created"
            assert await close_code(socket) == 1000

    asyncio.run(scene())


def test_the_server_stops_while_clients_are_connected() -> None:
    async def scene() -> None:
        async with serving() as served:
            socket = await connect(served.ws)
            await next_event(socket)
        await ended(served.script.opened[0])
        await socket.close()

    asyncio.run(scene())


def test_fragments_and_pings_are_the_business_of_the_socket() -> None:
    async def scene() -> None:
        async with serving() as served, connect(served.ws) as socket:
            await next_event(socket)
            await asyncio.wait_for(await socket.ping(), PATIENCE)
            whole = json.dumps({"type": "response.create"})
            await socket.send([whole[:5], whole[5:12], whole[12:]])
            assert (await until(socket, "response.done"))[-1].type == "response.done"

    asyncio.run(scene())


def test_nothing_is_left_running_when_connections_are_gone() -> None:
    async def scene() -> None:
        async with serving() as served:
            before = len(asyncio.all_tasks())
            for _ in range(20):
                async with connect(served.ws) as socket:
                    await next_event(socket)
                    await say(socket, "input_audio_buffer.append", audio=SILENCE)
            for session in served.script.opened:
                await ended(session)
            await until_it_is(lambda: len(asyncio.all_tasks()) <= before)
            await none_open(served)

    asyncio.run(scene())
