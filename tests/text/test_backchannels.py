"""A sign of attention must not stop the assistant, and a word that claims the floor must."""

import pytest

from vivavoce.text.backchannels import asks_to_stop, is_backchannel, may_become_backchannel, wants_something


@pytest.mark.parametrize(
    "words",
    ["Mm-hm.", "Uh-huh", "Yeah.", "Right, right.", "I see.", "Okay, got it.", "Sì, certo.", "Ah, va bene", "D'accord.",
     "Ja, genau", "Vale, vale.", "Yes exactly", "Thank you.", "Sí, sí.", "Ya veo.", "Ah bon ?", "Capisco.",
     "That's true.", "Fair enough.", "Oh, very good.", "Qué bien.", "Muy interesante", "Che bello", "Infatti."],
)  # fmt: skip
def test_signs_of_attention(words: str) -> None:
    assert is_backchannel(words)
    assert not asks_to_stop(words)


@pytest.mark.parametrize("words", ["İmamı.", "إحاء", "ممي", "Hmmm", "Um, uh"])
def test_a_hum_is_one_however_a_recogniser_spells_it(words: str) -> None:
    """What Whisper made of "mm-hm" and "uh-huh" when it was not told the language."""
    assert is_backchannel(words)


@pytest.mark.parametrize(
    "words",
    ["", "Right, but what about tomorrow?", "Yeah, tell me about Rome", "Okay stop", "What?", "Rome", "Tomorrow",
     "No, no.", "Oh, no", "I'm", "Mom", "Anna", "Non", "Nein", "Hey!", "That's", "¿Qué?", "Qué hora es", "¿Mañana?",
     "Che ora è", "That's not right.", "Eso ya lo sé.", "So what"],
)  # fmt: skip
def test_what_wants_something_is_none(words: str) -> None:
    assert not is_backchannel(words)


@pytest.mark.parametrize(
    "words", ["Stop!", "Wait, what", "No.", "Hold on a second", "Aspetta", "Espera", "Arrête", "Warte mal"]
)
def test_the_floor_is_claimed_with_the_first_word(words: str) -> None:
    assert asks_to_stop(words)


@pytest.mark.parametrize(
    ("words", "may"),
    [("I", True), ("Okay, got", True), ("Oh, that's", True), ("I want", False), ("Rome", False), ("", False)],
)
def test_the_beginning_of_a_sign_is_not_taken_for_words_of_its_own(words: str, may: bool) -> None:
    """ "I see" used to stop the assistant at its "I", which a pass had heard alone."""
    assert may_become_backchannel(words) is may


@pytest.mark.parametrize(
    "words", ["Why?", "¿Qué?", "Pourquoi ?", "Cosa?", "O quê?", "Não.", "Lauter", "Again.", "6", "Стоп"]
)
def test_a_single_word_that_wants_something_is_known(words: str) -> None:
    assert wants_something(words)


@pytest.mark.parametrize("words", ["Chair.", "M and M.", "Rasa", "Yeah.", "Sì.", ""])
def test_what_may_be_misheard_wants_nothing(words: str) -> None:
    assert not wants_something(words)
