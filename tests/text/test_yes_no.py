"""A yes lets a tool change things, so only a clear one counts."""

import pytest

from vivavoce.text.yes_no import yes_or_no


@pytest.mark.parametrize(
    "words",
    [
        "Yes.", "Yes, please.", "yeah, go ahead", "Sure, do it.", "Okay.", "Of course!", "Please do.", "Yes, you may.",
        "Sì.", "Sì, grazie.", "Certo, fai pure.", "Va bene.", "Vai pure.",
        "Sí, por favor.", "Claro, adelante.", "De acuerdo.",
        "Oui.", "Oui, vas-y.", "D'accord, merci.",
        "Ja, bitte.", "Klar, mach das.",
    ],
)  # fmt: skip
def test_a_clear_yes(words: str) -> None:
    assert yes_or_no(words) is True


@pytest.mark.parametrize(
    "words",
    [
        "No.", "No, thanks.", "Nope.", "Don't.", "Do not do that.", "No, use the other one.", "Not now.",
        "Never mind.", "No, grazie.", "Lascia stare.", "Meglio di no.", "Mejor no.", "Non.", "Pas maintenant.",
        "Nein, danke.", "Lass es.",
    ],
)  # fmt: skip
def test_a_clear_no(words: str) -> None:
    assert yes_or_no(words) is False


@pytest.mark.parametrize(
    "words",
    [
        "", "Mm-hm.", "Uh-huh.", "Hm.", "Right.", "Maybe.", "Yes, but only the first one.",
        "Yes, if it is free of charge.", "What would it do?", "Sure about what?",
        "Okay, tell me first what it costs.",
        "Si può sapere cosa fa?", "It was a yes and no question that they asked me yesterday.",
        "Can you do it later?", "That.", "Thanks.",
    ],
)  # fmt: skip
def test_what_is_neither_is_not_taken_for_one(words: str) -> None:
    assert yes_or_no(words) is None
