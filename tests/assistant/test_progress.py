"""Who asks how far something has come is told without a model; while nothing runs the same words are for the model."""

from __future__ import annotations

import pytest

from vivavoce.assistant.progress import asked_in, progress
from vivavoce.conversation.hosted import RUNNING, SO_FAR
from vivavoce.conversation.items import FunctionOutput

RUNS = [FunctionOutput("1", "call", RUNNING)]
HALF_WAY = [FunctionOutput("1", "call", f"{RUNNING}{SO_FAR}half way.")]

ASKED = {
    "en": ["How is it going?", "Are you done yet?", "So, how far along are you?", "Any news?", "Still thinking?",
           "How much longer?", "Did you find anything?", "What's the status?"],
    "it": ["Come va?", "A che punto sei?", "Hai finito?", "Allora, ci sono novità?", "Quanto manca ancora?"],
    "de": ["Wie läuft es?", "Bist du schon fertig?", "Wie weit bist du?", "Gibt es schon was Neues?"],
    "es": ["¿Cómo va?", "¿Has terminado ya?", "Oye, ¿cuánto falta?", "¿Alguna novedad?"],
    "fr": ["Ça avance ?", "Tu en es où ?", "C'est bientôt fini ?", "Alors, du nouveau ?"],
}  # fmt: skip
OTHERS = ("How is it going to end?", "How are you?", "Come va a finire?", "Wie geht es dir?", "¿Cómo va a ser?",
          "Are you done with my car?", "Never mind.", "Tell me a joke", "Comment ça marche ?", "")  # fmt: skip


@pytest.mark.parametrize(("language", "said"), [(language, said) for language, all_ in ASKED.items() for said in all_])
def test_the_question_is_understood_in_each_language(language: str, said: str) -> None:
    assert asked_in(said) == language


@pytest.mark.parametrize("said", OTHERS)
def test_other_questions_are_left_to_the_model(said: str) -> None:
    assert progress(said, RUNS) is None


def test_what_is_known_is_told_and_nothing_is_told_of_nothing() -> None:
    assert progress("How is it going?", HALF_WAY) == "Still at it. So far: half way."
    assert progress("Come va?", RUNS) == "Ci sto ancora lavorando."
    assert progress("How is it going?", []) is None
    assert progress("How is it going?", [FunctionOutput("1", "call", "sunny")]) is None
