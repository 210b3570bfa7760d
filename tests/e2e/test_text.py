"""The text routes with the embedded model: small, but a schema binds it, a tool is called, words come one by one.

What it says is another thing on every processor: asserted is what the product owes whatever the words are."""

from __future__ import annotations

import base64
import json
from typing import Any, Literal

from anthropic import Anthropic
from openai import OpenAI
from pydantic import BaseModel

from tests.e2e.test_conversation import wrong_letters

WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Current weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


class Mood(BaseModel):
    """No field in which a small model could go on for ever."""

    mood: Literal["happy", "sad"]
    certain: bool


def test_an_answer_is_streamed_word_by_word(embedded_server: str) -> None:
    with OpenAI(base_url=f"{embedded_server}/v1", api_key="none", max_retries=0) as client:
        messages: Any = [{"role": "user", "content": "Count from one to nine."}]
        stream = client.chat.completions.create(
            model="vivavoce", messages=messages, stream=True, temperature=0, stream_options={"include_usage": True}
        )
        chunks = list(stream)
    deltas = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
    assert len(deltas) >= 4
    assert chunks[-1].usage is not None and chunks[-1].usage.prompt_tokens > 10


def test_a_schema_binds_the_model(embedded_server: str) -> None:
    with OpenAI(base_url=f"{embedded_server}/v1", api_key="none", max_retries=0) as client:
        messages: Any = [{"role": "user", "content": "I won the lottery! What is my mood?"}]
        answer = client.chat.completions.parse(
            model="gpt-4o", messages=messages, response_format=Mood, temperature=0, max_tokens=200
        )
        assert isinstance(answer.choices[0].message.parsed, Mood)


def test_a_tool_is_called_and_its_result_told(embedded_server: str) -> None:
    with OpenAI(base_url=f"{embedded_server}/v1", api_key="none", max_retries=0) as client:
        messages: list[Any] = [{"role": "user", "content": "What is the weather in Rome?"}]
        asked = client.chat.completions.create(
            model="vivavoce", messages=messages, tools=[WEATHER], tool_choice="required", temperature=0
        )
        call = (asked.choices[0].message.tool_calls or [])[0]
        assert call.type == "function" and isinstance(json.loads(call.function.arguments)["city"], str)
        result = {"role": "tool", "tool_call_id": call.id, "content": "31 degrees and sunny"}
        told = client.chat.completions.create(
            model="vivavoce", messages=[*messages, asked.choices[0].message, result], tools=[WEATHER], temperature=0
        )
    assert told.choices[0].message.content or told.choices[0].message.tool_calls


def test_a_message_for_anthropics_client_stops_where_it_is_told(embedded_server: str) -> None:
    with Anthropic(base_url=embedded_server, api_key="none", max_retries=0) as client:
        counting: Any = [{"role": "user", "content": "Count from one to nine in words, separated by commas."}]
        asked: Any = {"model": "claude-sonnet-5", "max_tokens": 60, "messages": counting}
        asked["extra_body"] = {"temperature": 0}
        client.messages.create(**asked)  # what is read in other steps comes out a little different
        plain = client.messages.create(**asked).content[0]
        assert plain.type == "text"
        stop = plain.text[6:12]  # over two tokens at least, whatever the model writes
        with client.messages.stream(**asked, stop_sequences=[stop, "nobody says this"]) as stream:
            said = "".join(stream.text_stream)
            final = stream.get_final_message()
    assert said.strip() == plain.text.partition(stop)[0].strip()
    assert final.stop_reason == "stop_sequence" and final.stop_sequence == stop
    assert final.usage.output_tokens > 0 and final.usage.input_tokens + (final.usage.cache_read_input_tokens or 0) > 10


