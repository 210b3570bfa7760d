"""Open WebUI's own bridge holds a call here: a turn, its chat model asked and told, an interruption, a noise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import pytest

from tests.api.fakes import serving
from tests.clients.test_frameworks import PYTHON, report_of
from tests.clients.weather import ASKED, FORECAST, INTERRUPTED, YIELDED
from tests.waiting import measured
from vivavoce.audio.pcm import Pcm
from vivavoce.conversation.config import SessionConfig
from vivavoce.conversation.items import FunctionOutput, Message
from vivavoce.engines.scripted import ScriptedModel, ScriptedTranscriber, scripted_engines
from vivavoce.ports import Call, Prompt, Thought, Transcription, TranscriptionHint, Urgency
from vivavoce.session.session import Session

REQUEST = '{"request": "What is the weather in Rome?"}'


class Mind(ScriptedModel):
    """What it says follows from the last words of the user, and from the result behind them."""

    async def reply(self, prompt: Prompt) -> AsyncGenerator[Thought, None]:
        since: list[Any] = []
        for item in prompt.items:
            since = [item] if isinstance(item, Message) and item.role == "user" else [*since, item]
        if prompt.tool_choice.mode == "none" and not prompt.items:
            self.lines = ["I am working on it."]
        elif isinstance(since[0], Message) and INTERRUPTED in since[0].text:
            self.lines = [YIELDED]
        elif any(isinstance(item, FunctionOutput) for item in since):
            self.lines = [FORECAST]
        else:
            self.lines = [Call("generate_chat_completion", REQUEST)]
        async for thought in super().reply(prompt):
            yield thought


class Ears(ScriptedTranscriber):
    """Each turn has its words; the last has none."""

    async def transcribe(
        self, speech: Pcm, hint: TranscriptionHint = TranscriptionHint(), urgency: Urgency = Urgency.NOW
    ) -> Transcription:
        self.lines = [ASKED, INTERRUPTED, ""] if self.passes < 3 else [""]
        return await super().transcribe(speech, hint, urgency)


@measured
def test_its_bridge_holds_a_call() -> None:
    if not PYTHON.exists():
        pytest.skip("its bridge needs aiohttp: run `make test-clients`")
    engines = replace(scripted_engines(), llm=Mind(), stt=Ears())

    def open_session(config: SessionConfig, send: Any, owner: str = "") -> Session:
        return Session(engines, config, send)

    async def call() -> dict[str, Any] | None:
        async with serving(open_session=open_session) as served:
            return await report_of([str(PYTHON), "call_open_webui.py", served.base])

    report = asyncio.run(call())
    if report is None:
        pytest.skip("open-webui is not installed: pip install --no-deps open-webui in .venv/clients")
    assert report["errors"] == []
    assert report["tool"] == {"request": ASKED}
    assert report["interrupted"] and report["spoken_ms"] > 500
    assert report["said"][0] == "I am working on it." and report["said"][-1].rstrip().endswith(YIELDED)
    assert FORECAST not in report["said"]
