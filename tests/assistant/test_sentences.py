"""What the tools say: in each language the same sentences, with the same things filled in."""

from __future__ import annotations

from string import Formatter

import pytest

from vivavoce.assistant.sentences import SPOKEN, _sentences, phrase, sentence


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", SPOKEN)
def test_no_language_lacks_a_sentence_or_says_less(language: str) -> None:
    """A fact is turned round in English only, so it may be filled in by another name there."""
    english, other = _sentences("en"), _sentences(language)
    assert english.keys() == other.keys()
    same = {"yours": "fact", "facts": "fact"}
    for key, text in other.items():
        assert {same.get(name, name) for name in fields(text)} == {
            same.get(name, name) for name in fields(english[key])
        }


def test_a_sentence_begins_with_a_capital_and_another_language_is_answered_in_english() -> None:
    assert sentence("en", "timer_name_called", label="pasta") == "Pasta timer"
    assert phrase("en", "timer_name_called", label="pasta") == "pasta timer"
    assert sentence("ja", "nothing_set") == sentence("en", "nothing_set")
