"""Facts worth keeping are taken from plain statements about oneself, and from nothing else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.assistant.facts import facts_in, subject_of


@pytest.mark.parametrize(
    ("said", "facts"),
    [
        ("My name is Anna.", {"My name is Anna": "name"}),
        ("Hi, my name is Anna and I live in Turin.", {"my name is Anna": "name", "I live in Turin": "home"}),
        ("I'm allergic to peanuts. What can I eat?", {"I'm allergic to peanuts": ""}),
        ("Well, I work as a nurse, you know.", {}),
        ("I work as a nurse.", {"I work as a nurse": "work"}),
        ("My sister's name is Laura.", {"My sister's name is Laura": ""}),
        ("My favourite colour is green.", {"My favourite colour is green": "my favourite colour"}),
        ("I have two kids.", {"I have two kids": ""}),
        ("I love jazz.", {"I love jazz": ""}),
        ("I'm vegetarian.", {"I'm vegetarian": "diet"}),
        ("Mi chiamo Anna e abito a Torino.", {"Mi chiamo Anna": "name", "abito a Torino": "home"}),
        ("Mia sorella si chiama Laura.", {"Mia sorella si chiama Laura": ""}),
        ("Sono allergico alle arachidi.", {"Sono allergico alle arachidi": ""}),
        ("Ho 42 anni.", {"Ho 42 anni": "age"}),
        ("Hallo, ich heiße Anna und ich wohne in Köln.", {"ich heiße Anna": "name", "ich wohne in Köln": "home"}),
        ("Meine Schwester heißt Laura.", {"Meine Schwester heißt Laura": ""}),
        ("Ich bin allergisch gegen Erdnüsse.", {"Ich bin allergisch gegen Erdnüsse": ""}),
        ("Mein Lieblingsessen ist Pizza", {"Mein Lieblingsessen ist Pizza": "mein lieblingsessen"}),
        ("Me llamo Ana y vivo en Madrid.", {"Me llamo Ana": "name", "vivo en Madrid": "home"}),
        ("Mi perro se llama Rex.", {"Mi perro se llama Rex": ""}),
        ("Soy vegetariana.", {"Soy vegetariana": "diet"}),
        ("Je m'appelle Anne et j'habite à Lyon.", {"Je m'appelle Anne": "name", "j'habite à Lyon": "home"}),
        ("Ma fille s'appelle Léa.", {"Ma fille s'appelle Léa": ""}),
        ("J'ai 42 ans.", {"J'ai 42 ans": "age"}),
        ("Je ne mange pas de viande.", {"Je ne mange pas de viande": "diet"}),
        ("Il mio piatto preferito è la pizza", {"Il mio piatto preferito è la pizza": "il mio piatto preferito"}),
    ],
)
def test_statements_about_oneself(said, facts):
    assert {fact.text: fact.subject for fact in facts_in(said)} == facts


@pytest.mark.parametrize(
    "said",
    [
        "Is my name Anna?", "I love it.", "I hate when that happens.", "I live to work.", "She said my name is Anna.",
        "If I live in Rome, do I pay more?", "I'm tired.", "I am happy to help.", "I have a question.",
        "Call me later maybe tomorrow please",
        "My name is what everybody asks about when we meet, and then nobody remembers it, which is sad.",
        "I'm a bit lost.", "I love the way you say that.", "Ho due domande.", "Sono stanca.", "Odio quando piove.",
        "Ich bin müde.", "Ich liebe es, wenn du lachst.", "Wie heiße ich?", "Ich habe eine Frage.", "Ich bin in Eile.",
        "Me encanta cuando llueve.", "Soy feliz.", "Tengo una pregunta.", "¿Cómo me llamo?", "Odio que llueva.",
        "Je suis fatiguée.", "J'adore quand il pleut.", "J'ai une question.", "Je viens de manger.",
        "Soy de los que ríen.",
        "Faccio la doccia.", "What is my name?", "", "He lives in Turin.",
    ],
)  # fmt: skip
def test_what_is_none(said):
    assert facts_in(said) == []


def test_what_people_ask_and_read_out_tells_nothing_about_them(recordings):
    said = []
    for file in (*sorted((recordings / "text").glob("qa_*.jsonl")), recordings / "manifest.jsonl"):
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        said += [text for row in rows if isinstance(text := row.get("question") or row.get("text"), str)]
    taken = [fact.text for text in said for fact in facts_in(text)]
    assert len(taken) <= len(said) / 100, taken


@given(st.text(max_size=300))
def test_any_text_is_taken(said):
    for fact in facts_in(said):
        assert subject_of(fact.text) == fact.subject
