"""The product as a developer meets it: the official client, a real socket, the embedded engines.

What a small model says is its own affair, and another on every processor: asserted is what the product owes whatever
the words are."""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import aclosing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.e2e.caller import Caller, call
from tests.waiting import measured, until
from vivavoce.audio.codecs import encode
from vivavoce.audio.pcm import Pcm, join
from vivavoce.audio.resample import resample
from vivavoce.cli.bench.stt import distance
from vivavoce.cli.bench.stt import words as spelt
from vivavoce.loading import load_engine
from vivavoce.models.store import Store
from vivavoce.ports import HEARING_RATE
from vivavoce.settings import EngineChoices, read_settings

SEMANTIC = {"input": {"turn_detection": {"type": "semantic_vad"}, "transcription": {"model": "whisper-1"}}}
PUSH_TO_TALK = {"input": {"turn_detection": None, "transcription": {"model": "whisper-1"}}}


@pytest.fixture(scope="module")
def files(embedded_server):
    return Store(read_settings().paths.models).path


@pytest.fixture(scope="module")
def say(files):
    """text -> sound, by the embedded voice."""
    voice = load_engine("tts", EngineChoices().tts, files)

    def speak(text: str) -> Pcm:
        async def run() -> Pcm:
            async with aclosing(voice.synthesize(text, voice="")) as sounds:
                return join([sound async for sound in sounds], voice.rate)

        return asyncio.run(run())

    yield speak
    voice.close()


@pytest.fixture(scope="module")
def understand(files):
    """sound -> words, by the embedded recogniser: what a listener would have heard."""
    recogniser = load_engine("stt", EngineChoices().stt, files)
    yield lambda sound: asyncio.run(recogniser.transcribe(resample(sound, HEARING_RATE))).text
    recogniser.close()


def words(text: str) -> set[str]:
    return {word.strip(".,!?;:\"'").lower() for word in text.split()} - {""}


def wrong_letters(said: str, heard: str) -> float:
    """Share of them: "9 AM" may come back as "9am"."""
    letters = "".join(spelt(said, "en"))
    return distance(letters, "".join(spelt(heard, "en"))) / max(1, len(letters))


@measured
def test_a_spoken_question_gets_a_spoken_answer(embedded_server, say, understand):
    """Question in, words out, and the answer's sound says what its transcript says."""
    question = say("What is the capital of Italy?")

    async def scene() -> tuple[Caller, Any]:
        async with call(embedded_server, audio=SEMANTIC) as caller:
            await caller.speak(question)
            async with caller.silent():
                return caller, await caller.answered()

    caller, done = asyncio.run(scene())
    assert words(caller.asked) & {"capital", "italy"}, caller.asked
    said = done.output[0].content[0].transcript
    assert words(said)
    spoken = understand(caller.sound(done.id))
    assert wrong_letters(said, spoken) <= 0.5, (said, spoken)
    assert done.usage.output_tokens > 0 and done.usage.input_tokens > 0


@measured
def test_barge_in_yields_and_the_next_answer_is_to_the_interruption(embedded_server, say):
    long_one, stop = say("Please count slowly from one to fifty."), say("Stop. What colour is the sky?")

    async def scene() -> tuple[Caller, str, str]:
        async with call(embedded_server, audio=SEMANTIC) as caller:
            await caller.speak(long_one)
            async with caller.silent():
                await caller.until("response.output_audio.delta", count=2)
            first = caller.of("response.created")[0].response.id
            await caller.speak(stop)
            async with caller.silent():
                await caller.until("response.done", count=2)
            return caller, first, caller.of("response.created")[-1].response.id

    caller, first, last = asyncio.run(scene())
    ended = next(e.response for e in caller.of("response.done") if e.response.id == first)
    assert (ended.status, ended.status_details.reason) == ("cancelled", "turn_detected")
    second_start = caller.of("input_audio_buffer.speech_started")[1]
    began = caller.when(lambda e: e is second_start)
    late = [
        at
        for at, e in caller.events
        if e.type == "response.output_audio.delta" and e.response_id == first and at > began
    ]
    assert not late, "sound of the old answer after the user took the floor"
    assert last != first


def test_truncation_leaves_only_what_was_heard_in_memory(embedded_server, say):
    question = say("Tell me a short story about a dog.")

    async def scene() -> tuple[str, str]:
        async with call(embedded_server, audio=PUSH_TO_TALK) as caller:
            await caller.speak(question)
            await caller.connection.input_audio_buffer.commit()
            await caller.connection.response.create()
            item = (await caller.until("response.output_audio.delta")).item_id
            await until(lambda: caller.sound().seconds > 2.5 or caller.of("response.done"))
            if not caller.of("response.done"):
                await caller.connection.response.cancel()
            await caller.until("response.done")
            half = round(caller.sound().seconds * 500)
            await caller.connection.conversation.item.truncate(item_id=item, content_index=0, audio_end_ms=half)
            await caller.until("conversation.item.truncated")
            await caller.connection.conversation.item.retrieve(item_id=item)
            kept = (await caller.until("conversation.item.retrieved")).item.content[0].transcript
            await caller.connection.conversation.item.truncate(item_id=item, content_index=0, audio_end_ms=10**7)
            # perhaps behind one about the cancelling: the answer may have ended just before
            await until(lambda: [each for each in caller.of("error") if each.error.param == "audio_end_ms"])
            return kept, caller.of("response.output_audio_transcript.done")[0].transcript

    kept, said = asyncio.run(scene())
    assert said.startswith(kept) and len(kept) < len(said)
    assert kept or len(said.split()) < 4  # of a word or two perhaps nothing was heard to its end


