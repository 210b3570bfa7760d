"""What the model is asked about the user's words while he speaks, and how long the end of a turn waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from tests import virtual_time
from vivavoce.conversation.config import ReplyOptions
from vivavoce.ports import Urgency
from vivavoce.session.anticipation import Anticipation
from vivavoce.session.draft import Drafting

TAKES = 0.5


@dataclass
class Reader:
    """Stands for a session's model. `busy`: replies are made, so that it looks at nothing that is not urgent."""

    busy: bool = False
    asked: list[tuple[str, Urgency]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    async def p_end(self, item_id: str, words: str, options: ReplyOptions, urgency: Urgency) -> float | None:
        self.asked.append((words, urgency))
        if self.busy and urgency is not Urgency.NOW:
            return None
        try:
            await asyncio.sleep(TAKES)
        except asyncio.CancelledError:
            self.left.append(words)
            raise
        return 0.9


def play(reader: Reader, scene: Callable[[Anticipation], Awaitable[Any]]) -> float:
    """Seconds of virtual time that the scene took."""

    async def run() -> float:
        async with asyncio.TaskGroup() as tasks:
            loop = asyncio.get_running_loop()
            read = Anticipation(tasks, cast(Drafting, reader), "item", ReplyOptions(), lambda words: None)
            began = loop.time()
            await scene(read)
            return loop.time() - began

    return virtual_time.run(run())


def test_a_look_at_words_that_turned_out_not_to_be_all_is_left_for_the_final_ones():
    reader = Reader()

    async def scene(read: Anticipation) -> None:
        read.note("What's the weather?")
        await asyncio.sleep(0.1)
        assert await read.p_end("What's the weather like?") == 0.9

    assert play(reader, scene) == pytest.approx(0.1 + TAKES)
    assert reader.asked == [("What's the weather?", Urgency.SPARE), ("What's the weather like?", Urgency.NOW)]
    assert reader.left == ["What's the weather?"]


def test_a_look_at_the_final_words_that_is_under_way_is_waited_for():
    reader = Reader()

    async def scene(read: Anticipation) -> None:
        read.note("What's the weather like?")
        await asyncio.sleep(0.1)
        assert await read.p_end("What's the weather like?") == 0.9

    assert play(reader, scene) == pytest.approx(TAKES)
    assert reader.asked == [("What's the weather like?", Urgency.SPARE)]


def test_final_words_that_the_model_had_no_time_for_are_asked_about_again_urgently():
    """Without its opinion a question whose voice rises waits out its patience, because others are being answered."""
    reader = Reader(busy=True)

    async def scene(read: Anticipation) -> None:
        read.note("What's the weather like?")
        await asyncio.sleep(0.1)
        assert await read.p_end("What's the weather like?") == 0.9
        assert await read.p_end("What's the weather like?") == 0.9, "what is known is not asked again"

    play(reader, scene)
    assert [urgency for _, urgency in reader.asked] == [Urgency.SPARE, Urgency.NOW]
