"""What a talk is about, in the person's own words and language; never a greeting, never half a question."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.text.subject import LONGEST, first_words, is_foreign, title
from vivavoce.text.subject_words import LINKS


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        (
            ["can you help me write a letter to my landlord about the broken heating"],
            "Landlord about the broken heating",
        ),
        (["Ciao!", "mi aiuti a scrivere una lettera al padrone di casa"], "Lettera al padrone di casa"),
        (["Qual è la capitale dell'Australia?"], "Capitale dell'Australia"),
        (["Schreib mir bitte eine Kündigung für mein Fitnessstudio"], "Kündigung für mein Fitnessstudio"),
        (["Hola, ¿cómo se hace una buena paella de marisco?"], "Buena paella de marisco"),
        (["Bonjour, comment faire une pâte à crêpes sans lait ?"], "Pâte à crêpes sans lait"),
        (["hello there"], "hello there"),
        (["где находится Рим"], "где находится Рим"),
        (["", " "], ""),
        ([], ""),
    ],
)
def test_a_talk_has_its_subject_as_its_title(asked: list[str], named: str) -> None:
    assert title(asked, []) == named


def test_what_the_answer_speaks_of_as_well_counts_for_more() -> None:
    asked = ["is the boat what the harbour has"]
    assert title(asked, ["The harbour is closed."]) == "Harbour"


def test_another_language_is_noticed_by_its_small_words() -> None:
    assert is_foreign("Letter to the landlord", "it") and not is_foreign("Lettera al padrone", "it")
    assert not is_foreign("Mount Everest", "it") and not is_foreign("Letter to the landlord", "ja")


def test_first_words_are_cut_between_words() -> None:
    assert first_words("Hello there.") == "Hello there"
    assert first_words("") == ""
    assert len(first_words("x" * 500)) <= 61


@given(st.lists(st.text(max_size=200), max_size=3), st.lists(st.text(max_size=60), max_size=2))
def test_any_talk_has_a_title_that_fits(asked: list[str], answered: list[str]) -> None:
    assert len(title(asked, answered)) <= LONGEST + 1


@pytest.mark.parametrize("language", LINKS)
def test_no_text_takes_long(language: str) -> None:
    title(["a e the of " * 4000], ["word " * 4000])
