"""Remote engines against a small server on loopback: what they send, and what they make of its failures."""

from __future__ import annotations

import asyncio
import io
import time
import wave
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing
from dataclasses import replace

import numpy as np
import pytest

from tests import virtual_time
from tests.engines.openai_mock import Mock, openai_mock
from tests.waiting import PATIENCE
from vivavoce.audio.pcm import Pcm
from vivavoce.conversation.config import Tool, ToolChoice
from vivavoce.conversation.items import FunctionCall, FunctionOutput, Image, Message, Text
from vivavoce.engines.llm import remote as llm
from vivavoce.engines.stt import remote as stt
from vivavoce.engines.tts import remote as tts
from vivavoce.errors import EngineBusy, EngineFailed, EngineTooSlow, PromptRefused, TurnError
from vivavoce.ports import Call, Done, Prompt, Reasoning, Sampling, TranscriptionHint, Urgency, Words

SECRET, PRIVATE = "sk-very-secret", "my private words"
KINDS = {"llm": llm, "stt": stt, "tts": tts}
TONE = Pcm(np.sin(np.arange(8000) / 10).astype(np.float32) * 0.3, 16_000)


@pytest.fixture(scope="module")
def mock() -> Iterator[Mock]:
    with openai_mock() as mock:
        yield mock


def run(mock: Mock, kind: str, model: str, scene: Callable[..., Awaitable[object]], **options: object) -> object:
    """Play `scene(engine)` with an engine of this kind that talks to the mock's `model`."""

    async def whole() -> object:
        module = KINDS[kind]
        given = {"base_url": mock.url, "model": model, "api_key": SECRET, "max_retries": 0, **options}
        engine = module.load(module.Options(**given), lambda id: pytest.fail(f"{id} was asked for"))
        try:
            return await scene(engine)
        finally:
            await engine._server.client.close()

    return asyncio.run(whole())


async def think(engine: llm.RemoteModel, prompt: Prompt | None = None) -> list:
    message = Message("1", "user", (Text(PRIVATE),))
    async with aclosing(engine.reply(prompt or Prompt("Be kind.", (message,)))) as reply:
        return [thought async for thought in reply]


async def hear(engine: stt.RemoteTranscriber) -> object:
    return await engine.transcribe(TONE, TranscriptionHint("en", PRIVATE))


async def speak(engine: tts.RemoteSynthesizer) -> list[Pcm]:
    async with aclosing(engine.synthesize(PRIVATE, voice="nova")) as sounds:
        return [sound async for sound in sounds]


USES = {"llm": think, "stt": hear, "tts": speak}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("behaviour", "error", "says"),
    [
        ("busy", EngineBusy, "429"),
        ("broken", EngineFailed, "500"),
        ("locked", EngineFailed, "refused the key"),
        ("missing", EngineFailed, "404"),
    ],
)
def test_refusals_fail_the_turn_and_tell_nothing_private(
    mock: Mock, kind: str, behaviour: str, error: type[TurnError], says: str
) -> None:
    with pytest.raises(error, match=says) as caught:
        run(mock, kind, behaviour, USES[kind])
    assert "127.0.0.1" in str(caught.value) and behaviour in str(caught.value)
    told = str(caught.value) + str(caught.value.__cause__)
    assert PRIVATE not in told and SECRET not in told and caught.value.__suppress_context__


@pytest.mark.parametrize("kind", ["llm", "stt"])
def test_a_slow_server_misses_its_deadline(mock: Mock, kind: str) -> None:
    """It would answer after five."""
    with pytest.raises(EngineTooSlow, match=r"within 0\.3 s"):
        run(mock, kind, "slow", USES[kind], **{"first_token" if kind == "llm" else "timeout": 0.3})


