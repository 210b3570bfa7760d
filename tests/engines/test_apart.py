"""A model in a process of its own: it answers as it would here, and what happens to it happens to nobody else."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest

from tests.engines.openai_mock import Mock, openai_mock
from vivavoce.audio.pcm import Pcm
from vivavoce.conversation.items import Message, Speech, Text
from vivavoce.engines.llm import llama, remote
from vivavoce.engines.llm.apart import Apart
from vivavoce.errors import EngineBusy, EngineFailed
from vivavoce.ports import Done, Prompt, Thought, Words


def asked(words: str) -> Prompt:
    return Prompt("Be kind.", (Message("1", "user", (Text(words),)),), "s")


@pytest.fixture(scope="module")
def mock() -> Iterator[Mock]:
    with openai_mock() as mock:
        yield mock


def apart(mock: Mock, model: str = "ok") -> Apart:
    """The engine of remote models: it needs no files, and takes the same way through the pipe."""
    return Apart("remote", remote.Options(mock.url, model, max_retries=0), Path("nowhere"))


async def told(model: Apart, prompt: Prompt) -> list[Thought]:
    async with aclosing(model.reply(prompt)) as thoughts:
        return [thought async for thought in thoughts]


def pid_of(model: Apart) -> int:
    child = model._alive()
    assert child is not None
    return child.process.pid


async def gone(pid: int) -> None:
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the process is still there")


def test_it_answers_several_at_once_and_its_errors_come_as_they_are(mock: Mock) -> None:
    async def scene() -> None:
        model, busy = apart(mock), apart(mock, "busy")
        assert await model.p_end(asked("Hi")) is None, "an opinion is not worth loading it"
        await model.warm(asked("Hi"))
        sound = Pcm(np.zeros(5_000_000, np.float32), 24_000)
        spoken = Prompt("Be kind.", (Message("1", "user", (Speech("Count.", sound),)),), "s")
        answers = await asyncio.gather(told(model, asked("Count.")), told(model, spoken))
        for thoughts in answers:
            assert "".join(each.text for each in thoughts if isinstance(each, Words)) == "One two three four five."
            assert isinstance(thoughts[-1], Done) and thoughts[-1].prompt_tokens == 20
        with pytest.raises(EngineBusy, match="no room"):
            await told(busy, asked("Hi"))
        model.forget("s")
        pids = [pid_of(model), pid_of(busy)]
        model.close()
        busy.close()
        for pid in pids:
            await gone(pid)

    asyncio.run(scene())


def test_leaving_early_stops_the_work_there_and_a_slow_reader_holds_it_back(mock: Mock) -> None:
    async def scene() -> None:
        model = apart(mock)
        reply = model.reply(asked("Tell me a story."))
        await anext(reply)
        await asyncio.sleep(0.5)
        child = model._alive()
        assert child is not None and max(queue.qsize() for queue in child._asked.values()) <= 16
        assert mock.streaming == 1
        await reply.aclose()
        for _ in range(200):
            if not mock.streaming:
                break
            await asyncio.sleep(0.02)
        assert not mock.streaming, "it went on for nobody"
        assert len(await told(model, asked("Again."))) > 3
        model.close()

    asyncio.run(scene())


def test_a_process_that_dies_fails_the_turn_and_the_next_one_starts_another(mock: Mock) -> None:
    async def scene() -> None:
        model = apart(mock)
        reply = model.reply(asked("Tell me a story."))
        await anext(reply)
        first = pid_of(model)
        os.kill(first, signal.SIGKILL)
        with pytest.raises(EngineFailed, match="process ended"):
            async for _ in reply:
                pass
        assert len(await told(model, asked("Again."))) > 3
        assert pid_of(model) != first
        model.close()

    asyncio.run(scene())


def test_a_model_that_is_not_there_is_named_with_the_remedy(tmp_path: Path) -> None:
    async def scene() -> None:
        model = Apart("llama", llama.Options("qwen2.5-coder-1.5b-instruct"), tmp_path)
        for _ in range(2):
            with pytest.raises(EngineFailed, match="vivavoce models pull"):
                await told(model, asked("Hi"))

    asyncio.run(scene())
