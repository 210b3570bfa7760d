"""The beta contract: clients of that time, met with their own types, over the same conversation as everybody's."""

from __future__ import annotations

import asyncio
import base64
import json
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from websockets.asyncio.client import connect

from tests.api.fakes import Script, Served, serving, turn
from tests.waiting import PATIENCE
from vivavoce.api.realtime.beta import BetaWords, released

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from openai.types.beta.realtime import RealtimeServerEvent, SessionCreateResponse, TranscriptionSession

STRICT: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)
SILENCE = base64.b64encode(bytes(9600)).decode()


class Old:
    """A client of the beta, which reads strictly."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket

    async def say(self, kind: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": kind, **fields}))

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            event = json.loads(await self.socket.recv())
        assert STRICT.validate_python(event).type == event["type"]
        return dict(event)

    async def until(self, kind: str) -> list[dict[str, Any]]:
        events = [await self.next()]
        while events[-1]["type"] != kind:
            events.append(await self.next())
        return events


def meet(scene: Callable[[Old, Served], Awaitable[None]], script: Script | None = None, **how: Any) -> None:
    how = how or {"additional_headers": {"OpenAI-Beta": "realtime=v1"}}

    async def run() -> None:
        async with serving(script) as served, connect(served.ws, proxy=None, **how) as socket:
            old = Old(socket)
            assert (await old.next())["type"] == "session.created"
            assert (await old.next())["type"] == "conversation.created"
            await scene(old, served)

    asyncio.run(run())


def test_a_conversation_in_the_words_of_the_beta() -> None:
    async def scene(old: Old, served: Served) -> None:
        await old.say(
            "session.update",
            session={
                "modalities": ["text", "audio"],
                "instructions": "Be brief.",
                "voice": "alloy",
                "input_audio_format": "g711_ulaw",
                "output_audio_format": "pcm16",
                "input_audio_transcription": {"model": "whisper-1"},
                "turn_detection": None,
                "max_response_output_tokens": 200,
                "temperature": 0.7,
                "tools": [{"type": "function", "name": "look", "parameters": {"type": "object"}}],
            },
        )
        updated = (await old.until("session.updated"))[-1]["session"]
        assert updated["input_audio_format"] == "g711_ulaw" and updated["modalities"] == ["text", "audio"]
        assert updated["max_response_output_tokens"] == 200 and updated["turn_detection"] is None
        config = served.script.opened[0].config
        assert (config.reply.instructions, config.reply.voice) == ("Be brief.", "alloy")
        said = {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "Yes?"}]}
        await old.say("conversation.item.create", item=said)
        created = (await old.until("conversation.item.created"))[-1]["item"]
        assert created["content"][0] == {"type": "text", "text": "Yes?"}
        await old.say("response.create", response={"modalities": ["text", "audio"], "max_response_output_tokens": 5})
        kinds = [event["type"] for event in await old.until("response.done")]
        assert kinds == [
            "response.created",
            "rate_limits.updated",
            "response.output_item.added",
            "conversation.item.created",
            "response.content_part.added",
            "response.audio_transcript.delta",
            *(kind for kind in kinds if kind == "response.audio.delta"),
            "response.audio.done",
            "response.audio_transcript.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.done",
        ]
        await old.say("response.create", response={"modalities": ["text"], "conversation": "none", "input": [said]})
        events = await old.until("response.done")
        assert "response.text.delta" in [event["type"] for event in events]
        assert events[-1]["response"]["output"][0]["content"][0]["type"] == "text"
        await old.say("session.update", session={"voice": 7})
        assert (await old.next())["type"] == "error"

    meet(scene)


def test_a_spoken_turn_and_the_handshake_by_subprotocol() -> None:
    async def life(session: Any) -> None:
        await session.tell(*turn())
        await session.closed.wait()

    async def scene(old: Old, _: Served) -> None:
        kinds = [event["type"] for event in await old.until("input_audio_buffer.committed")]
        assert kinds[0] == "input_audio_buffer.speech_started"
        assert (await old.next())["type"] == "conversation.item.created"

    meet(scene, Script(life=life), subprotocols=["realtime", "openai-beta.realtime-v1"])


def test_the_keys_of_the_beta_come_with_their_session() -> None:
    async def scene() -> None:
        async with serving() as served, httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as web:
            flat = {"voice": "verse", "modalities": ["text"], "instructions": "Hi."}
            made = (await web.post(f"{served.base}/v1/realtime/sessions", json=flat)).json()
            session = SessionCreateResponse.model_validate(made)
            assert (session.voice, session.modalities, session.instructions) == ("verse", ["text"], "Hi.")
            headers = {"Authorization": f"Bearer {session.client_secret.value}", "OpenAI-Beta": "realtime=v1"}
            async with connect(served.ws, additional_headers=headers, proxy=None) as socket:
                assert (await Old(socket).next())["session"]["voice"] == "verse"
            heard = {"input_audio_transcription": {"model": "whisper-1", "language": "it"}}
            made = (await web.post(f"{served.base}/v1/realtime/transcription_sessions", json=heard)).json()
            listens = TranscriptionSession.model_validate(made)
            assert listens.input_audio_transcription and listens.input_audio_transcription.language == "it"
            headers["Authorization"] = f"Bearer {listens.client_secret.value}"
            async with connect(served.ws, additional_headers=headers, proxy=None) as socket:
                assert json.loads(await socket.recv())["type"] == "transcription_session.created"
                await socket.recv()
                await Old(socket).say("transcription_session.update", session={"input_audio_format": "g711_alaw"})
                updated = json.loads(await socket.recv())
                assert updated["type"] == "transcription_session.updated"
                assert updated["session"]["input_audio_format"] == "g711_alaw"
            wrong = await web.post(f"{served.base}/v1/realtime/sessions", json={"voice": 5})
            assert wrong.status_code == 400

    asyncio.run(scene())


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["modalities", "voice", "input_audio_format", "turn_detection", "input", "content", "role"])
KINDS = ["session.update", "transcription_session.update", "response.create", "conversation.item.create", "x"]


@given(st.sampled_from(KINDS), st.sampled_from(["session", "response", "item"]), st.dictionaries(NAMES, ANYTHING))
def test_whatever_comes_is_translated_or_left_for_the_reader_to_refuse(kind: str, name: str, body: Any) -> None:
    assert released({"type": kind, name: body})["type"]
    assert released({"type": kind, name: 5}) is not None


@pytest.mark.parametrize("kind", ["conversation.item.done", "vivavoce.turn.decided"])
def test_events_that_the_beta_had_not_are_left_out(kind: str) -> None:
    assert BetaWords().tell({"type": kind, "event_id": "event_1", "item": {}}) == []