@pytest.mark.parametrize("kind", ["llm", "tts"])
def test_a_server_that_hangs_up_in_mid_answer_fails_the_turn(mock: Mock, kind: str) -> None:
    with pytest.raises(EngineFailed, match="broke off|cannot be reached"):
        run(mock, kind, "dropped", USES[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_is_not_there_fails_the_turn(mock: Mock, kind: str) -> None:
    with pytest.raises(EngineFailed, match="cannot be reached"):
        run(mock, kind, "ok", USES[kind], base_url="http://127.0.0.1:9/v1")


@pytest.mark.parametrize("module", KINDS.values())
def test_options_never_print_the_key(module: object) -> None:
    assert SECRET not in repr(module.Options(api_key=SECRET))  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["llm", "tts"])
def test_leaving_an_answer_closes_its_connection(mock: Mock, kind: str) -> None:
    async def scene(engine: object) -> None:
        long = Prompt("Be kind.", (Message("1", "user", (Text("a story"),)),))
        stream = engine.reply(long) if kind == "llm" else engine.synthesize("Hi", voice="nova")  # type: ignore[attr-defined]
        async with aclosing(stream):
            await anext(stream)
            assert mock.streaming == 1
        for _ in range(100):
            if not mock.streaming:
                return
            await asyncio.sleep(0.02)
        pytest.fail("the server went on streaming")

    run(mock, kind, "endless", scene)


# --- thinking ----------------------------------------------------------------------------------------


def test_the_pieces_of_a_tool_call_become_one(mock: Mock) -> None:
    tool = Tool("get_weather", "Weather.", {"type": "object"})
    prompt = Prompt(
        "Be kind.", (Message("1", "user", (Text("Hi"),)),), tools=(tool,), tool_choice=ToolChoice("required")
    )
    heard = run(mock, "llm", "ok", lambda engine: think(engine, prompt))
    assert heard == [Call("get_weather", '{"city": "Rome"}'), Done(20, 7, 3, False)]


def test_words_and_usage_arrive(mock: Mock) -> None:
    heard = run(mock, "llm", "ok", think)
    assert "".join(each.text for each in heard if isinstance(each, Words)) == "One two three four five."
    assert heard[-1] == Done(20, 7, 5, False)


def test_results_stand_right_after_their_calls_and_open_calls_are_left_out(mock: Mock) -> None:
    """Servers refuse a conversation in any other order."""
    items = (
        Message("1", "user", (Text("Both, please."), Image("data:image/png;base64,AA"))),
        FunctionCall("2", "a", "f", "{}"),
        FunctionCall("3", "b", "g", ""),
        FunctionCall("4", "open", "h", "{}"),
        Message("5", "user", (Text("Well?"),)),
        FunctionOutput("6", "b", "B"),
        FunctionOutput("7", "a", "A"),
        Message("8", "assistant", (Text("A and"),), "incomplete"),
    )
    run(mock, "llm", "ok", lambda engine: think(engine, Prompt("Be kind.", items)), sees=True)
    sent = mock.requests[-1]["messages"]
    assert [each["role"] for each in sent] == ["system", "user", "assistant", "tool", "tool", "user", "assistant"]
    assert [call["id"] for call in sent[2]["tool_calls"]] == ["a", "b"]
    assert (sent[3]["content"], sent[4]["content"]) == ("A", "B")
    assert sent[1]["content"][0]["type"] == "image_url" and sent[6]["content"] == "A and…"


def test_a_long_conversation_is_cut_to_the_context(mock: Mock) -> None:
    items = tuple(Message(str(n), "user", (Text(f"{n} " + "word " * 50),)) for n in range(50))
    run(mock, "llm", "ok", lambda engine: think(engine, Prompt("Be kind.", items)), context=2000)
    sent = mock.requests[-1]["messages"]
    assert sent[0]["content"] == "Be kind." and sent[-1]["content"].startswith("49 ") and len(sent) < 20


def thoughts_of(mock: Mock, *plan: str | list[dict], prompt: Prompt | None = None, **options: object) -> list:
    """What comes of an answer that the mock gives as planned."""
    mock.plan.clear()
    mock.plan.extend(plan)
    return run(mock, "llm", "ok", lambda engine: think(engine, prompt), **options)  # type: ignore[return-value]


def piece(index: int, id: str | None, name: str | None, arguments: str) -> dict:
    function = {"name": name, "arguments": arguments}
    return {"tool_calls": [{"index": index, "id": id, "type": "function", "function": function}]}


def test_several_calls_come_apart_also_where_a_server_counts_them_all_as_one(mock: Mock) -> None:
    by_index = [
        piece(0, "a", "f", '{"x":'),
        piece(1, "b", "g", ""),
        piece(0, None, None, " 1}"),
        piece(1, None, None, "{}"),
    ]
    one_index = [piece(0, "a", "f", '{"x": 1}'), piece(0, "b", "g", "{}")]
    for deltas in (by_index, one_index):
        calls = thoughts_of(mock, deltas)[:-1]
        assert calls == [Call("f", '{"x": 1}'), Call("g", "{}")]


@pytest.mark.parametrize("arguments", ['{"x": ', "[1]", "x = 1"])
def test_a_call_that_is_no_json_fails_the_turn(mock: Mock, arguments: str) -> None:
    with pytest.raises(EngineFailed, match="tool call"):
        thoughts_of(mock, [piece(0, "a", "f", arguments)], max_retries=0)


@pytest.mark.parametrize(
    "deltas",
    [
        [{"reasoning_content": "Hm, "}, {"reasoning_content": "Paris."}, {"content": "Paris."}],
        [{"reasoning": "Hm, Paris."}, {"content": "Paris."}],
        [
            {"content": "<th"},
            {"content": "ink>Hm, Par"},
            {"content": "is.</thi"},
            {"content": "nk>\n\nPa"},
            {"content": "ris."},
        ],
    ],
)
def test_thinking_is_told_apart_from_the_reply_wherever_servers_put_it(mock: Mock, deltas: list[dict]) -> None:
    """Thinking that reached the voice would be read aloud."""
    thoughts = thoughts_of(mock, deltas)
    assert "".join(each.text for each in thoughts if isinstance(each, Words)) == "Paris."
    assert "".join(each.text for each in thoughts if isinstance(each, Reasoning)) == "Hm, Paris."


def test_a_server_that_knows_no_stops_is_stopped_here(mock: Mock) -> None:
    prompt = Prompt("Be kind.", (Message("1", "user", (Text("Count."),)),), stop=("three", "x", "y", "z", "four"))
    heard = run(mock, "llm", "ok", lambda engine: think(engine, prompt))
    assert "".join(each.text for each in heard if isinstance(each, Words)) == "One two "
    assert heard[-1].stopped == "three" and mock.requests[-1]["stop"] == ["three", "x", "y", "z"]


def test_what_a_server_does_not_take_is_not_sent(mock: Mock) -> None:
    """Ollama and OpenAI refuse a request for one field that they do not know."""
    prompt = Prompt("", (Message("1", "user", (Text("Hi"),)),), effort="high", top_p=0.5, seed=3, max_tokens=9)
    prompt = replace(prompt, schema={"type": "object"})
    run(mock, "llm", "ok", lambda engine: think(engine, prompt))
    plain = mock.requests[-1]
    assert "reasoning_effort" not in plain and (plain["top_p"], plain["seed"], plain["max_tokens"]) == (0.5, 3, 9)
    assert plain["response_format"]["json_schema"]["schema"] == {"type": "object"}
    openai = {"reasons": True, "sampling": False, "limit_name": "max_completion_tokens"}
    run(mock, "llm", "ok", lambda engine: think(engine, prompt), **openai)
    sent = mock.requests[-1]
    assert sent["reasoning_effort"] == "high" and sent["max_completion_tokens"] == 9
    assert not {"temperature", "top_p", "max_tokens"} & set(sent)


def test_what_a_request_says_about_tokens_is_handed_on_and_refused_where_it_is_not_taken(mock: Mock) -> None:
    sampling = Sampling(40, 0.5, -0.5, {5: -100}, 2)
    prompt = Prompt("", (Message("1", "user", (Text("Hi"),)),), sampling=sampling)
    run(mock, "llm", "ok", lambda engine: think(engine, prompt))
    sent = mock.requests[-1]
    assert (sent["presence_penalty"], sent["frequency_penalty"], sent["logit_bias"]) == (0.5, -0.5, {"5": -100})
    assert (sent["logprobs"], sent["top_logprobs"]) == (True, 2) and "top_k" not in sent
    run(mock, "llm", "ok", lambda engine: think(engine, prompt), top_k=True)
    assert mock.requests[-1]["top_k"] == 40
    count = len(mock.requests)
    with pytest.raises(PromptRefused, match="takes no presence_penalty and no frequency_penalty"):
        run(mock, "llm", "ok", lambda engine: think(engine, prompt), sampling=False)
    assert len(mock.requests) == count


def test_tokens_go_with_the_words_that_they_make_up(mock: Mock) -> None:
    """A stop text that is cut off takes its tokens along; what is held back keeps them until it is told."""
    chunks = [{"content": text, "scores": [text]} for text in ("One", " t", "wo", " EN", "x", "END", " more")]
    thoughts = thoughts_of(mock, chunks, prompt=Prompt("", (Message("1", "user", (Text("Hi"),)),), stop=("END",)))
    words = [each for each in thoughts if isinstance(each, Words)]
    assert "".join(each.text for each in words) == "One two ENx"
    assert [token.text for each in words for token in each.tokens] == ["One", " t", "wo", " EN", "x"]
    assert words[0].tokens[0].likeliest[0].text == "alternative"


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        ("garbage", EngineFailed, "broke off"),
        ("page", EngineFailed, "sent no answer"),
        ("nothing", EngineFailed, "sent no answer"),
        ("no end", EngineFailed, "broke off"),
        ("error inside", EngineFailed, "reported an error"),
        ("endless words", EngineFailed, "without end"),
        ("pings", EngineTooSlow, r"within 0\.3 s"),
    ],
)
def test_answers_that_are_none_fail_the_turn(mock: Mock, answer: str, error: type[TurnError], says: str) -> None:
    patience = 0.3 if error is EngineTooSlow else PATIENCE
    with pytest.raises(error, match=says):
        thoughts_of(mock, answer, max_retries=0, first_token=patience, timeout=patience, context=1024)