def test_an_answer_is_spoken(embedded_server: str) -> None:
    with OpenAI(base_url=f"{embedded_server}/v1", api_key="none", max_retries=0) as client:
        messages: Any = [{"role": "user", "content": "Say only: good morning"}]
        answer = client.chat.completions.create(
            model="vivavoce",
            messages=messages,
            modalities=["text", "audio"],
            audio={"voice": "marin", "format": "wav"},
            temperature=0,
            max_tokens=12,
        )
        audio = answer.choices[0].message.audio
        assert audio is not None
        file = ("answer.wav", base64.b64decode(audio.data))
        heard = client.audio.transcriptions.create(model="whisper-1", file=file).text
        assert audio.transcript and wrong_letters(audio.transcript, heard) <= 0.5, (audio.transcript, heard)


def test_a_clear_request_finds_the_assistants_tool_by_rule(embedded_server: str) -> None:
    """The small model would read the tools for seconds and choose badly: it is not asked."""
    with OpenAI(base_url=f"{embedded_server}/v1", api_key="none", max_retries=0) as client:
        own: Any = [{"type": "mcp", "server_label": "vivavoce"}]
        for words, tool in (("What time is it?", "get_time"), ("Che ore sono?", "get_time")):
            answer = client.responses.create(model="vivavoce", input=words, tools=own)
            (call,) = [item for item in answer.output if item.type == "mcp_call"]
            assert (call.name, call.error) == (tool, None) and answer.output_text
            assert answer.usage is not None and answer.usage.total_tokens == 0
            assert (answer.model_extra or {})["vivavoce"]["mind"] == "rules"
        talk = client.responses.create(model="vivavoce", input="What is the capital of France?", tools=own)
        assert talk.output_text and (talk.model_extra or {})["vivavoce"]["mind"] == "vivavoce"
        # not told of the nineteen tools, which would be 1,700 tokens
        assert talk.usage is not None and talk.usage.input_tokens < 200


def test_tokens_have_probabilities_and_are_counted(embedded_server: str) -> None:
    with (
        OpenAI(base_url=f"{embedded_server}/v1", api_key="none", max_retries=0) as client,
        Anthropic(base_url=embedded_server, api_key="none", max_retries=0) as other,
    ):
        messages: Any = [{"role": "user", "content": "What is the capital of France? Answer with one word."}]
        answer = client.chat.completions.create(
            model="vivavoce", messages=messages, temperature=0, logprobs=True, top_logprobs=2
        )
        scores = answer.choices[0].logprobs
        assert scores is not None and scores.content is not None and answer.usage is not None
        assert (
            b"".join(bytes(each.bytes or ()) for each in scores.content).decode() == answer.choices[0].message.content
        )
        assert all(len(each.top_logprobs) == 2 and each.logprob <= 0 for each in scores.content)
        system = "You are a helpful assistant."
        counted = other.messages.count_tokens(model="vivavoce", messages=messages, system=system)
        assert counted.input_tokens == answer.usage.prompt_tokens
        length = client.responses.input_tokens.count(model="vivavoce", input=messages[0]["content"])
        assert length.input_tokens == answer.usage.prompt_tokens


def test_a_long_talk_is_made_short(embedded_server: str) -> None:
    with OpenAI(base_url=f"{embedded_server}/v1", api_key="none", max_retries=0, timeout=120) as client:
        talk: Any = [
            {"role": "user", "content": "My name is Ada and my dog is called Rex."},
            {"role": "assistant", "content": "Nice to meet you, Ada. Rex is a lovely name for a dog."},
        ]
        short = client.responses.compact(model="vivavoce", input=talk)
        notes: Any = [short.output[-1].model_dump(exclude_none=True)]
        question: Any = {"role": "user", "content": "What is the name of my dog?"}
        alone, behind = (
            client.responses.create(model="vivavoce", input=read, temperature=0)
            for read in ([question], [*notes, question])
        )
        assert alone.usage is not None and behind.usage is not None and behind.output_text
        assert behind.usage.input_tokens > alone.usage.input_tokens + 4, "the notes were not read"
