"""Whatever a client does, in whatever order: the real session answers, breaks nothing and leaves nothing running."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.api.fakes import serving, strictly
from vivavoce.api.realtime.conversation import Send
from vivavoce.audio.codecs import to_pcm16
from vivavoce.conversation.config import SessionConfig
from vivavoce.engines.scripted import scripted_engines
from vivavoce.session.session import Session

STEPS = 40
SECOND = np.arange(24_000) / 24_000
VOICE = base64.b64encode(to_pcm16((0.3 * np.sin(2 * np.pi * 200 * SECOND)).astype(np.float32))).decode()
SILENCE = base64.b64encode(bytes(48_000)).decode()
DETECTIONS = [None, {"type": "server_vad", "silence_duration_ms": 200}, {"type": "semantic_vad", "eagerness": "high"}]


def step(dice: random.Random, items: list[str], responses: list[str]) -> dict[str, Any]:
    """One event that a client might send now."""
    some_item = dice.choice([*items, "nobody"])
    some_response = dice.choice([*responses, "nobody", None])
    detection = dice.choice(DETECTIONS)
    modality = dice.choice(["audio", "text"])
    response: dict[str, Any] = {"output_modalities": [modality], "conversation": dice.choice(["auto", "none"])}
    if dice.random() < 0.3:
        response["input"] = [{"type": "item_reference", "id": some_item}]
    text = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]}
    return dice.choice(
        [
            {"type": "input_audio_buffer.append", "audio": VOICE},
            {"type": "input_audio_buffer.append", "audio": VOICE},
            {"type": "input_audio_buffer.append", "audio": SILENCE},
            {"type": "input_audio_buffer.append", "audio": SILENCE},
            {"type": "input_audio_buffer.append", "audio": "A"},
            {"type": "input_audio_buffer.commit"},
            {"type": "input_audio_buffer.clear"},
            {"type": "session.update", "session": {"audio": {"input": {"turn_detection": detection}}}},
            {"type": "session.update", "session": {"output_modalities": [modality]}},
            {"type": "session.update", "session": {"audio": {"output": {"voice": dice.choice(["ash", "marin"])}}}},
            {"type": "conversation.item.create", "item": text, "previous_item_id": dice.choice([some_item, None])},
            {"type": "conversation.item.delete", "item_id": some_item},
            {"type": "conversation.item.retrieve", "item_id": some_item},
            {
                "type": "conversation.item.truncate",
                "item_id": some_item,
                "content_index": dice.choice([0, 0, 1]),
                "audio_end_ms": dice.choice([0, 100, 10_000]),
            },
            {"type": "response.create", "response": response},
            {"type": "response.create"},
            {"type": "response.cancel", "response_id": some_response},
        ]
    )


async def listen(socket: ClientConnection, seen: list[dict[str, Any]]) -> None:
    async for message in socket:
        event = json.loads(message)
        strictly(event)
        seen.append(event)


def ids(seen: list[dict[str, Any]], kind: str, part: str) -> list[str]:
    return [event[part]["id"] for event in seen if event["type"] == kind]


@pytest.mark.parametrize("seed", range(4))
def test_no_order_of_events_breaks_a_session(seed: int) -> None:
    def open_session(config: SessionConfig, send: Send, owner: str = "") -> Session:
        return Session(engines, config, send)

    engines = scripted_engines()

    async def scene() -> list[dict[str, Any]]:
        dice, seen = random.Random(seed), list[dict[str, Any]]()
        async with serving(open_session=open_session) as served:
            async with connect(served.ws) as socket:
                listening = asyncio.create_task(listen(socket, seen))
                for _ in range(STEPS):
                    items = ids(seen, "conversation.item.added", "item")
                    await socket.send(json.dumps(step(dice, items, ids(seen, "response.created", "response"))))
                    await asyncio.sleep(dice.choice([0, 0, 0.01, 0.1]))
                await socket.send('{"type": "session.update", "session": {"instructions": "The end."}}')
                async with asyncio.timeout(10):
                    while "The end." not in [it["session"]["instructions"] for it in seen if "session" in it]:
                        await asyncio.sleep(0.02)
                if dice.random() < 0.5:
                    await asyncio.sleep(0.5)
            await listening
            async with asyncio.timeout(5):
                while b"vivavoce_sessions_open 0.0" not in served.metrics.exposition():
                    await asyncio.sleep(0.02)
        engines.close()
        return seen

    seen = asyncio.run(scene())
    assert not [event for event in seen if event["type"] == "error" and event["error"]["type"] == "server_error"]
    done, created = ids(seen, "response.done", "response"), ids(seen, "response.created", "response")
    assert len(set(done)) == len(done) and set(done) <= set(created)
    open_parts = [event["item_id"] for event in seen if event["type"] == "response.content_part.added"]
    closed_parts = [event["item_id"] for event in seen if event["type"] == "response.content_part.done"]
    assert len(set(closed_parts)) == len(closed_parts) and set(closed_parts) <= set(open_parts)
