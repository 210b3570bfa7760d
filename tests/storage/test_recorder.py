"""What is kept of a session: whole conversations in virtual time, with scripted engines."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests import virtual_time
from tests.session.scene import SEMANTIC, Scene
from vivavoce.conversation.config import ReplyOptions, ResponseRequest, SessionConfig
from vivavoce.conversation.events import Event
from vivavoce.conversation.items import FunctionOutput, Image, Item, Message, Speech, Text
from vivavoce.engines.scripted import ScriptedModel, ScriptedTranscriber, scripted_engines
from vivavoce.ports import Call, Engines
from vivavoce.session.session import Session
from vivavoce.storage.bodies import Body, body_of
from vivavoce.storage.conversations import Page
from vivavoce.storage.recorder import Recorder
from vivavoce.storage.rows import StoredItem
from vivavoce.storage.writer import Change, Drop, Put

LONG = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen."


@dataclass
class Shelf:
    """In place of the database: what was written, in order. `room`: changes it takes."""

    bodies: list[Body] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    sounds: dict[str, float] = field(default_factory=dict)
    room: int = 1000
    talk: list[bool] = field(default_factory=list)
    answered_times: int = 0

    def take(self, change: Change) -> bool:
        if self.room <= 0:
            return False
        self.room -= 1
        self.changes.append(change)
        if isinstance(change, Drop):
            self.bodies = [body for body in self.bodies if body["id"] != change.item_id]
            return True
        ids = [body["id"] for body in self.bodies]
        if change.sound is not None:
            self.sounds[change.body["id"]] = change.sound.seconds
        if change.body["id"] in ids:
            self.bodies[ids.index(change.body["id"])] = change.body
        else:
            place = {None: len(ids), "root": 0}.get(change.after)
            self.bodies.insert(ids.index(change.after) + 1 if place is None else place, change.body)
        return True

    def answered(self, owner: str, conversation: str) -> None:
        self.answered_times += 1

    async def settle(self) -> None: ...

    def talking(self, session: object, yes: bool) -> None:
        self.talk.append(yes)

    async def items(self, owner: str, conversation_id: str, *, limit: int, order: str) -> Page[StoredItem]:
        newest = [StoredItem(0, body["id"], 0.0, body) for body in reversed(self.bodies)]
        return Page(tuple(newest[:limit]), len(newest) > limit)

    @property
    def lines(self) -> list[str]:
        return [f"{body['role']}: {body['content'][0]['text']}" for body in self.bodies if body["type"] == "message"]


def recorded(
    script: Callable[[Scene], Awaitable[None]],
    *,
    engines: Engines | None = None,
    shelf: Shelf | None = None,
    config: SessionConfig = SEMANTIC,
    room: int = 10_000,
    temporary: bool = False,
) -> Shelf:
    """Play a script with a session whose conversation is kept on `shelf`."""
    kept = shelf or Shelf()

    async def run() -> None:
        async def send(event: Event) -> None:
            recorder.note(event)
            await scene.send(event)

        session = Session(engines or scripted_engines(), config, send)
        scene = Scene(session)
        recorder = Recorder(kept, kept, kept, "me", lambda: session.items, room)  # type: ignore[arg-type]
        session.restore(await recorder.begin("conv_1", temporary=temporary))
        running = asyncio.create_task(session.run())
        await asyncio.sleep(0)
        await script(scene)
        await session.close()
        await running
        await recorder.end()

    virtual_time.run(run())
    return kept


def heard(*lines: str, replies: Sequence[Any] = ("Fine, thank you.",), **more: Any) -> Engines:
    return scripted_engines(stt=ScriptedTranscriber(lines), llm=ScriptedModel(replies, **more))


async def ask(scene: Scene, wait: float = 8.0) -> None:
    await scene.silence(0.3)
    await scene.speak(1.0)
    await scene.silence(wait)


def test_a_spoken_turn_is_kept_with_its_answer_once_their_words_are_known() -> None:
    shelf = recorded(ask, engines=heard("hello there"))
    assert shelf.lines == ["user: hello there", "assistant: Fine, thank you."]
    assert [body["status"] for body in shelf.bodies] == ["completed", "completed"]
    assert all(body["vivavoce"]["spoken"] for body in shelf.bodies)
    assert set(shelf.sounds) == {body["id"] for body in shelf.bodies}  # the writer asks whether the person wants it
    assert shelf.answered_times == 1
    assert shelf.talk[0] is True and shelf.talk[-1] is False


def test_that_the_assistant_spoke_up_is_kept_written_and_spoken() -> None:
    async def told(scene: Scene) -> None:
        await ask(scene)
        await scene.session.speak_up("Your tea is ready.")
        await scene.silence(8.0)

    for modality in ("audio", "text"):
        config = replace(SEMANTIC, reply=replace(SEMANTIC.reply, modality=modality))
        shelf = recorded(told, engines=heard("hello there"), config=config)
        assert shelf.lines[1:] == ["assistant: Fine, thank you.", "assistant: Your tea is ready."]
        reasons = [body.get("vivavoce", {}).get("reason") for body in shelf.bodies]
        assert reasons == [None, None, "speak_up"]


def test_of_an_answer_that_was_cut_short_the_words_that_were_heard_are_kept_and_those_that_were_sent() -> None:
    async def cut_in(scene: Scene) -> None:
        await ask(scene, 2.5)
        await scene.speak(2.0)
        await scene.silence(8.0)

    shelf = recorded(cut_in, engines=heard("wait please stop that now", replies=(LONG, "Yes?")))
    cut = next(body for body in shelf.bodies if body["status"] == "incomplete")
    text, said = cut["content"][0]["text"], cut["vivavoce"]["said"]
    assert text and LONG.startswith(text) and len(text) < len(LONG)
    assert said.startswith(text)
    assert shelf.lines[-1] == "assistant: Yes?"
    assert [line.partition(":")[0] for line in shelf.lines] == ["user", "assistant", "user", "assistant"]


def test_noise_that_was_taken_for_a_turn_is_not_kept() -> None:
    assert recorded(ask, engines=heard("")).bodies == []


def test_typed_turns_tool_calls_and_pictures_are_kept_in_order() -> None:
    async def typed(scene: Scene) -> None:
        session, options = scene.session, ReplyOptions(modality="text")
        await session.add(Message("m1", "user", (Text("Weather?"),)))
        await session.respond(ResponseRequest(options))
        await scene.silence(2.0)
        call = next(item for item in session.items if not isinstance(item, Message))
        await session.add(FunctionOutput("o1", call.call_id, "sunny"))  # type: ignore[union-attr]
        await session.respond(ResponseRequest(options))
        await scene.silence(2.0)
        await session.add(Message("m0", "user", (Image("data:image/png;base64,AA=="),)), "root")

    shelf = recorded(typed, engines=heard("x", replies=(Call("weather", "{}"), "It is sunny."), sees=True))
    assert [body["type"] for body in shelf.bodies] == [
        "message", "message", "function_call", "function_call_output", "message",
    ]  # fmt: skip
    assert shelf.bodies[0]["content"][0]["type"] == "input_image"
    assert shelf.bodies[-1]["content"][0]["text"] == "It is sunny."
    assert "vivavoce" not in shelf.bodies[-1]


def test_what_is_deleted_or_truncated_later_changes_what_is_kept() -> None:
    async def change(scene: Scene) -> None:
        await ask(scene)
        question, answer = scene.session.items
        await scene.session.truncate(answer.id, 0, 300)
        await scene.session.delete(question.id)

    shelf = recorded(change, engines=heard("hello there", replies=("one two three four five six.",)))
    assert len(shelf.bodies) == 1
    assert shelf.bodies[0]["status"] == "incomplete"
    assert len(shelf.bodies[0]["content"][0]["text"]) < len("one two three four five six.")
    assert shelf.bodies[0]["vivavoce"]["said"] == "one two three four five six."


def test_a_session_goes_on_from_what_is_kept_and_leaves_it_as_it_is() -> None:
    """Pictures that its model cannot see and results whose calls are gone must not be lost for that."""
    before: list[Item] = [
        FunctionOutput("o1", "call_of_long_ago", "sunny"),
        Message("m1", "user", (Text("What is this?"), Image("data:image/png;base64,AA=="))),
        Message("m2", "assistant", (Speech("A cat."),)),
    ]
    shelf = Shelf([body_of(item) for item in before])
    old = list(shelf.bodies)
    engines = heard("its name", replies=("Tom.",))
    after = recorded(ask, engines=engines, shelf=shelf)
    assert after.bodies[:3] == old
    assert after.lines[-2:] == ["user: its name", "assistant: Tom."]
    prompt = engines.llm.asked[0]  # type: ignore[attr-defined]
    assert [item.text for item in prompt.items] == ["What is this? (a picture)", "A cat.", "its name"]


def test_what_is_said_next_comes_behind_what_the_session_does_not_know_of() -> None:
    """An answer of which nothing was heard means nothing to a session, yet it was the last thing that happened."""
    asked = body_of(Message("m1", "user", (Text("Set a timer."),)))
    unheard = body_of(Message("m2", "assistant", (Speech(""),), "incomplete"), said="Timer set.")
    after = recorded(ask, engines=heard("and now", replies=("Yes.",)), shelf=Shelf([asked, unheard]))
    assert [body["id"] for body in after.bodies[:2]] == ["m1", "m2"]
    assert after.lines[2:] == ["user: and now", "assistant: Yes."]


def test_a_session_takes_no_more_of_a_long_conversation_than_its_model_holds() -> None:
    shelf = Shelf([body_of(Message(f"m{n}", "user", (Text(f"line {n:04}"),))) for n in range(100)])
    engines = heard("and now", replies=("Yes.",))
    after = recorded(ask, engines=engines, shelf=shelf, room=95)
    assert len(engines.llm.asked[0].items) == 10 + 1  # type: ignore[attr-defined]
    assert len(after.bodies) == 102
    assert after.lines[-2:] == ["user: and now", "assistant: Yes."]  # at the end, not before what was left out


def test_what_finds_the_queue_full_is_written_later() -> None:
    shelf = Shelf(room=0)

    async def script(scene: Scene) -> None:
        await ask(scene)
        shelf.room = 1000
        await ask(scene)

    recorded(script, engines=heard("hello"), shelf=shelf)
    assert shelf.lines == 2 * ["user: hello", "assistant: Fine, thank you."]


def test_nothing_is_kept_of_a_temporary_session_that_goes_on_from_a_conversation() -> None:
    old = body_of(Message("m1", "user", (Text("before"),)))
    shelf = recorded(ask, engines=heard("hello"), shelf=Shelf([old]), temporary=True)
    assert shelf.bodies == [old] and not shelf.changes


def test_an_item_is_written_once_however_many_events_there_are() -> None:
    shelf = recorded(ask, engines=heard("hello there"))
    written = [change.body["id"] for change in shelf.changes if isinstance(change, Put)]
    assert len(written) == len(set(written)) == 2
