"""Facts that a mind finds in what people say: only what stands in their words is kept, and no secret is even shown."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import numpy as np
import pytest

from tests import virtual_time
from tests.assistant.shelves import in_memory
from vivavoce.assistant.attendant import RESTS
from vivavoce.assistant.extraction import Found, facts_by, new_ones, worth_reading
from vivavoce.assistant.home import Extracting, Home
from vivavoce.assistant.secrets import holds_secret
from vivavoce.conversation.config import Manners, SessionConfig
from vivavoce.conversation.events import Transcribed
from vivavoce.conversation.keepsakes import Profile
from vivavoce.engines.scripted import ScriptedModel
from vivavoce.ports import Urgency, Vector

SAID = ["I've been a vegetarian since college, so no meat please", "How many people does that serve?"]
VEGETARIAN = ("I am a vegetarian.", "I've been a vegetarian since college")


def mind(*facts: tuple[str, str], text: str = "") -> ScriptedModel:
    listed = json.dumps({"facts": [{"fact": fact, "words": words} for fact, words in facts]})
    return ScriptedModel([text or listed])


def test_a_fact_is_taken_from_words_that_were_said_and_the_mind_is_in_no_hurry() -> None:
    model = mind(VEGETARIAN)
    assert virtual_time.run(facts_by(model, SAID)) == [Found(*VEGETARIAN)]
    (prompt,) = model.asked
    assert prompt.urgency is Urgency.SPARE and prompt.schema is not None


@pytest.mark.parametrize(
    ("fact", "words"),
    [
        ("I live in Rome.", "I live in Rome"),  # nobody said so
        ("I am a pilot from Norway.", "I've been a vegetarian since college"),  # made up beside words that were said
        ("Am I a vegetarian?", "I've been a vegetarian since college"),
        ("vegetarian", "I've been a vegetarian since college"),
        ("I am a vegetarian " * 20, "I've been a vegetarian since college"),
        ("My PIN is vegetarian.", "I've been a vegetarian since college"),
        ("It serves people.", "How many people does that serve?"),  # a question
    ],
)
def test_what_the_mind_makes_up_is_not_kept(fact: str, words: str) -> None:
    assert virtual_time.run(facts_by(mind((fact, words)), SAID)) == []


@pytest.mark.parametrize("text", ["", "no JSON", "[]", '{"facts": 3}', '{"facts": [1]}', '{"facts": [{"fact": "x"}]}'])
def test_what_is_no_list_of_facts_is_nothing(text: str) -> None:
    assert virtual_time.run(facts_by(mind(text=text or " "), SAID)) == []


def test_turns_with_secrets_and_requests_are_not_even_shown() -> None:
    said = [
        "My password for the bank is sunflower42",
        "Il numero della mia carta di credito è 4111 1111",
        "Call me on 340 123 4567 if you like",
        "Remind me to call my mother tomorrow",
        "Thanks a lot",
        *SAID,
    ]
    assert worth_reading(said) == SAID
    model = mind()
    virtual_time.run(facts_by(model, said[:5]))
    assert not model.asked


@pytest.mark.parametrize(
    "said",
    ["mein Passwort ist Rose", "mi contraseña es rosa", "mon code secret est 12", "la mia IBAN", "4111-1111-1111"],
)
def test_secrets_are_known_in_each_language(said: str) -> None:
    assert holds_secret(said) and not holds_secret("I have two cats and 12 plants, since 1999")


def test_what_is_known_already_is_not_kept_again() -> None:
    async def alike(texts: Sequence[str]) -> list[Vector]:
        dogs = [any(word in text for word in ("dog", "beagle")) for text in texts]
        return [np.eye(9, dtype=np.float32)[0 if dog else place + 1] for place, dog in enumerate(dogs)]

    found = [Found("I am vegetarian.", "x"), Found("I have a beagle.", "x"), Found("I run a bakery.", "x"),
             Found("I run my own bakery.", "x")]  # fmt: skip
    known = ["I've been a vegetarian for years", "We have a dog"]
    kept = virtual_time.run(new_ones(found, known, alike))
    assert [one.fact for one in kept] == ["I run a bakery."]
    kept = virtual_time.run(new_ones(found[:3], known, None))
    assert [one.fact for one in kept] == ["I have a beagle.", "I run a bakery."]


class Open:
    """A session of which only what is heard matters."""

    def __init__(self, config: SessionConfig) -> None:
        self.config = config

    async def speak_up(self, words: str) -> None:
        raise AssertionError("nothing is due")


PERSONAL = SessionConfig(manners=Manners(profile=True), conversation="conv_1")


def kept_of(
    config: SessionConfig,
    *,
    remembers: bool = True,
    after: float = RESTS + 5,
    model: ScriptedModel | None = None,
    leaves: bool = False,
) -> list[str]:
    """What is remembered of a session in which SAID was said."""

    async def play() -> list[str]:
        home = Home(in_memory(), lambda owner, file_id: ("", b""), extracting=Extracting(lambda: model))
        running = asyncio.create_task(home.run())
        await home.knowledge.change_profile("me", Profile(remembers=remembers))
        attendant = home.attendant("me")
        attendant.attend(Open(config))
        for number, text in enumerate(SAID):
            attendant.see(Transcribed(f"item_{number}", text, "en", 1.0))
        await asyncio.sleep(after)
        if leaves:
            attendant.leave()
            await asyncio.sleep(1)
        kept = [memory.text for memory in await home.knowledge.all("me")]
        running.cancel()
        await asyncio.wait([running])
        return kept

    return virtual_time.run(play())


def test_facts_are_looked_for_when_the_conversation_rests_or_ends_and_not_before() -> None:
    assert kept_of(PERSONAL, model=mind(VEGETARIAN)) == ["I am a vegetarian."]
    assert kept_of(PERSONAL, model=mind(VEGETARIAN), after=RESTS - 5) == []
    assert kept_of(PERSONAL, model=mind(VEGETARIAN), after=1, leaves=True) == ["I am a vegetarian."]


def test_nothing_is_looked_for_where_nothing_is_to_be_remembered() -> None:
    temporary = SessionConfig(manners=Manners(profile=True), conversation="conv_temp_1")
    assert kept_of(temporary, model=mind(VEGETARIAN), leaves=True) == []
    assert kept_of(SessionConfig(conversation="conv_1"), model=mind(VEGETARIAN)) == []
    assert kept_of(PERSONAL, remembers=False, model=mind(VEGETARIAN)) == []
    assert kept_of(PERSONAL, model=None) == [], "there is no mind that is good enough"
