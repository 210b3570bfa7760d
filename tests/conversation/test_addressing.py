"""Who is meant: silence for what goes to somebody else, and never for a question to the assistant."""

import pytest

from vivavoce.conversation.addressing import addressed_elsewhere


@pytest.mark.parametrize(
    "words",
    ["Mom, can you close the door?", "Hey honey, where are the keys?", "Mamma, dove sei?", "Papá, ven aquí.",
     "Chérie, tu viens ?", "Schatz, kommst du?", "I'm on the phone.", "Sono al telefono.", "Not you.",
     "No, not you, I meant my son.", "I'm not talking to you.", "Non parlo con te.", "Je suis au téléphone.",
     "Come here, kids!", "Mum can you close the door?", "Mamma puoi chiudere la porta?", "Maman tu peux venir ?"],
)  # fmt: skip
def test_somebody_else_is_meant(words: str) -> None:
    assert addressed_elsewhere(words)


@pytest.mark.parametrize(
    "words",
    ["Can you call my mom?", "What should I buy for my dad?", "Honey is sweet, why?", "Mom is coming tomorrow.",
     "How do I put a call on hold?", "Remind me when I'm on the train.", "Amore in French, how do you say it?",
     "Just a second.", "What is the capital of France?", "Tell me about papa bear, please.", "", "Mom can cook.",
     "You are not you when you are hungry, who said that?"],
)  # fmt: skip
def test_the_assistant_is_meant(words: str) -> None:
    assert not addressed_elsewhere(words)
