"""Threads with a real server process: what was said is there after a reload, a restart, and after it was killed."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from openai import AsyncOpenAI
from websockets.asyncio.client import connect

from tests.conftest import started
from tests.session.scene import tone
from tests.waiting import PATIENCE, until
from vivavoce.audio.codecs import to_pcm16
from vivavoce.audio.resample import Resampler

TEXT = {"type": "realtime", "output_modalities": ["text"]}


@contextmanager
def killable(home: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A demo server whose database is in `home`; gives its address and the process, which may be dead at the end."""
    environment = {"VIVAVOCE_HOME": str(home), "VIVAVOCE_STORAGE__URL": f"sqlite:///{home / 'kept.db'}"}
    with started("--demo", environment=environment) as (base, server):
        yield base, server


async def lines(base: str, conversation: str) -> list[tuple[str, str]]:
    async with AsyncOpenAI(base_url=f"{base}/v1", api_key="any") as client:
        items = [item async for item in client.conversations.items.list(conversation, order="asc", limit=100)]
        return [(item.role, item.content[0].text) for item in items]


def answered_in(database: Path) -> list[str]:
    """The questions behind which an answer is kept."""
    with closing(sqlite3.connect(database, timeout=PATIENCE)) as kept:
        rows = kept.execute("SELECT role, text FROM items ORDER BY position").fetchall()
    return [before[1] for before, after in zip(rows, rows[1:], strict=False) if after[0] == "assistant"]


async def converse(base: str, conversation: str, told: list[str], database: Path) -> None:
    """Typed turns without end, each when the one before is kept: people are slower than any disk, and this is not.
    `told`: what the client has seen answered."""
    async with AsyncOpenAI(base_url=f"{base}/v1", api_key="any") as client:
        async with client.realtime.connect(model="gpt-realtime") as call:
            await call.session.update(session={**TEXT, "vivavoce": {"conversation": conversation}})  # type: ignore[typeddict-item]
            number = 0
            while True:
                words = f"question {len(told)} {number}"
                await call.conversation.item.create(
                    item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": words}]}
                )
                await call.response.create()
                async for event in call:
                    if event.type == "response.done":
                        break
                await until(lambda asked=words: asked in answered_in(database))
                told.append(words)
                number += 1


def test_killed_at_any_moment_at_most_the_turn_in_flight_is_lost(tmp_path: Path) -> None:
    """SIGKILL, twice, in the midst of talk; the thread is whole and goes on each time."""

    async def made(base: str) -> str:
        async with AsyncOpenAI(base_url=f"{base}/v1", api_key="any") as client:
            return (await client.conversations.create()).id

    async def until_killed(base: str, conversation: str, server: subprocess.Popen[bytes], told: list[str]) -> None:
        talking = asyncio.create_task(converse(base, conversation, told, tmp_path / "kept.db"))
        before = len(told)
        await until(lambda: len(told) > before + 2)
        await asyncio.sleep(random.uniform(0.0, 0.1))  # at any moment of the turn
        server.send_signal(signal.SIGKILL)
        await asyncio.wait([talking])
        talking.exception()

    conversation, told = "", list[str]()
    for _ in range(2):
        with killable(tmp_path) as (base, server):
            conversation = conversation or asyncio.run(made(base))
            asyncio.run(until_killed(base, conversation, server, told))
            assert server.wait(timeout=PATIENCE) == -signal.SIGKILL
        with sqlite3.connect(tmp_path / "kept.db") as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            asked = [text for (text,) in database.execute("SELECT text FROM items WHERE role = 'user'")]
        lost = set(told) - set(answered_in(tmp_path / "kept.db"))
        assert not lost, f"{len(told)} answered, lost {lost}"
        assert len(asked) == len(set(asked)) and len(told) > 2
        told[:] = answered_in(tmp_path / "kept.db")


def test_what_was_spoken_is_there_after_a_restart_and_the_next_session_goes_on_from_it(tmp_path: Path) -> None:
    async def story(base: str, conversation: str, until: str, sound: bytes) -> list[dict[str, Any]]:
        """What the server tells a session that names the conversation, and hears `sound`."""
        seen: list[dict[str, Any]] = []
        async with connect(base.replace("http", "ws") + "/v1/realtime?model=gpt-realtime", proxy=None) as socket:
            session = {"type": "realtime", "vivavoce": {"conversation": conversation}}
            await socket.send(json.dumps({"type": "session.update", "session": session}))
            audio = base64.b64encode(sound).decode()
            await socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
            async for text in socket:
                seen.append(json.loads(text))
                if seen[-1]["type"] == until:
                    return seen
        raise AssertionError(f"no {until}: {seen}")

    spoken = [np.zeros(8000, np.float32), tone(1.0).samples, np.zeros(24_000, np.float32)]
    sound = to_pcm16(Resampler(16_000, 24_000).push(np.concatenate(spoken), last=True))
    with killable(tmp_path) as (base, _):
        conversation = httpx.post(f"{base}/v1/conversations", json={}, trust_env=False, timeout=PATIENCE).json()["id"]
        asyncio.run(story(base, conversation, "response.done", sound))
    with killable(tmp_path) as (base, _):
        kept = asyncio.run(lines(base, conversation))
        assert [role for role, _ in kept] == ["user", "assistant"]
        seen = asyncio.run(story(base, conversation, "response.created", sound))
        before = [event["item"] for event in seen if event["type"] == "conversation.item.done"][:2]
        assert [item["content"][0]["transcript"] for item in before] == [text for _, text in kept]
        assert [item["role"] for item in before] == ["user", "assistant"]
        assert seen[-1]["response"]["conversation_id"] == conversation
        listed = httpx.get(
            f"{base}/v1/conversations", params={"query": "what can"}, trust_env=False, timeout=PATIENCE
        ).json()
        assert listed["data"][0]["id"] == conversation


def test_a_session_that_names_no_conversation_of_its_owner_is_told_and_goes_on(tmp_path: Path) -> None:
    async def story(base: str) -> None:
        async with (
            AsyncOpenAI(base_url=f"{base}/v1", api_key="any") as client,
            client.realtime.connect(model="gpt-realtime") as call,
        ):
            await call.session.update(session={**TEXT, "vivavoce": {"conversation": "conv_nowhere"}})  # type: ignore[typeddict-item]
            async for event in call:
                if event.type == "error":
                    assert event.error.code == "conversation_not_found"
                    break
            made = await client.conversations.create(metadata={"temporary": "true"})
            await call.session.update(session={**TEXT, "vivavoce": {"conversation": made.id}})  # type: ignore[typeddict-item]
            await call.conversation.item.create(
                item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": "between us"}]}
            )
            await call.session.update(session={**TEXT, "vivavoce": {"conversation": "conv_other"}})  # type: ignore[typeddict-item]
            async for event in call:
                if event.type == "error":
                    assert event.error.code == "conversation_in_use"
                    break

            async def kept() -> bool:
                return bool((await client.conversations.items.list(made.id)).data)

            await until(kept)
            assert [text for _, text in await lines(base, made.id)] == ["between us"]

    with killable(tmp_path) as (base, _):
        asyncio.run(story(base))
    assert b"between us" not in b"".join(path.read_bytes() for path in tmp_path.glob("kept.db*"))
