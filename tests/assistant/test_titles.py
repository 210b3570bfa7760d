"""Titles: a few words of the model's where it has any, else the person's own first ones; never an answer as a title."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from tests import virtual_time
from vivavoce.assistant.titles import DEADLINE, cleaned, passes, title_of
from vivavoce.conversation.items import Item, Message, Speech, Text
from vivavoce.engines.scripted import ScriptedModel
from vivavoce.ports import Prompt, Thought, Urgency, Words

TALK: list[Item] = [
    Message("0", "system", (Text("Be brief."),)),
    Message("1", "user", (Speech("che tempo fa oggi a Roma e che cosa posso fare?"),)),
    Message("2", "assistant", (Speech("C'è il sole."),)),
]


def titled(model: ScriptedModel | None, items: list[Item] = TALK, context: int = 200_000) -> str:
    if model is not None:
        model.context = context
    return virtual_time.run(title_of(model, items))


def test_the_model_names_the_conversation_in_its_language_and_nobody_waits_for_it() -> None:
    model = ScriptedModel(["Tempo a Roma"])
    assert titled(model) == "Tempo a Roma"
    (prompt,) = model.asked
    assert "of Italian" in prompt.instructions
    assert prompt.urgency is Urgency.SPARE
    assert "che tempo fa" in prompt.items[-1].text and "Be brief" not in prompt.items[-1].text


def test_a_file_that_came_along_names_no_conversation() -> None:
    parts = (Text("[Attached file file-7eea: letter.pdf]"), Text("When is the deadline for applications?"))
    assert "file" not in (found := titled(None, [Message("1", "user", parts)])).lower() and "eadline" in found


@pytest.mark.parametrize(
    ("made", "title"),
    [
        ('"Weather in Rome."', "Weather in Rome"),
        ("Title: **Weather in Rome**", "Weather in Rome"),
        ("# Weather in Rome\n\nIt is sunny.", "Weather in Rome"),
        ("- Weather in Rome", "Weather in Rome"),
        ("\n\n", ""),
        ("The weather in Rome is sunny today, and you can do many things, such as walking about.", ""),
        ("x" * 200, ""),
        ("<b>Rome</b>\x00", "<b>Rome</b>"),
    ],
)
def test_what_a_model_writes_is_cleaned_and_an_answer_is_no_title(made: str, title: str) -> None:
    assert cleaned(made) == title


@pytest.mark.parametrize("model", [None, ScriptedModel([RuntimeError("broken")]), ScriptedModel(["word " * 60])])
def test_without_a_title_from_the_model_the_subject_is_it_in_the_persons_own_words(model: ScriptedModel | None) -> None:
    assert titled(model) == "Roma"


def test_a_model_that_is_slow_is_not_waited_for() -> None:
    class Slow(ScriptedModel):
        async def reply(self, prompt: Prompt) -> AsyncGenerator[Thought, None]:
            await asyncio.sleep(10 * DEADLINE)
            yield Words("late")

    assert titled(Slow()) == "Roma"


@pytest.mark.parametrize(
    ("made", "is_title"),
    [
        ("Tempo a Roma", True),
        ("Roma", True),
        ("Weather in Rome", False),  # another language
        ("Gita in barca sul Tevere", False),  # nobody spoke of it
        ("Che tempo fa", False),  # a question
        ("Il sole e che cosa posso fare oggi a Roma", False),  # too long
        ("", False),
    ],
)
def test_a_models_title_has_to_be_short_of_the_talk_and_in_its_language(made: str, is_title: bool) -> None:
    said = ["che tempo fa oggi a Roma e che cosa posso fare?", "C'è il sole."]
    assert passes(made, said) is is_title


def test_a_small_model_is_asked_only_where_the_words_of_the_language_are_not_known() -> None:
    model = ScriptedModel(["Tempo a Roma", "Погода в Риме"])
    assert titled(model, context=4_096) == "Roma" and not model.asked
    russian: list[Item] = [Message("1", "user", (Text("какая сегодня погода в Риме"),))]
    assert titled(ScriptedModel(["Погода в Риме"]), russian, context=4_096) == "Погода в Риме"


def test_a_model_that_ignores_the_language_is_not_heard() -> None:
    assert titled(ScriptedModel(["Weather in Rome"])) == "Roma"


def test_where_the_person_said_nothing_there_is_no_title() -> None:
    assert titled(ScriptedModel(["Something"]), [Message("1", "assistant", (Text("Hi"),))]) == ""
