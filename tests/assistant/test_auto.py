"""The model `auto`: which of two minds gets what, and how a conversation is spared the wait."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from vivavoce.assistant.auto import Auto, AutoAloud, decide, one_moment
from vivavoce.assistant.thinking import KEPT, THINK, Desk, Thinking, language_in
from vivavoce.conversation.config import PERSONA, Tool, ToolChoice
from vivavoce.conversation.items import FunctionCall, FunctionOutput, Image, Message, Text
from vivavoce.engines.scripted import ScriptedModel
from vivavoce.errors import ToolFailed
from vivavoce.ports import Call, Done, Prompt, Reasoning, Thought, ToolContext, Urgency, Words

HARD = "Compare renting and buying for a family that may move in five years."


def user(words: str, id: str = "u1", *pictures: Image) -> Message:
    return Message(id, "user", (*pictures, Text(words)))


def asking(words: str, **more: object) -> Prompt:
    return replace(Prompt(PERSONA, (user(words),), "sess_1"), **more)  # type: ignore[arg-type]


def minds() -> tuple[ScriptedModel, ScriptedModel]:
    return ScriptedModel(["Quick words."], name="q"), ScriptedModel(["Thorough words."], name="t")


async def all_of(mind: Auto, prompt: Prompt) -> list[Thought]:
    return [thought async for thought in mind.reply(prompt)]


def words(thoughts: list[Thought]) -> str:
    return "".join(each.text for each in thoughts if isinstance(each, Words))


# --- which mind --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "mind", "reason"),
    [
        (asking(HARD), "thinking", "comparison"),
        (asking("Who wrote Hamlet?"), "quick", "short_question"),
        (asking(HARD, route="quick"), "quick", "requested"),
        (asking("Hi", route="thinking"), "thinking", "requested"),
        (asking("Hi", effort="high"), "thinking", "effort"),
        (asking(HARD, effort="minimal"), "quick", "effort"),
        (asking(HARD, effort="medium"), "thinking", "comparison"),
        (Prompt(PERSONA, ()), "quick", "nothing_asked"),
    ],
)
def test_the_request_decides_before_its_words(prompt: Prompt, mind: str, reason: str) -> None:
    chosen = decide(prompt)
    assert (chosen.mind, chosen.reason) == (mind, reason)


def test_a_picture_goes_to_the_one_that_sees() -> None:
    shown = Prompt("", (user("What is it?", "u1", Image("data:image/png;base64,AA")),))
    quick, thinking = minds()
    thinking.sees = True
    assert Auto(quick, thinking).decide(shown).reason == "picture" and Auto(quick, thinking).sees
    quick.sees = True
    assert Auto(quick, thinking).decide(shown).mind == "quick"


def test_a_reader_gets_the_chosen_minds_own_stream_and_the_reason() -> None:
    async def scene() -> None:
        quick, thinking = minds()
        thoughts = await all_of(Auto(quick, thinking), asking(HARD))
        assert words(thoughts) == "Thorough words." and quick.replies == 0
        assert isinstance(thoughts[-1], Done) and thoughts[-1].reason == "comparison"

    asyncio.run(scene())


def test_a_tool_loop_stays_with_the_mind_that_began_it() -> None:
    """The result of a call must not go to the other mind because it comes last."""
    items = (user(HARD), FunctionCall("c", "c1", "rents", "{}"), FunctionOutput("o", "c1", "1,200"))
    assert decide(replace(asking(""), items=items)).mind == "thinking"


# --- aloud -------------------------------------------------------------------------------------------


def test_what_wants_thought_is_acknowledged_and_handed_on() -> None:
    async def scene() -> None:
        quick, thinking = minds()
        thoughts = await all_of(AutoAloud(quick, thinking, Desk("large")), asking(HARD))
        said, call, done = thoughts
        assert said == Words(one_moment(HARD, "en")) and isinstance(call, Call) and call.name == THINK
        assert json.loads(call.arguments)["question"] == HARD
        assert done == Done(mind="large", reason="comparison") and quick.replies == thinking.replies == 0

    asyncio.run(scene())


@pytest.mark.parametrize(
    "prompt",
    [
        asking("Who wrote Hamlet?"),
        asking(HARD, items=(user(HARD), FunctionCall("c", "c1", THINK, "{}"), FunctionOutput("o", "c1", "It failed"))),
        asking(HARD, tools=(Tool("f"),), tool_choice=ToolChoice("required")),
    ],
)
def test_the_quick_mind_answers_the_rest_at_once(prompt: Prompt) -> None:
    """Also what became of a call, and calls that are forced; there is never a second thought about one question."""

    async def scene() -> None:
        quick, thinking = minds()
        thoughts = await all_of(AutoAloud(quick, thinking, Desk("large")), prompt)
        if prompt.tool_choice.mode == "auto":
            assert words(thoughts) == "Quick words."
        assert not any(isinstance(each, Call) for each in thoughts)

    asyncio.run(scene())


def test_out_of_band_nobody_is_there_to_be_told_later() -> None:
    async def scene() -> None:
        thoughts = await all_of(AutoAloud(*minds(), Desk("large")), asking(HARD, session=""))
        assert words(thoughts) == "Thorough words."

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("question", "begins"),
    [
        ("Non so se comprare la casa o stare in affitto, che cosa ne pensi?", ("Ci penso", "Fammi")),
        ("Soll ich die Wohnung kaufen?", ("Lass", "Gib")),
    ],
)
def test_the_acknowledgement_speaks_the_language_of_the_question(question: str, begins: tuple[str, ...]) -> None:
    assert one_moment(question, language_in(asking(question))).startswith(begins)


# --- the thinking mind as a tool ---------------------------------------------------------------------


def think(desk: Desk, mind: ScriptedModel, ref: str, **context: object) -> object:
    told: list[str] = []
    about = ToolContext(session="sess_1", progress=told.append, **context)  # type: ignore[arg-type]
    return asyncio.run(Thinking(mind, desk).call(THINK, json.dumps({"ref": ref}), about))


def test_the_question_is_thought_about_as_it_was_asked_and_said_as_it_stands() -> None:
    mind, desk = ScriptedModel(["Rent."]), Desk("large")
    ref = desk.put(asking(HARD, tools=(Tool("f"),)))
    desk.heard("sess_1", "u1")
    result = think(desk, mind, ref)
    assert result.text == result.spoken == "Rent."  # type: ignore[attr-defined]
    (asked,) = mind.asked
    assert asked.instructions.startswith(PERSONA) and "six short sentences" in asked.instructions
    assert (asked.tools, asked.session, asked.urgency, asked.max_tokens) == ((), "", Urgency.SOON, 400)


def test_a_reader_gets_all_of_it() -> None:
    mind, desk = ScriptedModel(["Rent."]), Desk("large")
    think(desk, mind, desk.put(asking(HARD)), aloud=False)
    assert "spoken" not in mind.asked[0].instructions.removeprefix(PERSONA)


def test_an_answer_leads_back_to_its_question_when_the_talk_has_moved_on() -> None:
    mind, desk = ScriptedModel(["Affitta."]), Desk("large")
    ref = desk.put(asking("Non so se comprare la casa o stare in affitto, che cosa ne pensi?"))
    desk.heard("sess_1", "another turn")
    result = think(desk, mind, ref)
    assert result.spoken == "Tornando alla tua domanda: Affitta." and result.text == "Affitta."  # type: ignore[attr-defined]


def test_a_question_that_lies_there_no_more_is_read_from_the_conversation() -> None:
    mind, desk = ScriptedModel(["Rent."]), Desk("large")
    first = desk.put(asking(HARD))
    for _ in range(KEPT):
        desk.put(asking("draft"))
    think(desk, mind, first, history=(user(HARD),))
    assert mind.asked[0].items == (user(HARD),)


@pytest.mark.parametrize("lines", [[RuntimeError("away")], [""]])
def test_a_mind_that_fails_is_told_as_a_failed_call(lines: list[object]) -> None:
    desk = Desk("large")
    with pytest.raises(ToolFailed, match="thinking mind"):
        think(desk, ScriptedModel(lines), desk.put(asking(HARD)))  # type: ignore[arg-type]


def test_how_far_it_has_come_can_be_asked() -> None:
    class Slow(ScriptedModel):
        async def reply(self, prompt: Prompt):  # type: ignore[no-untyped-def, override]
            yield Reasoning("hm")
            for _ in range(60):
                yield Words("word ")
            yield Done()

    told: list[str] = []
    desk = Desk("large")
    context = ToolContext(session="sess_1", progress=told.append)
    asyncio.run(Thinking(Slow(), desk).call(THINK, json.dumps({"ref": desk.put(asking(HARD))}), context))
    assert told[0] == "it is being thought about" and "words" in told[-1].replace("word", "words", 1)