@pytest.mark.parametrize("fault", ["busy", "broken", "garbage", "nothing", "busy 0.2"])
def test_a_fault_before_the_first_word_is_tried_again(mock: Mock, fault: str) -> None:
    thoughts = thoughts_of(mock, fault, "ok", max_retries=1)
    assert "".join(each.text for each in thoughts if isinstance(each, Words)) == "One two three four five."


@pytest.mark.parametrize("fault", ["no end", "dropped"])
def test_a_fault_after_words_were_told_is_not(mock: Mock, fault: str) -> None:
    """The listener would hear the beginning twice."""
    with pytest.raises(EngineFailed):
        thoughts_of(mock, fault, "ok", max_retries=3)
    assert len(mock.plan) == 1


@pytest.mark.parametrize(("fault", "error"), [("locked", EngineFailed), ("unfit", PromptRefused)])
def test_what_will_not_go_better_is_not_tried_again(mock: Mock, fault: str, error: type[TurnError]) -> None:
    with pytest.raises(error):
        thoughts_of(mock, fault, "ok", max_retries=3)
    assert len(mock.plan) == 1


def test_a_server_that_wants_to_be_left_alone_longer_than_we_wait_is_busy_at_once(mock: Mock) -> None:
    start = time.monotonic()
    with pytest.raises(EngineBusy, match="no room"):
        thoughts_of(mock, "busy 60", "ok", max_retries=3)
    assert time.monotonic() - start < 30 and len(mock.plan) == 1


