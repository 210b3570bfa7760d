"""Claude's engine against a small server on loopback: what it sends, what it makes of answers and of failures."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from tests.engines.anthropic_mock import Mock, anthropic_mock, call, redacted, text, thinking
from tests.waiting import PATIENCE
from vivavoce.conversation.config import Tool, ToolChoice
from vivavoce.conversation.items import FunctionCall, FunctionOutput, Image, Message, Text, Thinking
from vivavoce.engines.llm import anthropic
from vivavoce.errors import EngineBusy, EngineFailed, EngineTooSlow, PromptRefused, TurnError
from vivavoce.ports import Call, Done, Prompt, Reasoning, Sampling, Thought, Words

SECRET, PRIVATE = "sk-ant-very-secret", "my private words"
WEATHER = Tool("get_weather", "Weather.", {"properties": {"city": {"type": "string"}}})
PNG = "data:image/png;base64,iVBORw0KGgo="


def user(words: str, *pictures: Image) -> Message:
    return Message("u", "user", (*pictures, Text(words)))


ASKED = Prompt("Be kind.", (user(PRIVATE),))


@pytest.fixture(scope="module")
def mock() -> Iterator[Mock]:
    with anthropic_mock() as mock:
        yield mock


def think(mock: Mock, prompt: Prompt = ASKED, *plan: Any, model: str = "ok", **options: Any) -> list[Thought]:
    """The thoughts of an engine that talks to the mock, whose answers go as planned."""

    async def whole() -> list[Thought]:
        given = {"model": model, "api_key": SECRET, "base_url": mock.url, "max_retries": 0, **options}
        engine = anthropic.load(anthropic.Options(**given), lambda id: pytest.fail(f"{id} was asked for"))
        try:
            async with aclosing(engine.reply(prompt)) as reply:
                return [thought async for thought in reply]
        finally:
            await engine._client.close()

    mock.plan.clear()
    mock.plan.extend(plan)
    return asyncio.run(whole())


def words(thoughts: list[Thought]) -> str:
    return "".join(each.text for each in thoughts if isinstance(each, Words))


# --- what is sent ------------------------------------------------------------------------------------


def test_the_key_goes_in_its_header_and_the_instructions_apart_from_the_talk(mock: Mock) -> None:
    think(mock)
    sent = mock.requests[-1]
    headers = mock.headers[-1]
    assert SECRET in (headers.get("x-api-key"), headers.get("authorization", "").removeprefix("Bearer "))
    assert headers["anthropic-version"] and SECRET not in str(sent)
    assert sent["system"][0]["text"] == "Be kind." and sent["max_tokens"] == 2048 and sent["stream"] is True
    assert [turn["role"] for turn in sent["messages"]] == ["user"]
    assert not {"temperature", "top_p", "tools", "thinking", "output_config"} & set(sent)


def test_what_was_read_is_marked_for_the_cache_at_two_places(mock: Mock) -> None:
    """After the instructions, which all turns share, and after the last block, which the next turn begins with."""
    think(mock, Prompt("Be kind.", (user("One"), Message("a", "assistant", (Text("Two"),)), user("Three"))))
    sent = mock.requests[-1]
    assert sent["system"][0]["cache_control"] == {"type": "ephemeral"}
    marked = [block["text"] for turn in sent["messages"] for block in turn["content"] if "cache_control" in block]
    assert marked == ["Three"]


def test_results_stand_right_after_their_calls_and_open_calls_are_left_out(mock: Mock) -> None:
    items = (
        user("Both, please."),
        FunctionCall("2", "a.1", "f", '{"x": 1}'),
        FunctionCall("3", "b", "g", "no json"),
        FunctionCall("4", "open", "h", "{}"),
        user("Well?"),
        FunctionOutput("6", "b", "B"),
        FunctionOutput("7", "a.1", "A"),
    )
    think(mock, Prompt("Be kind.", items, tools=(WEATHER,)))
    sent = mock.requests[-1]["messages"]
    assert [turn["role"] for turn in sent] == ["user", "assistant", "user"]
    assert [(each["id"], each["input"]) for each in sent[1]["content"]] == [("a_1", {"x": 1}), ("b", {})]
    results = [(each.get("tool_use_id"), each.get("content") or each.get("text")) for each in sent[2]["content"]]
    assert results == [("a_1", "A"), ("b", "B"), (None, "Well?")]
    assert mock.requests[-1]["tools"][0]["input_schema"] == {"type": "object", **WEATHER.parameters}


def test_the_talk_begins_and_ends_with_the_user(mock: Mock) -> None:
    """The API takes no other order: an assistant that spoke first, or last, is put between words of ours."""
    for items in ((), (Message("a", "assistant", (Text("Hello!"),)),)):
        think(mock, Prompt("Be kind.", items))
        roles = [turn["role"] for turn in mock.requests[-1]["messages"]]
        assert roles[0] == roles[-1] == "user"


def test_pictures_are_shown_to_a_model_that_sees_and_named_to_one_that_does_not(mock: Mock) -> None:
    prompt = Prompt("Be kind.", (user("What is it?", Image(PNG), Image("https://elsewhere/a.png")),))
    think(mock, prompt)
    shown, said = mock.requests[-1]["messages"][0]["content"]
    assert shown["source"] == {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
    assert said["text"] == "[image] What is it?", "what cannot be shown is named"
    think(mock, prompt, sees=False)
    assert [block["type"] for block in mock.requests[-1]["messages"][0]["content"]] == ["text"]


def test_a_system_message_in_the_talk_is_told_as_one(mock: Mock) -> None:
    think(mock, Prompt("", (user("Hi"), Message("s", "system", (Text("Speak up."),)))))
    assert "system" not in mock.requests[-1]
    assert mock.requests[-1]["messages"][0]["content"][1]["text"] == "<system>\nSpeak up.\n</system>"


@pytest.mark.parametrize(
    ("choice", "wire"),
    [
        (ToolChoice(), {"type": "auto"}),
        (ToolChoice("none"), {"type": "none"}),
        (ToolChoice("required"), {"type": "any"}),
        (ToolChoice("function", "get_weather"), {"type": "tool", "name": "get_weather"}),
    ],
)
def test_tool_choices_have_their_own_words(mock: Mock, choice: ToolChoice, wire: dict[str, str]) -> None:
    think(mock, replace(ASKED, tools=(WEATHER,), tool_choice=choice))
    assert mock.requests[-1]["tool_choice"] == wire


def test_how_it_thinks_is_chosen_by_the_settings_and_how_hard_by_the_prompt(mock: Mock) -> None:
    hard = replace(ASKED, effort="xhigh", schema={"type": "object"}, stop=("END", "\n"))
    think(mock, hard, thinking="adaptive")
    sent = mock.requests[-1]
    assert sent["thinking"]["type"] == "adaptive"
    form = {"type": "json_schema", "schema": {"type": "object"}}
    assert sent["output_config"] == {"effort": "xhigh", "format": form} and sent["stop_sequences"] == ["END"]
    think(mock, replace(ASKED, effort="low", max_tokens=100), thinking="budget")
    sent = mock.requests[-1]
    assert sent["thinking"] == {"type": "enabled", "budget_tokens": 2048} and sent["max_tokens"] == 2148


def test_no_thinking_where_the_api_refuses_it(mock: Mock) -> None:
    """Forced calls, and the result of a call whose thoughts are not kept."""
    forced = replace(ASKED, tools=(WEATHER,), tool_choice=ToolChoice("required"))
    told = replace(ASKED, items=(user("Hi"), FunctionCall("1", "a", "f", "{}"), FunctionOutput("2", "a", "A")))
    for prompt in (forced, told):
        think(mock, prompt, thinking="adaptive")
        assert "thinking" not in mock.requests[-1]


# --- what comes --------------------------------------------------------------------------------------


def test_words_thinking_and_usage_arrive(mock: Mock) -> None:
    thoughts = think(mock, ASKED, ([thinking("Hm, ", "well."), text("One", " two.")], "end_turn"))
    assert words(thoughts) == "One two."
    assert "".join(each.text for each in thoughts if isinstance(each, Reasoning)) == "Hm, well."
    assert thoughts[-1] == Done(prompt_tokens=20, cached_tokens=7, completion_tokens=5)


def test_thinking_comes_with_its_signature_and_goes_back_as_it_was(mock: Mock) -> None:
    """And there is thinking about the result of a call, which the API allows only where the thoughts before it are."""
    plan = ([thinking("Hm."), redacted("c2VjcmV0"), call("f", "{}")], "tool_use")
    thoughts = think(mock, ASKED, plan, thinking="budget")
    assert thoughts[:3] == [Reasoning("Hm."), Reasoning("", signature="c2ln"), Reasoning("", redacted="c2VjcmV0")]
    blocks = (Thinking("Hm.", "c2ln"), Thinking("", redacted="c2VjcmV0"))
    before = Message("m", "assistant", (), thinking=blocks)
    items = (user("Hi"), before, FunctionCall("1", "a", "f", "{}"), FunctionOutput("2", "a", "A"))
    think(mock, replace(ASKED, items=items), thinking="budget")
    sent = mock.requests[-1]
    assert sent["thinking"]["type"] == "enabled"
    assert sent["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "c2VjcmV0"},
        {"type": "tool_use", "id": "a", "name": "f", "input": {}},
    ]
    think(mock, replace(ASKED, items=items))  # a model that is not to think is not told
    assert [block["type"] for block in mock.requests[-1]["messages"][1]["content"]] == ["tool_use"]


def test_what_the_api_has_no_field_for_is_refused_by_name(mock: Mock) -> None:
    count = len(mock.requests)
    with pytest.raises(PromptRefused, match="knows no presence_penalty and no logprobs"):
        think(mock, replace(ASKED, sampling=Sampling(top_k=5, presence_penalty=1, logprobs=0)))
    assert len(mock.requests) == count


def test_tokens_are_counted_by_the_api(mock: Mock) -> None:
    async def counted(model: str) -> int | None:
        options = anthropic.Options(model, SECRET, mock.url, max_retries=0, thinking="adaptive")
        engine = anthropic.load(options, lambda id: pytest.fail(id))
        try:
            return await engine.count(replace(ASKED, tools=(WEATHER,), stop=("x",)))
        finally:
            await engine._client.close()

    assert asyncio.run(counted("ok")) == len("Be kind.") + len(PRIVATE)
    with pytest.raises(EngineBusy):
        asyncio.run(counted("busy"))


def test_several_calls_come_whole_after_the_words_before_them(mock: Mock) -> None:
    plan = ([text("Let me look."), call("f", '{"x"', ": 1}"), call("g")], "tool_use")
    thoughts = think(mock, ASKED, plan)
    assert thoughts[:-1] == [Words("Let me look."), Call("f", '{"x": 1}'), Call("g", "{}")]


@pytest.mark.parametrize(
    ("reason", "cut_short", "stopped"),
    [
        ("end_turn", False, None),
        ("max_tokens", True, None),
        ("model_context_window_exceeded", True, None),
        ("stop_sequence:END", False, "END"),
    ],
)
def test_how_it_ended_is_told(mock: Mock, reason: str, cut_short: bool, stopped: str | None) -> None:
    done = think(mock, replace(ASKED, stop=("END",)), ([text("One")], reason))[-1]
    assert isinstance(done, Done) and (done.cut_short, done.stopped) == (cut_short, stopped)


def test_a_stop_that_the_api_does_not_take_ends_the_reply_here(mock: Mock) -> None:
    thoughts = think(mock, replace(ASKED, stop=("\n",)), ([text("One", "\n", "two")], "end_turn"))
    assert words(thoughts) == "One" and thoughts[-1].stopped == "\n"  # type: ignore[union-attr]


# --- what goes wrong ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "error", "says"),
    [
        ("busy", EngineBusy, "429"),
        ("overloaded", EngineBusy, "529"),
        ("overloaded inside", EngineBusy, "no room"),
        ("broken", EngineFailed, "500"),
        ("locked", EngineFailed, "refused the key"),
        ("missing", EngineFailed, "404"),
        ("unfit", PromptRefused, "400"),
        ("garbage", EngineFailed, "broke off"),
        ("page", EngineFailed, "sent no answer"),
        ("nothing", EngineFailed, "sent no answer"),
        ("no end", EngineFailed, "broke off"),
        ("dropped", EngineFailed, "broke off"),
        ("endless words", EngineFailed, "without end"),
        ("slow", EngineTooSlow, r"within 0\.3 s"),
        ("pings", EngineTooSlow, r"within 0\.3 s"),
        (([call("f", '{"x": ')], "tool_use"), EngineFailed, "no JSON"),
        (([], "refusal"), PromptRefused, "declined"),
    ],
)
def test_faults_fail_the_turn_and_tell_nothing_private(
    mock: Mock, fault: Any, error: type[TurnError], says: str
) -> None:
    patience = 0.3 if error is EngineTooSlow else PATIENCE
    with pytest.raises(error, match=says) as caught:
        think(mock, ASKED, fault, first_token=patience, timeout=patience, context=1024)
    told = str(caught.value) + str(caught.value.__cause__)
    assert PRIVATE not in told and SECRET not in told and "127.0.0.1" in told


@pytest.mark.parametrize(
    "fault", ["busy", "busy 0.1", "overloaded", "overloaded inside", "broken", "garbage", "nothing"]
)
def test_a_fault_before_the_first_word_is_tried_again(mock: Mock, fault: str) -> None:
    assert words(think(mock, ASKED, fault, "ok", max_retries=1)) == "One two three four five."


def test_a_fault_after_words_were_told_is_not(mock: Mock) -> None:
    with pytest.raises(EngineFailed):
        think(mock, ASKED, "dropped", "ok", max_retries=3)
    assert len(mock.plan) == 1


def test_an_api_that_is_not_there_fails_the_turn(mock: Mock) -> None:
    with pytest.raises(EngineFailed, match="cannot be reached"):
        think(mock, base_url="http://127.0.0.1:9")


def test_leaving_an_answer_closes_its_connection(mock: Mock) -> None:
    async def scene() -> None:
        engine = anthropic.load(anthropic.Options("ok", SECRET, mock.url), lambda id: pytest.fail(id))
        async with aclosing(engine.reply(Prompt("", (user("a story"),)))) as reply:
            await anext(reply)
            assert mock.streaming == 1
        for _ in range(100):
            if not mock.streaming:
                break
            await asyncio.sleep(0.02)
        await engine._client.close()
        assert not mock.streaming, "the server went on streaming"

    mock.plan.clear()
    asyncio.run(scene())


def test_options_never_print_the_key() -> None:
    assert SECRET not in repr(anthropic.Options(api_key=SECRET)) and "api_key" not in json.dumps(
        repr(anthropic.Options())
    )
