"""An answer in text with hosted tools, in virtual time: minds and tools that hang, fail, trickle or write nonsense, and
whoever asked going away at any moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.session.tools import WEATHER, Host
from tests.virtual_time import run
from vivavoce.conversation.config import ReplyOptions
from vivavoce.conversation.hosted import ApprovalRule, ToolServer
from vivavoce.conversation.items import FunctionOutput, Message, Text
from vivavoce.errors import EngineFailed, EngineTooSlow, ToolFailed
from vivavoce.ports import Call, Done, HostedTool, Prompt, Thought, ToolContext, ToolResult, Words
from vivavoce.session.text_answer import (
    ANSWER_WITHIN,
    CALL_WITHIN,
    LISTED_WITHIN,
    LONGEST_RESULT,
    ROUNDS,
    Listing,
    Ran,
    Running,
    Step,
    TextAnswer,
)
from vivavoce.session.tooling import Tooling

ASKED = (Message("1", "user", (Text("What is the weather in Rome?"),)),)
CALL = Call("get_weather", '{"city": "Rome"}')
OPTIONS = ReplyOptions(servers=(ToolServer("home", approval=ApprovalRule("never")),), modality="text")
HANGS = 1e9


@dataclass
class Mind:
    """Thinks what `lines` say, one after the other; a number is a rest in seconds, an exception is raised."""

    lines: Sequence[Sequence[Thought | float | Exception]]
    asked: list[Prompt] = field(default_factory=list)
    thinking: int = 0

    async def think(self, prompt: Prompt) -> AsyncGenerator[Thought, None]:
        line = self.lines[min(len(self.asked), len(self.lines) - 1)]
        self.asked.append(prompt)
        self.thinking += 1
        try:
            for step in line:
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, int | float):
                    await asyncio.sleep(step)
                else:
                    yield step
        finally:
            self.thinking -= 1


def answer(mind: Mind, host: Any, *, most_calls: int | None = None, at_most: float = 3600.0) -> list[Step]:
    """The steps of an answer, after which nothing is left behind."""
    steps: list[Step] = []

    async def scene() -> None:
        try:
            await making(mind, host, steps.append, most_calls)
        finally:
            assert mind.thinking == 0 and len(asyncio.all_tasks()) == 1

    run(scene(), at_most=at_most)
    return steps


async def making(mind: Mind, host: Any, tell: Callable[[Step], None], most_calls: int | None = None) -> None:
    answering = TextAnswer(mind.think, Tooling({"home": host}), ToolContext(), most_calls=most_calls)
    await answering.run(Prompt("Be brief.", ()), OPTIONS, ASKED, tell)


def said(steps: Sequence[Step]) -> str:
    return "".join(step.text for step in steps if isinstance(step, Words))


def told(prompt: Prompt) -> list[str]:
    return [item.output for item in prompt.items if isinstance(item, FunctionOutput)]


def test_a_tool_that_hangs_is_given_up_and_the_mind_is_told() -> None:
    mind, host = Mind([[CALL, Done()], [Words("I cannot tell."), Done()]]), Host(takes=HANGS)
    steps = answer(mind, host)
    (ran,) = [step.item for step in steps if isinstance(step, Ran)]
    assert ran.error is not None and f"{CALL_WITHIN:g} s" in ran.error.message and host.cancelled == 1
    assert said(steps) == "I cannot tell." and f"{CALL_WITHIN:g} s" in told(mind.asked[1])[0]


def test_a_server_that_never_says_what_it_offers_is_not_waited_for() -> None:
    mind = Mind([[Words("Hello."), Done()]])
    steps = answer(mind, Host(lists=HANGS), at_most=LISTED_WITHIN + 5)
    (begun, ended) = [step.item for step in steps if isinstance(step, Listing)]
    assert begun.status == "in_progress" and ended.error is not None and said(steps) == "Hello."
    assert mind.asked[0].tools == ()


def test_calls_run_side_by_side_and_one_that_hangs_holds_up_no_other() -> None:
    class Mixed(Host):
        async def call(self, name: str, arguments: str, context: ToolContext) -> ToolResult:
            await asyncio.sleep(HANGS if "Oslo" in arguments else 1.0)
            return ToolResult("sunny")

    calls = [CALL, Call("get_weather", '{"city": "Oslo"}'), Done()]
    steps = answer(Mind([calls, [Words("So."), Done()]]), Mixed(), at_most=CALL_WITHIN + 5)
    ended = {step.item.arguments: step.item for step in steps if isinstance(step, Ran)}
    assert ended[CALL.arguments].output == "sunny" and ended['{"city": "Oslo"}'].error is not None
    assert said(steps) == "So."


def test_a_mind_that_calls_for_ever_has_to_answer_in_the_end() -> None:
    mind = Mind([[CALL, Done()]])
    steps = answer(mind, Host())
    assert len(mind.asked) == ROUNDS and mind.asked[-1].tool_choice.mode == "none"
    assert sum(isinstance(step, Ran) for step in steps) == ROUNDS


def test_no_more_calls_than_are_allowed() -> None:
    mind = Mind([[CALL, CALL, CALL, Done()], [Words("Enough."), Done()]])
    steps = answer(mind, Host(), most_calls=2)
    assert sum(isinstance(step, Ran) for step in steps) == 2 and said(steps) == "Enough."


@pytest.mark.parametrize("arguments", ["", "{", "[1]", "nonsense", '{"city": "' + "x" * 300_000 + '"}'])
def test_nonsense_for_arguments_reaches_the_tool_which_says_so(arguments: str) -> None:
    host = Host(answers=ToolFailed("these are no arguments"))
    steps = answer(Mind([[Call("get_weather", arguments), Done()], [Words("Sorry."), Done()]]), host)
    assert host.calls == [("get_weather", arguments)] and said(steps) == "Sorry."


@pytest.mark.parametrize(
    "line",
    [
        [],
        [Done(), Done()],
        [Words("")],
        [Words("One"), Done(), Words(" two"), Done()],
        [Call("", ""), Done()],
        [Call("no_such_tool", "}{"), Words("\ud800"), Done()],
    ],
)
def test_a_mind_that_makes_no_sense_ends_the_answer_and_nothing_more(line: list[Thought]) -> None:
    mind = Mind([line])
    steps = answer(mind, Host())
    assert [step for step in steps if not isinstance(step, Listing)] == line and len(mind.asked) == 1


def test_a_mind_that_breaks_off_after_words_and_calls_fails_the_answer_as_itself() -> None:
    host = Host()
    with pytest.raises(EngineFailed, match="gone"):
        answer(Mind([[Words("One"), CALL, EngineFailed("gone")]]), host)
    assert host.calls == []  # what a broken answer asks for is not done


def test_a_mind_that_trickles_for_ever_is_too_slow() -> None:
    trickle = [step for _ in range(100) for step in (60.0, Words("on and "))]
    with pytest.raises(EngineTooSlow, match=f"{ANSWER_WITHIN:g} s"):
        answer(Mind([trickle]), Host(), at_most=ANSWER_WITHIN + 5)


def test_a_tool_that_breaks_in_an_unforeseen_way_takes_the_others_along() -> None:
    @dataclass
    class Broken(Host):
        async def call(self, name: str, arguments: str, context: ToolContext) -> ToolResult:
            if "Oslo" in arguments:
                raise RuntimeError("a fault of ours")
            return await super().call(name, arguments, context)

    host = Broken(takes=HANGS)
    with pytest.raises(BaseExceptionGroup):
        answer(Mind([[CALL, Call("get_weather", '{"city": "Oslo"}'), Done()]]), host, at_most=5)
    assert host.cancelled == 1


def test_a_result_without_end_is_cut() -> None:
    mind = Mind([[CALL, Done()], [Words("Long."), Done()]])
    answer(mind, Host(answers="x" * (LONGEST_RESULT * 3)))
    assert len(told(mind.asked[1])[0]) == LONGEST_RESULT + 1


@pytest.mark.parametrize("moment", [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.5, 4.5])
def test_whoever_leaves_at_any_moment_leaves_nothing_behind(moment: float) -> None:
    """While tools are listed, the mind is silent or speaks, a tool runs, the mind tells its result."""
    line: list[Thought | float | Exception] = [1.0, Words("Let me see."), CALL, Done()]
    mind = Mind([line, [1.0, Words("Sunny."), 1.0, Done()]])
    host = Host(offers=(HostedTool(WEATHER, reads_only=True, foreign=False),), takes=1.0, lists=0.75)
    steps: list[Step] = []

    async def scene() -> None:
        asking = asyncio.create_task(making(mind, host, steps.append))
        await asyncio.sleep(moment)
        asking.cancel()
        await asyncio.wait([asking])
        assert asking.cancelled()
        count = len(steps)
        await asyncio.sleep(10)
        assert len(steps) == count and mind.thinking == 0 and len(asyncio.all_tasks()) == 1

    run(scene())
    begun = sum(isinstance(step, Running) for step in steps)
    assert host.cancelled == begun - sum(isinstance(step, Ran) for step in steps)
