"""What well-known clients send, replayed message by message: each must be understood without one error event,
since most of them end the call on any."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.api.fakes import Script, serving, strictly
from tests.waiting import PATIENCE

SECOND = base64.b64encode(bytes(48_000)).decode()

OPEN_WEBUI = {
    "type": "realtime",
    "output_modalities": ["audio"],
    "instructions": "You are helpful.",
    "audio": {
        "input": {
            "format": {"type": "audio/pcm", "rate": 24000},
            "transcription": {"model": "gpt-4o-mini-transcribe"},
            "turn_detection": {"type": "server_vad", "interrupt_response": False, "create_response": False},
            "noise_reduction": {"type": "near_field"},
        },
        "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "marin"},
    },
    "tools": [
        {
            "type": "function",
            "name": "generate_chat_completion",
            "description": "Ask the assistant",
            "parameters": {
                "type": "object",
                "properties": {"request": {"type": "string"}},
                "required": ["request"],
                "additionalProperties": False,
            },
        }
    ],
    "tool_choice": "auto",
}
AGENTS_JS = {
    "type": "realtime",
    "model": "gpt-realtime-2",
    "instructions": "Hi",
    "output_modalities": ["audio"],
    "audio": {
        "input": {
            "format": {"type": "audio/pcm", "rate": 24000},
            "noise_reduction": None,
            "transcription": {"model": "gpt-4o-mini-transcribe"},
            "turn_detection": {"type": "semantic_vad"},
        },
        "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "ash", "speed": 1},
    },
    "tool_choice": "auto",
    "tools": [],
    "prompt": None,
}
LIVEKIT = {
    "type": "realtime",
    "model": "gpt-realtime",
    "output_modalities": ["audio"],
    "audio": {
        "input": {
            "format": {"type": "audio/pcm", "rate": 24000},
            "noise_reduction": None,
            "transcription": {"model": "gpt-4o-mini-transcribe", "language": "en"},
            "turn_detection": {
                "type": "semantic_vad",
                "create_response": True,
                "eagerness": "medium",
                "interrupt_response": True,
            },
        },
        "output": {"format": {"type": "audio/pcm", "rate": 24000}, "speed": 1.0, "voice": "marin"},
    },
    "max_output_tokens": "inf",
    "tool_choice": "auto",
    "tracing": None,
    "truncation": {"type": "retention_ratio", "retention_ratio": 0.8},
}
PIPECAT = {
    "type": "realtime",
    "object": "realtime.session",
    "model": "gpt-realtime-2.1",
    "instructions": "Be brief.",
    "audio": {"input": {"transcription": {"model": "gpt-4o-transcribe"}, "turn_detection": None}},
    "tools": [{"type": "function", "name": "weather", "description": "", "parameters": {"type": "object"}}],
    "tool_choice": "auto",
    "include": ["item.input_audio_transcription.logprobs"],
}


class Replay:
    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def say(self, kind: str, **fields: Any) -> None:
        await self._socket.send(json.dumps({"type": kind, "event_id": "evt_x", **fields}))

    async def until(self, kind: str) -> dict[str, Any]:
        while True:
            event: dict[str, Any] = json.loads(await asyncio.wait_for(self._socket.recv(), PATIENCE))
            strictly(event)
            assert event["type"] != "error", event
            if event["type"] == kind:
                return event

    async def next(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(await asyncio.wait_for(self._socket.recv(), PATIENCE))
        return event


@pytest.mark.parametrize(
    "session", [OPEN_WEBUI, AGENTS_JS, LIVEKIT, PIPECAT], ids=["openwebui", "js", "livekit", "pipecat"]
)
def test_their_first_update_is_answered_at_once_with_what_it_asked_for(session: dict[str, Any]) -> None:
    async def scene() -> None:
        async with serving() as served, connect(served.ws) as socket:
            client = Replay(socket)
            await client.until("session.created")
            await client.say("session.update", session=session)
            updated = await client.next()
            assert updated["type"] == "session.updated", updated
            wire = strictly(updated).session
            asked = session["audio"]["input"]
            assert wire.audio.input.transcription.model == asked["transcription"]["model"]
            detection = asked["turn_detection"] or {}
            for name, value in detection.items():
                assert getattr(wire.audio.input.turn_detection, name) == value
            assert len(wire.tools) == len(session.get("tools", []))
            await client.say("session.update", session={"type": "realtime", "tracing": "auto"})
            assert (await client.next())["session"]["tracing"] == "auto"

    asyncio.run(scene())


def test_a_call_of_open_webui() -> None:
    """What its bridge sends, in its order, with its cap of 512 KiB a message and its own item ids. The bridge itself
    is run by tests/clients/test_open_webui.py."""

    async def scene() -> None:
        async with serving(Script(seconds=20.0)) as served, connect(served.ws, max_size=512 * 1024) as socket:
            client = Replay(socket)
            await client.until("session.created")
            await client.say("session.update", session=OPEN_WEBUI)
            assert (await client.next())["type"] == "session.updated"
            context = {
                "id": "chat_context_1",
                "type": "message",
                "role": "system",
                "content": [{"type": "input_text", "text": "So far: nothing."}],
            }
            await client.say("conversation.item.create", item=context)
            assert (await client.until("conversation.item.added"))["item"]["id"] == "chat_context_1"
            await client.say("input_audio_buffer.append", audio=SECOND)
            await client.say("input_audio_buffer.commit")
            heard = await client.until("input_audio_buffer.committed")
            await client.say("response.create", response={"metadata": {"input_item_id": heard["item_id"]}})
            created = await client.until("response.created")
            assert created["response"]["metadata"] == {"input_item_id": heard["item_id"]}
            delta = await client.until("response.output_audio.delta")
            assert delta["item_id"] and delta["content_index"] == 0 and len(base64.b64decode(delta["delta"])) % 2 == 0
            await client.until("response.done")
            await client.say(
                "response.create",
                response={
                    "conversation": "none",
                    "input": [],
                    "tools": [],
                    "tool_choice": "none",
                    "instructions": "Say that you are working on it.",
                    "metadata": {"status": "working"},
                },
            )
            status = await client.until("response.done")
            assert status["response"]["metadata"] == {"status": "working"}
            assert status["response"]["conversation_id"] is None
            await client.say("conversation.item.truncate", item_id=delta["item_id"], content_index=0, audio_end_ms=500)
            await client.until("conversation.item.truncated")
            await client.say("conversation.item.delete", item_id="chat_context_1")  # each snapshot replaces the last
            await client.say("conversation.item.create", item={**context, "id": "chat_context_2"})
            assert (await client.until("conversation.item.deleted"))["item_id"] == "chat_context_1"
            assert (await client.until("conversation.item.added"))["item"]["id"] == "chat_context_2"
            told = {"tools": [], "tool_choice": "none", "metadata": {"call_id": "call_1"}}
            await client.say("response.create", response=told)
            assert (await client.until("response.done"))["response"]["metadata"] == {"call_id": "call_1"}
            await client.say("conversation.item.delete", item_id=heard["item_id"])  # as where no word was understood
            await client.until("conversation.item.deleted")
            await client.say("response.cancel", response_id=created["response"]["id"])
            await client.say("input_audio_buffer.clear")
            assert (await client.next())["type"] == "input_audio_buffer.cleared"  # a late cancel is no error

    asyncio.run(scene())
