"""Quick or thinking: what is told of every request, and how good the choice has to stay."""

from __future__ import annotations

import pytest
from bench.routing.__main__ import HERE, Labelled, cross_validated, names_in, read
from hypothesis import given
from hypothesis import strategies as some

from vivavoce.assistant import routing
from vivavoce.assistant.routing import features, route


@given(some.text(max_size=400), some.text(max_size=60))
def test_every_text_has_a_route_and_a_reason(text: str, before: str) -> None:
    """Whatever a person or a program sends: the same text, the same route."""
    found = route(text, before)
    assert found == route(text, before)
    assert found.mind in ("quick", "thinking") and found.reason and 0 <= found.p <= 1
    assert (found.mind == "thinking") == (found.p >= routing.THINKING_FROM)


@pytest.mark.parametrize(
    ("text", "mind", "reason"),
    [
        ("", "quick", "nothing_asked"),
        ("…", "quick", "nothing_asked"),
        ("Who wrote Hamlet?", "quick", "short_question"),
        ("Ciao!", "quick", "small_talk"),
        ("Turn the volume up", "quick", "command"),
        ("Think carefully: what is my cat called?", "thinking", "asked_to_think"),
        ("Pensaci bene: come mi chiamo?", "thinking", "asked_to_think"),
        ("Write a letter to my bank about the wrong fee", "thinking", "long_form"),
        ("Invent a game about bees and set down its rules", "thinking", "task"),
        ("Why does def f(x): return f(x) never end?", "thinking", "code"),
        ("Schreib mir einen Brief an meine Bank wegen der falschen Gebühr", "thinking", "long_form"),
        ("Explique-moi étape par étape comment fonctionne un moteur", "thinking", "long_form"),
        ("¿Quién escribió el Quijote?", "quick", "short_question"),
    ],
)
def test_the_reason_is_what_spoke_for_it(text: str, mind: str, reason: str) -> None:
    found = route(text)
    assert (found.mind, found.reason) == (mind, reason), found


def test_a_short_turn_goes_on_from_the_one_before_it() -> None:
    hard = "Write a program that finds all primes below a million, step by step, and explain it"
    assert route("And in Rust?", hard).p > route("And in Rust?", "What time is it?").p


def test_a_long_paste_costs_no_more_than_its_ends() -> None:
    """Patterns over a whole book would keep everybody waiting."""
    assert route("word, and 7 " * 100_000).mind == "thinking"
    assert features("a " * 100_000 + "why?").keys() == features("a " * 50_000 + "why?").keys()


def quality(prompts: list[Labelled], said: list[bool]) -> tuple[float, float]:
    hits = sum(s and prompt.thinking for s, prompt in zip(said, prompts, strict=True))
    return hits / sum(said), hits / sum(prompt.thinking for prompt in prompts)


def test_the_choice_stays_as_good_as_it_was_measured() -> None:
    """Figures of docs/minds.md, a little below them. A change of signals needs `python -m bench.routing --fit`."""
    prompts = read(HERE / "fit.tsv")
    precision, recall = quality(prompts, cross_validated(prompts, names_in(prompts)))
    assert precision > 0.92 and recall > 0.85
    unseen = read(HERE / "last.tsv")
    precision, recall = quality(unseen, [route(prompt.text).mind == "thinking" for prompt in unseen])
    assert precision > 0.85 and recall > 0.7
    assert {*names_in(prompts)} <= {*routing._weights()}, "a signal without a weight: fit them anew"
