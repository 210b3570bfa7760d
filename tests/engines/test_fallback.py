"""Who answers when the first one does not: on virtual time, so that slowness takes none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from tests.virtual_time import run
from vivavoce.engines.llm.fallback import Fallback
from vivavoce.engines.scripted import ScriptedModel
from vivavoce.errors import EngineFailed, EngineTooSlow, PromptRefused, TurnError
from vivavoce.ports import Call, Done, Prompt, Reasoning, Thought, Words

ASKED = Prompt("", ())


def row(*models: object, passed: list[tuple[str, str]] | None = None) -> Fallback:
    def clock() -> float:
        return asyncio.get_running_loop().time()

    noted = passed if passed is not None else []
    named = [(name, model) for name, model in zip("abc", models, strict=False)]
    return Fallback(named, 2.0, 30.0, lambda mind, why: noted.append((mind, why)), clock)  # type: ignore[arg-type]


async def told(model: Fallback, prompt: Prompt = ASKED) -> tuple[str, Done]:
    thoughts = [thought async for thought in model.reply(prompt)]
    assert isinstance(thoughts[-1], Done)
    return "".join(each.text for each in thoughts if isinstance(each, Words)), thoughts[-1]


class Faulty(ScriptedModel):
    """Tells some thoughts, then raises."""

    def __init__(self, before: Sequence[Thought], error: TurnError) -> None:
        super().__init__()
        self.before, self.error = before, error

    async def reply(self, prompt: Prompt):  # type: ignore[no-untyped-def, override]
        self.replies += 1
        for thought in self.before:
            yield thought
        raise self.error


def test_the_first_answers_and_says_so() -> None:
    async def scene() -> None:
        words, done = await told(row(ScriptedModel(["One."]), ScriptedModel(["Two."])))
        assert (words, done.mind, done.reason) == ("One.", "a", "")

    run(scene())


def test_the_next_one_answers_for_one_that_fails_or_is_slow_and_the_switch_is_told() -> None:
    async def scene() -> None:
        passed: list[tuple[str, str]] = []
        models = (
            ScriptedModel([RuntimeError()]),
            ScriptedModel(["Late."], first=60),
            ScriptedModel(["Here."], first=5),
        )
        words, done = await told(row(*models, passed=passed))
        assert (words, done.mind, done.reason) == ("Here.", "c", "fallback")
        assert passed == [("a", "failed"), ("b", "too_slow")]
        assert asyncio.get_running_loop().time() < 8, "the last of the row may take its time, the others not"

    run(scene())


def test_thinking_is_a_sign_of_life_and_no_word_yet() -> None:
    """A model that thinks is not too slow; one that fails while it thinks is replaced."""

    async def scene() -> None:
        thinker = Faulty([Reasoning("hm")], EngineFailed("gone"))
        assert (await told(row(thinker, ScriptedModel(["Two."]))))[0] == "Two."

    run(scene())


@pytest.mark.parametrize("begun", [Words("Once upon"), Call("timer", "{}")])
def test_what_was_told_is_not_told_again_by_another(begun: Thought) -> None:
    """Half an answer of one and a whole one of the other would be worse than a failed turn; calls would run twice."""

    async def scene() -> None:
        second = ScriptedModel(["Two."])
        with pytest.raises(EngineFailed, match="gone"):
            await told(row(Faulty([begun], EngineFailed("gone")), second))
        assert second.replies == 0

    run(scene())


def test_one_that_fails_twice_is_left_alone_for_a_while_and_then_tried_by_one() -> None:
    async def scene() -> None:
        passed: list[tuple[str, str]] = []
        first, second = ScriptedModel([RuntimeError()]), ScriptedModel(["Two."])
        both = row(first, second, passed=passed)
        for _ in range(5):
            await told(both)
        assert first.replies == 2 and passed[-1] == ("a", "resting")
        await asyncio.sleep(31)
        await asyncio.gather(told(both), told(both))
        assert first.replies == 3, "one tries, the others wait for what comes of it"
        await asyncio.sleep(45)
        await told(both)
        assert first.replies == 3, "the second rest is longer than the first"
        await asyncio.sleep(16)
        first.lines = ["One again."]
        assert [(await told(both))[0] for _ in range(3)] == ["One again."] * 3

    run(scene())


def test_when_all_rest_all_are_asked() -> None:
    async def scene() -> None:
        only = ScriptedModel([RuntimeError(), RuntimeError(), "Back."])
        alone = row(only)
        for _ in range(2):
            with pytest.raises(EngineFailed):
                await told(alone)
        assert (await told(alone))[0] == "Back."

    run(scene())


def test_a_prompt_that_a_model_cannot_do_is_no_fault_of_the_models() -> None:
    async def scene() -> None:
        small = Faulty([], PromptRefused("no such schema here"))
        both = row(small, ScriptedModel(["Two."]))
        assert [(await told(both))[0] for _ in range(4)] == ["Two."] * 4
        assert small.replies == 4, "it was left alone for it"
        with pytest.raises(PromptRefused):
            await told(row(small))

    run(scene())


def test_leaving_early_leaves_the_model_too() -> None:
    async def scene() -> None:
        ended = asyncio.Event()

        class Endless(ScriptedModel):
            async def reply(self, prompt: Prompt):  # type: ignore[no-untyped-def, override]
                try:
                    while True:
                        yield Words("on ")
                        await asyncio.sleep(0.01)
                finally:
                    ended.set()

        reply = row(Endless()).reply(ASKED)
        await anext(reply)
        await reply.aclose()
        assert ended.is_set()

    run(scene())


def test_a_slow_word_is_named_with_its_mind() -> None:
    async def scene() -> None:
        with pytest.raises(EngineTooSlow, match="b had no first word"):
            both = row(
                ScriptedModel([RuntimeError()]), ScriptedModel(["Late."], first=60), Faulty([], EngineFailed("c"))
            )
            async for _ in both._of(both._links[1], ASKED, last=False):
                pass

    run(scene())
