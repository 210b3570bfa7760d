"""Minds of the settings as a client meets them: chosen by the model's name, replaced when they fail."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import AsyncOpenAI, OpenAI

from tests.app.test_serve import start
from tests.conftest import served
from tests.engines.openai_mock import openai_mock
from tests.waiting import PATIENCE

TEXT_ONLY: Any = {"type": "realtime", "output_modalities": ["text"]}


async def typed(url: str, model: str, words: str = "Hello") -> tuple[str, dict[str, Any]]:
    """One typed turn of a session with `model`: what was answered, and what `response.done` tells of ours."""
    client = AsyncOpenAI(base_url=f"{url}/v1", api_key="any")
    async with client.realtime.connect(model=model) as call:
        await call.session.update(session=TEXT_ONLY)
        content: Any = [{"type": "input_text", "text": words}]
        await call.conversation.item.create(item={"type": "message", "role": "user", "content": content})
        await call.response.create()
        answer = ""
        async for event in call:
            if event.type == "response.output_text.delta":
                answer += event.delta
            elif event.type == "response.done":
                await client.close()
                return answer, event.model_extra["vivavoce"]  # type: ignore[index]
    raise AssertionError("the session ended before its response")


def test_a_sessions_model_chooses_its_mind_and_a_mind_that_fails_is_replaced(tmp_path: Path) -> None:
    with openai_mock() as mock:
        (tmp_path / "vivavoce.toml").write_text(f"""
            [minds.other]
            name = "remote"
            base_url = "{mock.url}"
            [minds.away]
            name = "remote"
            base_url = "{mock.url}"
            model = "broken"
            [routing]
            fallback = ["other"]
            aliases = ["gpt-realtime-mini=other"]
        """)
        with served("--demo", environment={"VIVAVOCE_HOME": str(tmp_path)}) as url:

            async def scene() -> None:
                demo, told = await typed(url, "gpt-realtime")
                assert demo.startswith("Hello! This is the demo") and told["mind"] == {"name": "vivavoce"}
                for name in ("other", "gpt-realtime-mini"):
                    words, told = await typed(url, name)
                    assert words == "One two three four five." and told["mind"] == {"name": "other"}
                words, told = await typed(url, "away")
                assert words == "One two three four five."
                assert told["mind"] == {"name": "other", "reason": "fallback"}

            asyncio.run(scene())
            listed = httpx.get(f"{url}/v1/models", trust_env=False, timeout=PATIENCE).json()["data"]
            assert [model["id"] for model in listed[:3]] == ["vivavoce", "other", "away"]
            counted = httpx.get(f"{url}/metrics", trust_env=False, timeout=PATIENCE).text
            assert 'vivavoce_minds_passed_total{mind="away",why="failed"} 1.0' in counted


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ('name = "remote"\nbase_ulr = "http://x"', "Did you mean base_url?"),
        ('load = "start"\nmodel = "/nowhere/to/be/found.gguf"', "found.gguf cannot be read"),
        (f'load = "start"\nmodel = "{__file__}"', "is no GGUF file"),
    ],
)
def test_a_mind_that_cannot_be_made_is_said_at_the_start(tmp_path: Path, options: str, told: str) -> None:
    (tmp_path / "vivavoce.toml").write_text(f"[minds.big]\n{options}\n")
    ended = start("--demo", "--port", "0", VIVAVOCE_HOME=str(tmp_path))
    assert ended.returncode == 2 and told in ended.stderr and "Traceback" not in ended.stderr, ended.stderr


HARD = "Compare renting and buying for a family that may move in five years."


async def until_told(url: str, words: str) -> list[dict[str, Any]]:
    """The `response.done` events of a typed turn with `auto`, until one tells what the thinking mind found."""
    client = AsyncOpenAI(base_url=f"{url}/v1", api_key="any")
    told: list[dict[str, Any]] = []
    async with client.realtime.connect(model="auto") as call, asyncio.timeout(PATIENCE):
        await call.session.update(session=TEXT_ONLY)
        content: Any = [{"type": "input_text", "text": words}]
        await call.conversation.item.create(item={"type": "message", "role": "user", "content": content})
        await call.response.create()
        async for event in call:
            if event.type == "response.done":
                told.append(event.to_dict())
                if "five." in str(event):
                    break
    await client.close()
    return told


def test_auto_answers_quickly_thinks_in_the_background_and_tells_why(tmp_path: Path) -> None:
    """Over the wire, with official clients: a session, Chat Completions streamed and whole, Responses, Messages."""
    with openai_mock() as mock:
        (tmp_path / "vivavoce.toml").write_text(f"""
            [minds.large]
            name = "remote"
            base_url = "{mock.url}"
            [routing]
            thinking = "large"
        """)
        with served("--demo", environment={"VIVAVOCE_HOME": str(tmp_path)}) as url:
            first, *_, last = asyncio.run(until_told(url, HARD))
            assert first["vivavoce"]["mind"] == {"name": "large", "reason": "comparison"}
            assert [item["type"] for item in first["response"]["output"]] == ["message", "mcp_call"]
            assert last["vivavoce"]["reason"] == "errand" and "One two three four five." in str(last)
            quick, told = asyncio.run(typed(url, "auto"))
            assert quick.startswith("Hello! This is the demo")
            assert told["mind"] == {"name": "vivavoce", "reason": "small_talk"}

            client = OpenAI(base_url=f"{url}/v1", api_key="any")
            ask: Any = {"model": "auto", "messages": [{"role": "user", "content": HARD}]}
            whole = client.chat.completions.create(**ask).to_dict()
            assert whole["vivavoce"] == {"mind": "large", "reason": "comparison"}
            chunks = [chunk.to_dict() for chunk in client.chat.completions.create(**ask, stream=True)]
            assert [chunk["vivavoce"]["mind"] for chunk in chunks if "vivavoce" in chunk] == ["large"]
            ask["metadata"] = {"vivavoce.route": "quick"}
            forced = client.chat.completions.create(**ask).to_dict()
            assert forced["vivavoce"] == {"mind": "vivavoce", "reason": "requested"}
            response = client.responses.create(model="auto", input=HARD, metadata={"vivavoce.route": "quick"}).to_dict()
            assert response["vivavoce"] == {"mind": "vivavoce", "reason": "requested"}
            response = client.responses.create(model="auto", input="Hello", reasoning={"effort": "high"}).to_dict()
            assert response["vivavoce"] == {"mind": "large", "reason": "effort"}
            assert {"auto", "large", "vivavoce"} <= {model.id for model in client.models.list()}