@measured
def test_a_function_is_called_and_its_result_is_spoken(embedded_server):
    tool = {
        "type": "function",
        "name": "get_weather",
        "description": "The weather in a city now.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    }

    async def scene() -> Caller:
        async with call(embedded_server, audio=PUSH_TO_TALK, tools=[tool], tool_choice="required") as caller:
            conversation = caller.connection.conversation
            text = {"type": "input_text", "text": "What is the weather in Paris?"}
            await conversation.item.create(item={"type": "message", "role": "user", "content": [text]})
            await caller.connection.response.create()
            ended = (await caller.until("response.done")).response
            assert ended.status == "completed", ended.status_details  # there is a limit of time, which a clock reads
            item = next(e.item for e in caller.of("response.output_item.done") if e.item.type == "function_call")
            output = {
                "type": "function_call_output",
                "call_id": item.call_id,
                "output": '{"sky": "sunny", "celsius": 21}',
            }
            await conversation.item.create(item=output)
            await caller.connection.response.create(response={"tool_choice": "none"})
            await caller.until("response.done", count=2)
            return caller

    caller = asyncio.run(scene())
    arguments = caller.of("response.function_call_arguments.done")[0]
    assert arguments.name == "get_weather" and isinstance(json.loads(arguments.arguments), dict)
    assert caller.of("response.done")[1].response.output[0].content[0].transcript


def test_a_spoken_timer_is_set_by_rule_and_speaks_up_when_it_ends(embedded_server, say, understand):
    """The small model chooses tools badly: a clear request reaches its tool all the same, and what is said is heard."""

    async def scene(request: Pcm) -> Caller:
        tools = [{"type": "mcp", "server_label": "vivavoce"}]
        async with call(embedded_server, audio=SEMANTIC, tools=tools) as caller:
            await caller.speak(request)
            async with caller.silent():
                await caller.answered()
                while called(caller) and not said(caller).endswith("is done."):
                    await caller.until("response.done", count=len(caller.of("response.done")) + 1)
            return caller

    def said(caller: Caller) -> str:
        """The last words; "" before the first."""
        spoken = [e.transcript for e in caller.of("response.output_audio_transcript.done")]
        return spoken[-1] if spoken else ""

    def called(caller: Caller) -> list[str]:
        outputs = [item for done in caller.of("response.done") for item in done.response.output]
        return [item.name for item in outputs if item.type == "mcp_call"]

    misheard = []
    for request in ("Set a timer for five seconds.", "Please set a five second timer.", "Timer for five seconds."):
        caller = asyncio.run(scene(say(request)))
        if called(caller):
            break
        misheard.append(caller.asked)  # what a voice says to a recogniser differs between processors, too
    assert called(caller) == ["set_timer"], misheard
    assert said(caller) == "Your timer of 5 seconds is done."
    last = caller.of("response.done")[-1].response.id
    assert words(understand(caller.sound(last))) & {"timer", "seconds", "done"}


def test_silence_noise_and_music_invent_no_words(embedded_server, recordings):
    clips = [path for path in sorted((recordings / "audio" / "noise").glob("*.flac"))][::4]

    async def listen_to(path: Path) -> list[str]:
        async with call(embedded_server, audio=SEMANTIC) as caller:
            samples, rate = soundfile.read(path, dtype="float32")
            await caller.speak(Pcm.silence(1.0, HEARING_RATE))
            await caller.speak(Pcm(np.ascontiguousarray(samples[: 6 * rate]), rate))
            await caller.speak(Pcm.silence(1.0, HEARING_RATE))
        heard = caller.of("conversation.item.input_audio_transcription.completed")
        return [event.transcript for event in heard if event.transcript] + [
            event.type for event in caller.of("response.created")
        ]

    async def scene() -> list[list[str]]:
        return await asyncio.gather(*(listen_to(path) for path in clips))

    invented = asyncio.run(scene())
    assert len(invented) > 2 and sum(map(bool, invented)) <= 1, invented  # one may sound like words to another CPU


def test_g711_callers_are_heard_and_answered(embedded_server, say):
    question = say("What is the capital of Italy?")
    formats = {
        "input": {**PUSH_TO_TALK["input"], "format": {"type": "audio/pcmu"}},
        "output": {"format": {"type": "audio/pcma"}},
    }

    async def scene() -> Caller:
        async with call(embedded_server, audio=formats) as caller:
            audio = encode(resample(question, 8000).samples, "audio/pcmu")
            await caller.connection.input_audio_buffer.append(audio=base64.b64encode(audio).decode())
            await caller.connection.input_audio_buffer.commit()
            await caller.connection.response.create()
            await caller.until("response.done")
            return caller

    caller = asyncio.run(scene())
    assert words(caller.asked) & {"capital", "italy"}, caller.asked
    assert caller.of("response.output_audio.delta")


def test_four_callers_at_once_are_all_answered(embedded_server, say):
    question = say("What is the capital of Italy?")

    async def one() -> str:
        async with call(embedded_server, audio=SEMANTIC) as caller:
            await caller.speak(question)
            async with caller.silent():
                return (await caller.answered()).status

    async def scene() -> list[str]:
        return await asyncio.gather(*(one() for _ in range(4)))

    assert asyncio.run(scene()) == ["completed"] * 4


def test_a_caller_who_vanishes_leaves_room_for_the_next(embedded_server, say):
    question = say("Count to fifty.")

    async def vanish() -> None:
        async with call(embedded_server, audio=SEMANTIC) as caller:
            await caller.speak(question)
            async with caller.silent():
                await caller.until("response.output_audio.delta")

    async def scene() -> None:
        for _ in range(9):  # one more than there are places
            await vanish()

    asyncio.run(scene())
