"""Whatever clients do, in whatever order: the server answers within its deadline, breaks nothing, leaks nothing.

Hypothesis chooses what is done and finds the shortest way to a failure; all of it runs in virtual time.
VIVAVOCE_FUZZ=5000 tries so many conversations, in another order each time.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.sequences.line import House, Json, Line, encoded, room, voice
from tests.virtual_time import VirtualLoop
from vivavoce.audio.pcm import Pcm
from vivavoce.engines.scripted import FixedTurnDetector, LoudnessVad, ScriptedModel, ScriptedTranscriber, ToneVoice
from vivavoce.ports import Call, Engines, Prompt, Thought

MANY = int(os.environ.get("VIVAVOCE_FUZZ", "0"))
ANSWER_WITHIN = 30.0
"""Virtual seconds in which every request is answered, with much else under way."""
OVER_WITHIN = 200.0
"""Virtual seconds in which all that was asked for has come to its end: five answers in line, each with its sound."""


# --- engines that are slow, fail, and are counted ----------------------------------------------------


@dataclass(slots=True)
class CountedModel(ScriptedModel):
    at_work: int = 0

    async def reply(self, prompt: Prompt) -> AsyncGenerator[Thought, None]:
        self.at_work += 1
        try:
            async with aclosing(ScriptedModel.reply(self, prompt)) as thoughts:
                async for thought in thoughts:
                    yield thought
        finally:
            self.at_work -= 1


@dataclass(slots=True)
class CountedVoice(ToneVoice):
    at_work: int = 0

    async def synthesize(self, text: str, **options: Any) -> AsyncGenerator[Pcm, None]:
        self.at_work += 1
        try:
            async with aclosing(ToneVoice.synthesize(self, text, **options)) as sounds:
                async for sound in sounds:
                    yield sound
        finally:
            self.at_work -= 1


LINES: list[str | Thought | Exception] = [
    "One two three four five.",
    "Yes.",
    "",
    "First this, and then that; after all of it, something else! And then? Nothing at all.",
    Call("weather", '{"city":"Rome"}'),
    Call("no_such_tool", "{"),
    RuntimeError("broken"),
]
HEARD: list[str | Exception] = ["Tell me more.", "", "Uh-huh.", "Stop.", "Mom, can you", RuntimeError("deaf")]
DELAYS = st.sampled_from([0.0, 0.01, 0.4, 3.0, 14.0])

# --- what clients say --------------------------------------------------------------------------------

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
TOOL = {"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}}
DETECTIONS = st.sampled_from(
    [
        None,
        {"type": "server_vad", "silence_duration_ms": 200},
        {"type": "server_vad", "idle_timeout_ms": 5000},
        {"type": "server_vad", "interrupt_response": False, "create_response": False},
        {"type": "semantic_vad", "eagerness": "high"},
        {"type": "semantic_vad", "create_response": False},
    ]
)
FORMATS = st.sampled_from([{"type": "audio/pcm", "rate": 24_000}, {"type": "audio/pcmu"}, {"type": "audio/pcma"}])
SESSIONS = st.fixed_dictionaries(
    {"type": st.just("realtime")},
    optional={
        "instructions": st.sampled_from(["", "Be brief."]),
        "output_modalities": st.sampled_from([["audio"], ["text"]]),
        "tools": st.sampled_from([[], [TOOL]]),
        "tool_choice": st.sampled_from(["auto", "none", "required"]),
        "max_output_tokens": st.sampled_from(["inf", 1, 40]),
        "truncation": st.sampled_from(["auto", "disabled", {"type": "retention_ratio", "retention_ratio": 0.5}]),
        "tracing": st.sampled_from([None, "auto"]),
        "vivavoce": st.none()
        | st.fixed_dictionaries(
            {},
            optional={
                "managed_playback": st.booleans(),
                "listening_signals": st.booleans(),
                "side_talk": st.sampled_from(["answer", "ignore"]),
                "openers": st.sampled_from(["auto", "on", "off"]),
                "idle_timeout_ms": st.sampled_from([None, 5000]),
            },
        ),
        "audio": st.fixed_dictionaries(
            {},
            optional={
                "input": st.fixed_dictionaries(
                    {},
                    optional={
                        "turn_detection": DETECTIONS,
                        "format": FORMATS,
                        "transcription": st.sampled_from([None, {"model": "any"}]),
                    },
                ),
                "output": st.fixed_dictionaries(
                    {}, optional={"voice": st.sampled_from(["ash", "marin"]), "speed": st.sampled_from([0.25, 1, 1.5])}
                ),
            },
        ),
    },
)
WORDS = st.sampled_from([{"type": "input_text", "text": "Hello"}, {"type": "input_text", "text": ""}])
SPEECH = st.sampled_from(
    [
        {"type": "input_audio", "audio": encoded(voice(0.4))},
        {"type": "input_audio", "transcript": "Hello"},
        {"type": "input_audio", "audio": "A"},
        {"type": "input_image", "image_url": "data:image/png;base64,AAAA"},
    ]
)
ITEMS = st.one_of(
    st.builds(
        lambda parts: {"type": "message", "role": "user", "content": parts}, st.lists(WORDS | SPEECH, max_size=2)
    ),
    st.just({"type": "message", "role": "system", "content": [{"type": "input_text", "text": "Rhyme."}]}),
    st.just({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "So be it."}]}),
    st.just({"type": "function_call", "call_id": "mine", "name": "weather", "arguments": "{}"}),
)
RESPONSES = st.fixed_dictionaries(
    {},
    optional={
        "output_modalities": st.sampled_from([["audio"], ["text"]]),
        "conversation": st.sampled_from(["auto", "none"]),
        "max_output_tokens": st.sampled_from(["inf", 2]),
        "instructions": st.just("Otherwise."),
        "metadata": st.just({"a": "b"}),
        "tools": st.just([TOOL]),
    },
)
SOUNDS = st.builds(
    lambda kind, seconds: encoded((voice if kind else room)(seconds)),
    st.booleans(),
    st.sampled_from([0.02, 0.1, 0.3, 0.7, 1.5]),
)

Answers = dict[str, tuple[str, ...]]
ANSWERED_BY: Answers = {
    "session.update": ("session.updated",),
    "conversation.item.create": ("conversation.item.done",),
    "conversation.item.delete": ("conversation.item.deleted",),
    "conversation.item.retrieve": ("conversation.item.retrieved",),
    "conversation.item.truncate": ("conversation.item.truncated",),
    "input_audio_buffer.commit": ("input_audio_buffer.committed",),
    "input_audio_buffer.clear": ("input_audio_buffer.cleared",),
    "response.create": ("response.created",),
}


class Conversation(RuleBasedStateMachine):
    """One client, which may drop, come back, and be joined by another."""

    @initialize(
        lines=st.lists(st.sampled_from(LINES), min_size=1, max_size=3),
        heard=st.lists(st.sampled_from(HEARD), min_size=1, max_size=2),
        thinks=DELAYS,
        hears=st.sampled_from([0.0, 0.05, 2.0]),
        done=st.sampled_from([0.1, 0.95]),
    )
    def begin(self, lines: list[Any], heard: list[Any], thinks: float, hears: float, done: float) -> None:
        self.runner = asyncio.Runner(loop_factory=VirtualLoop)
        self.trouble: list[Any] = []
        self.runner.get_loop().set_exception_handler(lambda _, context: self.trouble.append(context))
        self.model, self.tongue = CountedModel(lines, first=thinks), CountedVoice()
        stt = ScriptedTranscriber(heard, takes=hears)
        self.house = House(Engines(LoudnessVad(), FixedTurnDetector(done), stt, self.model, self.tongue), resume=20.0)
        self.asked = 0
        self.waiting: list[tuple[str, str, int]] = []
        """(event id, type, events seen before) of requests not known to be answered."""
        self.listeners: list[Line] = []
        self.past: list[Line] = []
        self.line = Line(self.house)
        self.run(self.line.open())
        self.session_id = self.line.events[0]["session"]["id"]

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    async def step(self, work: Any = None) -> None:
        """A breath, so that the server takes what was sent."""
        if work is not None:
            work()
        await asyncio.sleep(0.001)

    def ask(self, kind: str, **fields: Any) -> None:
        self.asked += 1
        event_id = f"mine_{self.asked}"
        seen = len(self.line.events)
        self.run(self.step(lambda: self.line.send(kind, event_id=event_id, **fields)))
        if kind in ANSWERED_BY:
            self.waiting.append((event_id, kind, seen))

    # --- what is said

    @rule(sound=SOUNDS)
    def speak(self, sound: str) -> None:
        self.run(self.step(lambda: self.line.send("input_audio_buffer.append", audio=sound)))

    @rule(kind=st.sampled_from(["input_audio_buffer.commit", "input_audio_buffer.clear"]))
    def take_or_leave(self, kind: str) -> None:
        self.ask(kind)

    @rule(session=SESSIONS)
    def configure(self, session: Json) -> None:
        self.ask("session.update", session=session)

    @rule(item=ITEMS, data=st.data())
    def create_item(self, item: Json, data: st.DataObject) -> None:
        after = data.draw(st.sampled_from([None, "root", *self.ids("item")]))
        self.ask("conversation.item.create", item=item, **({"previous_item_id": after} if after else {}))

    @rule(data=st.data())
    def answer_a_call(self, data: st.DataObject) -> None:
        call_id = data.draw(st.sampled_from(["nobody", *self.ids("call")]))
        self.ask("conversation.item.create", item={"type": "function_call_output", "call_id": call_id, "output": "42"})

    @rule(kind=st.sampled_from(["delete", "retrieve", "truncate"]), data=st.data())
    def touch(self, kind: str, data: st.DataObject) -> None:
        item_id = data.draw(st.sampled_from(["nobody", *self.ids("item")]))
        until = data.draw(st.sampled_from([0, 300, 10_000_000]))
        more = {"content_index": 0, "audio_end_ms": until} if kind == "truncate" else {}
        self.ask(f"conversation.item.{kind}", item_id=item_id, **more)

    @rule(response=RESPONSES, data=st.data())
    def respond(self, response: Json, data: st.DataObject) -> None:
        given = data.draw(
            st.sampled_from([None, [], *([{"type": "item_reference", "id": it}] for it in self.ids("item"))])
        )
        self.ask("response.create", response=response if given is None else {**response, "input": given})

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        response_id = data.draw(st.sampled_from([None, "nobody", *self.ids("resp")]))
        self.ask("response.cancel", **({"response_id": response_id} if response_id else {}))

    @rule(session=SESSIONS, item=ITEMS, junk=JUNK, data=st.data())
    def mangle(self, session: Json, item: Json, junk: Any, data: st.DataObject) -> None:
        """A sensible event with something senseless at some place in it."""
        event = data.draw(
            st.sampled_from(
                [
                    {"type": "session.update", "session": session},
                    {"type": "conversation.item.create", "item": item},
                    {"type": "conversation.item.truncate", "item_id": "a", "content_index": 0, "audio_end_ms": 1},
                    {"type": "response.create", "response": {"input": [item], "audio": {"output": {"voice": "ash"}}}},
                    {"type": "input_audio_buffer.append", "audio": "AAAA"},
                    {"type": "response.cancel", "response_id": "a"},
                ]
            )
        )
        event = json.loads(json.dumps(event))
        where: Any = event
        while True:
            at = data.draw(st.sampled_from(sorted(where) if isinstance(where, dict) else range(len(where))))
            if not (isinstance(where[at], dict | list) and where[at] and data.draw(st.booleans())):
                break
            where = where[at]
        where[at] = junk
        self.run(self.step(lambda: self.line.send_text(json.dumps(event))))

    @rule(text=st.text(max_size=20) | JUNK.map(json.dumps))
    def babble(self, text: str) -> None:
        self.run(self.step(lambda: self.line.send_text(text)))

    # --- what happens

    @rule(seconds=st.sampled_from([0.01, 0.2, 1.0, 6.0]))
    def time_passes(self, seconds: float) -> None:
        self.run(asyncio.sleep(seconds))

    @rule(seconds=st.sampled_from([0.1, 1.0]))
    def stops_reading(self, seconds: float) -> None:
        async def pause() -> None:
            self.line.reading.clear()
            await asyncio.sleep(seconds)
            self.line.reading.set()

        self.run(pause())

    @rule()
    def all_is_answered(self) -> None:
        waiting, self.waiting = self.waiting, []
        for event_id, kind, seen in waiting:
            self.run(self.answered(event_id, kind, seen))

    @rule(after=st.sampled_from([0.0, 0.5, 10.0]))
    def drops_and_comes_back(self, after: float) -> None:
        async def drop() -> None:
            await self.line.drop()
            await asyncio.sleep(after)
            self.past.append(self.line)
            self.line = await Line(self.house, f"resume={self.session_id}").open()

        self.waiting.clear()
        self.run(drop())
        assert self.line.events[0]["type"] == "session.created"
        assert self.line.events[0]["session"]["id"] == self.session_id

    @rule()
    def comes_by_another_socket(self) -> None:
        """The old one has not been missed yet."""
        self.waiting.clear()
        self.past.append(self.line)
        self.line = Line(self.house, f"resume={self.session_id}")
        self.run(self.line.open())
        assert self.line.events[0]["type"] == "session.created"

    @precondition(lambda self: len(self.listeners) < 3)
    @rule()
    def somebody_joins(self) -> None:
        other = Line(self.house, f"call_id={self.session_id}")
        self.listeners.append(other)
        self.run(other.open())
        assert other.events[0]["type"] == "session.created"

    @precondition(lambda self: self.listeners)
    @rule(code=st.sampled_from([1000, 1006]))
    def a_listener_leaves(self, code: int) -> None:
        self.run(self.listeners.pop().hang_up(code))

    # --- how it ends

    def teardown(self) -> None:
        if not hasattr(self, "runner"):
            return
        try:
            if hasattr(self, "session_id"):
                self.run(self.end())
        finally:
            self.runner.close()

    async def end(self) -> None:
        for event_id, kind, seen in self.waiting:
            await self.answered(event_id, kind, seen)
        await asyncio.sleep(OVER_WITHIN)
        told = [event for line in (*self.past, self.line) for event in line.events]
        broken = [it for it in told if it["type"] == "error" and it["error"]["type"] != "invalid_request_error"]
        assert not broken, broken
        created = [it["response"]["id"] for it in told if it["type"] == "response.created"]
        done = Counter(it["response"]["id"] for it in told if it["type"] == "response.done")
        assert max(done.values(), default=1) == 1, "a response ended twice"
        since = [it["response"]["id"] for it in self.line.events if it["type"] == "response.created"]
        assert set(since) <= set(done), "a response never ended"
        assert set(done) <= set(created) or self.past, "a response ended that had not begun"
        await self.line.hang_up(1000)
        for line in (*self.listeners, *self.past):
            await line.ended()
        await asyncio.sleep(60)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, left
        assert self.house.open_sessions == 0 and not self.house.service.calls
        assert self.model.at_work == self.tongue.at_work == 0
        assert not self.trouble, self.trouble

    async def answered(self, event_id: str, kind: str, seen: int) -> None:
        def answers(event: Json) -> bool:
            refused = event["type"] == "error" and event["error"].get("event_id") == event_id
            return refused or event["type"] in ANSWERED_BY[kind]

        seconds = OVER_WITHIN if kind == "response.create" else ANSWER_WITHIN  # it may wait for others in line
        with suppress(TimeoutError):
            await self.line.until(answers, seconds=seconds, since=seen)
            return
        raise AssertionError(f"{kind} was never answered")

    def ids(self, kind: str) -> list[str]:
        """Of what has been told lately, oldest last."""
        found: dict[str, None] = {}
        for event in reversed(self.line.events):
            item = event.get("item") or {}
            value = {
                "item": item.get("id"),
                "call": item.get("call_id"),
                "resp": (event.get("response") or {}).get("id"),
            }[kind]
            if value is not None:
                found[value] = None
        return list(found)[:4]


TestConversation = Conversation.TestCase
TestConversation.settings = settings(
    max_examples=MANY or 40,
    stateful_step_count=30,
    deadline=None,
    derandomize=not MANY,
    database=None,
    suppress_health_check=list(HealthCheck),
)
