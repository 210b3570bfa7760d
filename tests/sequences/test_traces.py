"""The order of events on every path, held against the traces beside this file, line by line.

A trace that changed on purpose is written anew with VIVAVOCE_WRITE_TRACES=1; its difference is then read in review.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests import virtual_time
from tests.sequences.line import House, Json, Line, room, voice
from tests.sequences.trace import FOLDER, Trace
from vivavoce.api.realtime.connection import drain
from vivavoce.engines.scripted import ScriptedModel, ScriptedTranscriber, scripted_engines
from vivavoce.ports import Call, Thought

ANSWER = "One two three four five six seven eight."
TOOL: Json = {"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}}
BRIEF: Json = {"type": "realtime", "instructions": "Be brief."}


def turns(detection: Json | None, **fields: Any) -> Json:
    return {**BRIEF, "audio": {"input": {"turn_detection": detection}}, **fields}


SERVER_VAD = turns({"type": "server_vad"})
SEMANTIC = turns({"type": "semantic_vad", "eagerness": "high"})
PUSH_TO_TALK = turns(None)
TYPED = {**PUSH_TO_TALK, "output_modalities": ["text"]}
MANAGED = {**SEMANTIC, "vivavoce": {"managed_playback": True}}


@dataclass
class Client:
    """Somebody who uses the server; what they do is written into the trace."""

    line: Line
    trace: Trace
    marks: dict[str, int] = field(default_factory=dict[str, int])

    def ask(self, kind: str, **fields: Any) -> None:
        shown = " ".join(f"{name}={value}" for name, value in fields.items() if name != "audio")
        self.trace.did(f"{kind} {shown}".strip())
        self.line.send(kind, **fields)

    async def configure(self, session: Json) -> None:
        self.trace.did("session.update")
        self.line.send("session.update", session=session)
        await self.hear("session.updated")

    async def speak(self, seconds: float) -> None:
        self.trace.did(f"speaks for {seconds:g} s")
        await self.line.play(voice(seconds))

    async def wait(self, seconds: float) -> None:
        """Silence reaches the server all the while."""
        self.trace.did(f"is silent for {seconds:g} s")
        await self.line.play(room(seconds))

    async def type(self, text: str) -> str:
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        self.trace.did(f'conversation.item.create user "{text}"')
        self.line.send("conversation.item.create", item=item)
        return str((await self.hear("conversation.item.done"))["item"]["id"])

    async def hear(self, kind: str) -> Json:
        """The next event of this kind that was not heard before."""
        event = await self.line.until(lambda event: event["type"] == kind, since=self.marks.get(kind, 0))
        self.marks[kind] = self.line.events.index(event) + 1
        return event


Script = Callable[[Client], Awaitable[None]]
SCENES: dict[str, tuple[str, Script, dict[str, Any]]] = {}


def scene(title: str, **options: Any) -> Callable[[Script], Script]:
    """`options`: lines of the scripted engines, as `_play` takes them."""

    def noted(script: Script) -> Script:
        SCENES[script.__name__] = (title, script, options)
        return script

    return noted


def _play(
    title: str,
    script: Script,
    *,
    replies: Sequence[str | Thought | Exception] = (ANSWER,),
    heard: Sequence[str | Exception] = ("Tell me more.",),
    resume: float = 0.0,
    query: str = "model=gpt-realtime",
    headers: tuple[tuple[str, str], ...] = (),
) -> str:
    async def play() -> str:
        engines = scripted_engines(stt=ScriptedTranscriber(heard), llm=ScriptedModel(replies))
        house, trace = House(engines, resume=resume), Trace(title)
        line = Line(house, query, headers, trace.told, strict=not headers)
        await line.open()
        client = Client(line, trace)
        await script(client)
        if line.closed is None and not line._served.done():
            await line.hang_up()
        await asyncio.sleep(60)  # whatever is left over ends by itself
        assert house.open_sessions == 0
        left = [
            task for task in asyncio.all_tasks() if task.get_coro().__qualname__.split(".")[0] not in ("run", "_play")
        ]
        assert not left, left
        return trace.text

    return virtual_time.run(play())


# --- turns -------------------------------------------------------------------------------------------


@scene("A spoken turn, found by its silence")
async def server_vad_turn(client: Client) -> None:
    await client.configure(
        {**SERVER_VAD, "audio": {"input": {**SERVER_VAD["audio"]["input"], "transcription": {"model": "any"}}}}
    )
    await client.speak(1.5)
    await client.wait(1.5)
    await client.hear("response.done")


@scene("A spoken turn, found by its meaning")
async def semantic_vad_turn(client: Client) -> None:
    await client.configure(SEMANTIC)
    await client.speak(1.5)
    await client.wait(1.5)
    await client.hear("response.done")


@scene("A turn that nobody answers by itself: create_response is off")
async def turn_without_response(client: Client) -> None:
    await client.configure(turns({"type": "server_vad", "create_response": False}))
    await client.speak(1.0)
    await client.wait(1.5)


@scene("Push to talk")
async def push_to_talk(client: Client) -> None:
    await client.configure(PUSH_TO_TALK)
    await client.speak(1.0)
    client.ask("input_audio_buffer.commit")
    client.ask("response.create")
    await client.hear("response.done")


@scene("A typed turn, answered in writing")
async def typed_turn(client: Client) -> None:
    await client.configure(TYPED)
    await client.type("Hello")
    client.ask("response.create")
    await client.hear("response.done")


@scene("A typed turn, answered aloud")
async def typed_turn_spoken_answer(client: Client) -> None:
    await client.configure(PUSH_TO_TALK)
    await client.type("Hello")
    client.ask("response.create")
    await client.hear("response.done")


@scene("A turn that goes on: the answer is cancelled, and made for both parts", heard=("Tell me", "about Rome."))
async def reopened_turn(client: Client) -> None:
    await client.configure(SEMANTIC)
    await client.speak(1.0)
    await client.wait(0.36)
    await client.speak(1.0)
    await client.wait(1.5)
    await client.hear("response.done")


@scene("Noise without words is no turn to answer", heard=("",))
async def wordless_turn(client: Client) -> None:
    await client.configure(SERVER_VAD)
    await client.speak(1.0)
    await client.wait(2.0)


@scene("Silence for longer than idle_timeout_ms")
async def idle_timeout(client: Client) -> None:
    await client.configure(turns({"type": "server_vad", "idle_timeout_ms": 5000}))
    await client.type("Hello")
    client.ask("response.create")
    await client.hear("response.done")
    await client.wait(9.0)


@scene("A buffer that is thrown away, and one that holds too little")
async def clear_and_commit_nothing(client: Client) -> None:
    await client.configure(PUSH_TO_TALK)
    await client.speak(0.5)
    client.ask("input_audio_buffer.clear")
    await client.hear("input_audio_buffer.cleared")
    client.ask("input_audio_buffer.commit")
    await client.hear("error")


@scene("A session that only writes down", query="intent=transcription")
async def transcription_session(client: Client) -> None:
    await client.speak(1.5)
    await client.wait(1.5)
    await client.hear("conversation.item.input_audio_transcription.completed")


# --- tools, and beside the conversation --------------------------------------------------------------


@scene("A tool call and the answer to its result", replies=(Call("weather", '{"city":"Rome"}'), "It is sunny."))
async def tool_call(client: Client) -> None:
    await client.configure({**TYPED, "tools": [TOOL]})
    await client.type("What is the weather in Rome?")
    client.ask("response.create")
    call = (await client.hear("response.done"))["response"]["output"][0]
    result = {"type": "function_call_output", "call_id": call["call_id"], "output": "sunny"}
    client.trace.did(f"conversation.item.create function_call_output {call['call_id']}")
    client.line.send("conversation.item.create", item=result)
    client.ask("response.create")
    await client.hear("response.done")


@scene("A spoken turn that calls a tool", replies=(Call("weather", "{}"),))
async def tool_call_of_a_spoken_turn(client: Client) -> None:
    await client.configure({**SERVER_VAD, "tools": [TOOL]})
    await client.speak(1.0)
    await client.wait(1.5)
    await client.hear("response.done")


@scene("Beside the conversation, while it goes on")
async def out_of_band(client: Client) -> None:
    await client.configure(TYPED)
    client.ask("response.create")
    await client.hear("response.output_text.delta")
    client.ask("response.create", response={"conversation": "none", "input": [], "metadata": {"topic": "a"}})
    await client.hear("response.done")
    await client.hear("response.done")


@scene("A second response waits for the first")
async def queued_response(client: Client) -> None:
    await client.configure(TYPED)
    client.ask("response.create")
    client.ask("response.create")
    await client.hear("response.done")
    await client.hear("response.done")


@scene("More words than allowed")
async def max_output_tokens(client: Client) -> None:
    await client.configure(TYPED)
    client.ask("response.create", response={"max_output_tokens": 3})
    await client.hear("response.done")


@scene("Items are deleted, retrieved, and asked for in vain")
async def items(client: Client) -> None:
    await client.configure(TYPED)
    item_id = await client.type("Hello")
    client.ask("conversation.item.retrieve", item_id=item_id)
    client.ask("conversation.item.delete", item_id=item_id)
    client.ask("conversation.item.retrieve", item_id=item_id)
    await client.hear("error")


# --- cancelled, in every state -----------------------------------------------------------------------


@scene("Cancelled when nothing runs: no answer, and no error")
async def cancel_nothing(client: Client) -> None:
    await client.configure(TYPED)
    client.ask("response.cancel")
    client.ask("session.update", session={"type": "realtime"})
    await client.hear("session.updated")


@scene("Cancelled before the first word")
async def cancel_before_the_first_word(client: Client) -> None:
    await client.configure(TYPED)
    client.ask("response.create")
    await client.hear("response.created")
    client.ask("response.cancel")
    await client.hear("response.done")


@scene("Cancelled while it is written")
async def cancel_while_writing(client: Client) -> None:
    await client.configure(TYPED)
    client.ask("response.create")
    await client.hear("response.output_text.delta")
    client.ask("response.cancel")
    await client.hear("response.done")


@scene("Cancelled while it is spoken: the item keeps what was heard")
async def cancel_while_speaking(client: Client) -> None:
    await client.configure(PUSH_TO_TALK)
    client.ask("response.create")
    await client.hear("response.output_audio.delta")
    await asyncio.sleep(1.0)
    client.ask("response.cancel")
    await client.hear("response.done")


@scene("Cancelled when all was sent: it has ended already")
async def cancel_after_the_end(client: Client) -> None:
    await client.configure(PUSH_TO_TALK)
    client.ask("response.create")
    done = await client.hear("response.done")
    client.ask("response.cancel", response_id=done["response"]["id"])
    client.ask("session.update", session={"type": "realtime"})
    await client.hear("session.updated")


@scene("Cancelled with others waiting: all of them end")
async def cancel_with_others_waiting(client: Client) -> None:
    await client.configure(TYPED)
    client.ask("response.create")
    client.ask("response.create")
    await client.hear("response.created")
    client.ask("response.cancel")
    await client.hear("response.done")
    await client.hear("response.done")


@scene("Beside the conversation, cancelled by its id alone")
async def cancel_out_of_band(client: Client) -> None:
    await client.configure(TYPED)
    client.ask("response.create", response={"conversation": "none", "input": []})
    response = (await client.hear("response.created"))["response"]
    client.ask("response.cancel")
    await asyncio.sleep(0.06)
    client.ask("response.cancel", response_id=response["id"])
    await client.hear("response.done")


# --- interrupted -------------------------------------------------------------------------------------


async def _spoken_answer(client: Client) -> None:
    await client.type("Hello")
    client.ask("response.create")
    await client.hear("response.output_audio.delta")


@scene("Interrupted: the answer ends, and the item keeps what was heard")
async def barge_in(client: Client) -> None:
    await client.configure(SERVER_VAD)
    await _spoken_answer(client)
    await client.wait(1.0)
    await client.speak(1.0)
    await client.wait(1.5)
    await client.hear("response.done")


@scene("Interrupted when all was sent and not all was heard: only the memory changes")
async def barge_in_after_the_last_word_was_sent(client: Client) -> None:
    await client.configure(SERVER_VAD)
    await _spoken_answer(client)
    done = await client.hear("response.done")
    await client.speak(1.0)
    client.ask("conversation.item.retrieve", item_id=done["response"]["output"][0]["id"])
    await client.wait(1.5)


@scene("Not interrupted: interrupt_response is off")
async def no_barge_in(client: Client) -> None:
    await client.configure(turns({"type": "server_vad", "interrupt_response": False, "create_response": False}))
    await _spoken_answer(client)
    await client.speak(0.6)
    await client.wait(2.0)


@scene("An uh-huh: ducked, held, and on it goes", heard=("Uh-huh.",))
async def backchannel(client: Client) -> None:
    await client.configure(MANAGED)
    await _spoken_answer(client)
    await client.wait(0.5)
    await client.speak(0.4)
    await client.wait(2.5)


@scene("Truncated by the client, in the middle and beyond the end")
async def truncate(client: Client) -> None:
    await client.configure(PUSH_TO_TALK)
    await _spoken_answer(client)
    done = await client.hear("response.done")
    at = {"item_id": done["response"]["output"][0]["id"], "content_index": 0}
    client.ask("conversation.item.truncate", **at, audio_end_ms=600)
    client.ask("conversation.item.retrieve", item_id=at["item_id"])
    client.ask("conversation.item.truncate", **at, audio_end_ms=60_000)
    await client.hear("error")


@scene("Truncated while it is spoken, after a cancel")
async def truncate_while_speaking(client: Client) -> None:
    await client.configure(PUSH_TO_TALK)
    await _spoken_answer(client)
    await asyncio.sleep(0.8)
    delta = client.line.events[-1]
    client.ask("response.cancel")
    client.ask("conversation.item.truncate", item_id=delta["item_id"], content_index=0, audio_end_ms=500)
    await client.hear("conversation.item.truncated")


# --- engines that fail -------------------------------------------------------------------------------


@scene("The model fails: an apology, and the session goes on", replies=(RuntimeError("broken"), ANSWER))
async def model_fails(client: Client) -> None:
    await client.configure(SERVER_VAD)
    await client.speak(1.0)
    await client.wait(3.0)
    await client.speak(1.0)
    await client.wait(1.5)


@scene("The words cannot be recognised", heard=(RuntimeError("broken"),))
async def transcription_fails(client: Client) -> None:
    await client.configure(turns({"type": "server_vad", "create_response": False}))
    client.line.send(
        "session.update", session={"type": "realtime", "audio": {"input": {"transcription": {"model": "a"}}}}
    )
    await client.speak(1.0)
    await client.wait(1.5)
    await client.hear("conversation.item.input_audio_transcription.failed")


@scene("A request that makes no sense changes nothing")
async def bad_requests(client: Client) -> None:
    await client.configure(TYPED)
    client.ask("session.update", session={"type": "realtime", "output_modalities": ["smell"]})
    client.ask("no.such.event")
    client.ask("input_audio_buffer.append", audio="A")
    client.ask("conversation.item.delete", item_id="nobody")
    client.ask("output_audio_buffer.clear")
    client.ask("response.create", response={"input": [{"type": "item_reference", "id": "nobody"}]})
    await client.line.until(lambda _: sum(event["type"] == "error" for event in client.line.events) == 6)


# --- connections that break off, in every state ------------------------------------------------------


async def _back(client: Client) -> None:
    """The network breaks off; two seconds later the client comes back and listens for a while."""
    session = client.line.events[0]["session"]["id"]
    client.trace.did("the connection breaks off")
    await client.line.drop()
    await asyncio.sleep(2.0)
    client.trace.did("comes back")
    again = Line(client.line.house, f"resume={session}", told=client.trace.told)
    await again.open()
    await again.play(room(3.0))
    await again.hang_up()


def _drops(title: str, **options: Any) -> Callable[[Script], Script]:
    return scene(f"The connection breaks off {title}", resume=20.0, **options)


@_drops("when nobody speaks")
async def drop_idle(client: Client) -> None:
    await client.configure(SERVER_VAD)
    await client.type("Hello")
    await _back(client)


@_drops("while the user speaks")
async def drop_while_the_user_speaks(client: Client) -> None:
    await client.configure(SERVER_VAD)
    await client.speak(0.8)
    await _back(client)


@_drops("before the first word of the answer")
async def drop_before_the_first_word(client: Client) -> None:
    await client.configure(SERVER_VAD)
    await client.type("Hello")
    client.ask("response.create")
    await client.hear("response.created")
    await _back(client)


@_drops("while the answer is spoken: what was heard until then is kept")
async def drop_while_speaking(client: Client) -> None:
    await client.configure(SERVER_VAD)
    await _spoken_answer(client)
    await asyncio.sleep(1.2)
    await _back(client)


@_drops("while a tool is awaited", replies=(Call("weather", "{}"),))
async def drop_while_a_tool_runs(client: Client) -> None:
    await client.configure({**TYPED, "tools": [TOOL]})
    await client.type("What is the weather?")
    client.ask("response.create")
    await client.hear("response.done")
    await _back(client)


@_drops("and the client comes too late")
async def drop_and_come_too_late(client: Client) -> None:
    session = client.line.events[0]["session"]["id"]
    client.trace.did("the connection breaks off")
    await client.line.drop()
    await asyncio.sleep(25.0)
    client.trace.did("comes back")
    again = Line(client.line.house, f"resume={session}", told=client.trace.told)
    await again.open()
    await again.ended()
    client.trace.did(f"is hung up on with {again.closed}")


@scene("The client hangs up in the middle of an answer: the session is over")
async def hang_up_while_speaking(client: Client) -> None:
    await client.configure(SERVER_VAD)
    await _spoken_answer(client)
    client.trace.did("hangs up")
    await client.line.hang_up()


@scene("The client stops reading: it is let go, and the place is free")
async def stalled_client(client: Client) -> None:
    await client.configure(TYPED)
    client.line.reading.clear()
    client.trace.did("reads nothing any more")
    text = {"type": "input_text", "text": "word " * 300_000}
    for _ in range(4):
        client.line.send("conversation.item.create", item={"type": "message", "role": "user", "content": [text]})
    await asyncio.sleep(60)
    client.line.reading.set()
    await client.line.ended()
    assert client.line.house.open_sessions == 0


# --- others ------------------------------------------------------------------------------------------


@scene("A second client joins: it hears of everything but the sound")
async def listener(client: Client) -> None:
    await client.configure(PUSH_TO_TALK)
    session = client.line.events[0]["session"]["id"]
    other = Trace("The same, as the second client is told")
    joined = Line(client.line.house, f"call_id={session}", told=other.told)
    await joined.open()
    await _spoken_answer(client)
    await client.hear("response.done")
    client.trace.did("hangs up")
    await client.line.hang_up()
    await joined.ended()
    for line in other.text.splitlines():
        client.trace._lines.append(line)


@scene("A client of the beta", headers=(("openai-beta", "realtime=v1"),))
async def beta(client: Client) -> None:
    client.ask("session.update", session={"instructions": "Be brief.", "modalities": ["text"]})
    await client.hear("session.updated")
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]}
    client.trace.did('conversation.item.create user "Hello"')
    client.line.send("conversation.item.create", item=item)
    client.ask("response.create")
    await client.hear("response.done")


@pytest.mark.parametrize("name", SCENES)
def test_the_order_of_events(name: str) -> None:
    title, script, options = SCENES[name]
    told, file = _play(title, script, **options), FOLDER / f"{name}.txt"
    if os.environ.get("VIVAVOCE_WRITE_TRACES"):
        file.write_text(told, encoding="utf-8")
    assert told == file.read_text(encoding="utf-8")


def test_a_server_that_stops_does_not_wait_for_clients_that_are_gone() -> None:
    """A call that waits for its client ends with the server, and not twenty seconds later."""

    async def play() -> None:
        house = House(scripted_engines(), resume=20.0)
        line = await Line(house).open()
        await line.drop()
        began = asyncio.get_running_loop().time()
        await drain(house.service, 1.0)
        await line.ended()
        assert asyncio.get_running_loop().time() - began < 3 and house.open_sessions == 0

    virtual_time.run(play())


def test_every_trace_has_its_scene() -> None:
    assert {file.stem for file in FOLDER.glob("*.txt")} == set(SCENES)