# --- hearing -----------------------------------------------------------------------------------------


def test_speech_becomes_words_with_language_and_confidence(mock: Mock) -> None:
    heard = run(mock, "stt", "ok", hear)
    assert (heard.text, heard.language) == ("Hello there.", "en") and 0.8 < heard.confidence < 1
    sent = mock.requests[-1]
    assert (sent["language"], sent["prompt"], sent["response_format"]) == ("en", PRIVATE, "verbose_json")
    with wave.open(io.BytesIO(sent["sound"])) as sound:
        assert (sound.getframerate(), sound.getnframes(), sound.getnchannels()) == (16_000, 8000, 1)


def test_what_the_server_takes_for_noise_is_no_words(mock: Mock) -> None:
    assert run(mock, "stt", "noise", hear).text == ""


def test_plain_json_will_do(mock: Mock) -> None:
    assert run(mock, "stt", "ok", hear, details=False).text == "Hello there."
    assert mock.requests[-1]["response_format"] == "json"


def test_spare_work_is_refused_while_somebody_waits(mock: Mock) -> None:
    async def scene(engine: stt.RemoteTranscriber) -> None:
        waiting = asyncio.create_task(engine.transcribe(TONE))
        await asyncio.sleep(0)
        with pytest.raises(EngineBusy):
            await engine.transcribe(TONE, urgency=Urgency.SPARE)
        await waiting

    run(mock, "stt", "ok", scene)


