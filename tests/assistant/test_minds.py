"""Which mind a name means: clients send what they have built in, operators what they have set up."""

from __future__ import annotations

import pytest

from vivavoce.assistant.minds import Minds
from vivavoce.engines.scripted import ScriptedModel
from vivavoce.errors import RequestError

SMALL, LARGE = ScriptedModel(name="qwen-small"), ScriptedModel(name="gpt-5.1")


def minds() -> Minds:
    return Minds(SMALL, {"large": LARGE}, {"claude-opus-4-1": "large"})


@pytest.mark.parametrize(
    "model",
    [
        None,
        "",
        "vivavoce",
        "qwen-small",
        "gpt-realtime",
        "gpt-4o",
        "o4-mini",
        "sonar-pro",
        "openai/gpt-5.1",
        "xai/grok-4",
    ],
)
def test_the_default_answers_to_every_name_that_apps_have_built_in(model: str | None) -> None:
    assert minds().choose(model) is SMALL


@pytest.mark.parametrize("model", ["large", "gpt-5.1", "claude-opus-4-1"])
def test_a_mind_answers_to_its_name_its_model_and_its_aliases(model: str) -> None:
    assert minds().choose(model) is minds().for_voice(model) is LARGE


def test_an_unknown_name_is_refused_with_those_that_exist() -> None:
    with pytest.raises(RequestError, match="There are: vivavoce, large") as refused:
        minds().choose("llama-9")
    assert (refused.value.param, refused.value.code) == ("model", "model_not_found")


def test_the_default_may_be_one_of_the_others_and_the_small_one_is_still_there() -> None:
    """`routing.default`: what a page or an app that names no mind talks with."""
    known = Minds(LARGE, {"large": LARGE}, quick=SMALL)
    assert known.choose("vivavoce") is known.for_voice("gpt-realtime") is LARGE
    assert known.choose("qwen-small") is known.quick is SMALL


def test_a_voice_client_may_send_any_name() -> None:
    assert minds().for_voice("whatever-its-author-liked") is SMALL
