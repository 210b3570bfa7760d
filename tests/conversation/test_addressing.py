"""Who is meant: silence for what goes to somebody else, and never for a question to the assistant."""

import pytest

from vivavoce.conversation.addressing import addressed_elsewhere


@pytest.mark.parametrize(
    "words",
    ["Mom, can you close the door?", "Hey honey, where are the keys?", "Mamma, dove sei?", "Papá, ven aquí.",
     "Chérie, tu viens ?", "Schatz, kommst du?", "I'm on the phone.", "Sono al telefono.", "Not you.",
     "No, not you, I meant my son.", "I'm not talking to you.", "Non parlo con te.", "Je suis au téléphone.",
     "Come in, the door is open.",
     "Come in the door is open", "Come in!", "Sit down and eat.", "Please take off your shoes.", "Okay, I'm coming.",
     "Did you walk the dog?", "Put it on the table, please.", "Where are your shoes?", "Somebody's at the door.",
     "Avanti!", "Ya voy.", "Entrez.", "Setz dich.", "Come here, kids!",
     "Mum can you close the door?", "Mamma puoi chiudere la porta?", "Maman tu peux venir ?"],
)  # fmt: skip
def test_somebody_else_is_meant(words: str) -> None:
    assert addressed_elsewhere(words)


@pytest.mark.parametrize(
    "words",
    ["Can you call my mom?", "What should I buy for my dad?", "Honey is sweet, why?", "Mom is coming tomorrow.",
     "How do I put a call on hold?", "Remind me when I'm on the train.", "Amore in French, how do you say it?",
     "Just a second.", "What is the capital of France?", "Tell me about papa bear, please.", "", "Mom can cook.",
     "How do you say come in in French?", "Come in handy, what does that mean?", "What do you put on your face?",
     "Put it on my list.", "Put it in the calendar.", "Take your time.", "Do your best.", "Where are your servers?",
     "I'll be there at six.", "Hold on.", "Give me the news.", "Come in Italia si dice ciao?", "Hurry up and tell me.",
     "Set the table to five columns.", "Come on.",
     "Why do you wash your hands?", "Tell me how to make your bed.", "Get out of bed, what does that mean in Italian?",
     "You are not you when you are hungry, who said that?"],
)  # fmt: skip
def test_the_assistant_is_meant(words: str) -> None:
    assert not addressed_elsewhere(words)