# --- speaking ----------------------------------------------------------------------------------------


def test_sound_arrives_whole_whatever_the_pieces(mock: Mock) -> None:
    sounds = run(mock, "tts", "ok", speak)
    assert {sound.rate for sound in sounds} == {24_000} and sum(map(len, sounds)) == 12_000
    assert np.abs(np.concatenate([sound.samples for sound in sounds])).max() == pytest.approx(8000 / 32768, rel=0.01)
    assert (mock.requests[-1]["voice"], mock.requests[-1]["response_format"]) == ("nova", "pcm")


def test_a_voice_that_the_server_does_not_have_becomes_the_default(mock: Mock) -> None:
    async def scene(engine: tts.RemoteSynthesizer) -> None:
        async with aclosing(engine.synthesize("Hi", voice="marin", speed=1.5)) as sounds:
            await anext(sounds)

    run(mock, "tts", "ok", scene, voice="bella")
    assert (mock.requests[-1]["voice"], mock.requests[-1]["speed"]) == ("bella", 1.5)


@pytest.mark.parametrize(("pace", "pieces"), [(4.0, 9), (1.1, 9), (0.8, 1)], ids=["quick", "as heard", "slow"])
def test_a_voice_that_is_slower_than_its_sound_is_held_until_its_clause_is_whole(pace: float, pieces: int) -> None:
    """Sent as it came it broke off in the middle of words, ten times a second."""

    async def chunks() -> AsyncGenerator[bytes, None]:
        for n in range(11):
            await asyncio.sleep(0.1 / pace)
            yield bytes([n]) * tts.CHUNK_BYTES

    async def spoken() -> list[tuple[float, bytes]]:
        now = asyncio.get_running_loop().time
        async with aclosing(tts.in_pace(chunks())) as sounds:
            return [(now(), sound) async for sound in sounds]

    came = virtual_time.run(spoken())
    assert b"".join(sound for _, sound in came) == b"".join(bytes([n]) * tts.CHUNK_BYTES for n in range(11))
    assert len(came) == pieces
    runs_out = came[0][0]
    for at, sound in came:
        assert at <= runs_out + 1e-6
        runs_out += len(sound) / 2 / tts.RATE
