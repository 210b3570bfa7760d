"""A conversation with `auto`, in virtual time: no dead air, no lost answer, whatever is said meanwhile."""

from __future__ import annotations

import json

from tests.session.scene import SEMANTIC, Scene, play
from vivavoce.assistant.auto import AutoAloud
from vivavoce.assistant.thinking import LABEL, THINK, TOOL, Desk, Thinking
from vivavoce.conversation.events import Event, ReplyAudio, ResponseEnded, SpeechStarted
from vivavoce.conversation.items import HostedCall, Message
from vivavoce.engines.scripted import ScriptedModel, ScriptedTranscriber, scripted_engines
from vivavoce.ports import Engines
from vivavoce.session.tooling import Tooling

HARD, EASY = "Compare renting and buying for a family that may move.", "Who wrote Hamlet?"
THOUGHT = "Rent, since you may move soon."


def house(*heard: str, takes: float) -> tuple[Engines, Tooling, ScriptedModel]:
    """Engines with `auto` as the mind; the thinking one takes so many seconds."""
    quick = ScriptedModel(["Shakespeare wrote it, around sixteen hundred."], name="q")
    thinking = ScriptedModel([THOUGHT], name="t", first=takes)
    desk = Desk("large")
    engines = scripted_engines(llm=AutoAloud(quick, thinking, desk), stt=ScriptedTranscriber(heard))  # type: ignore[arg-type]
    return engines, Tooling(silent={THINK: (Thinking(thinking, desk), TOOL)}), quick


def said(scene: Scene) -> list[str]:
    return [item.text for item in scene.session.items if isinstance(item, Message) and item.role == "assistant"]


def first_sound_after(scene: Scene, at: float) -> float:
    return next(when for when, event in scene.events if isinstance(event, ReplyAudio) and when >= at)


def endings(scene: Scene) -> list[ResponseEnded]:
    return [event for event in scene.of(ResponseEnded) if isinstance(event, ResponseEnded)]


def test_what_wants_thought_is_acknowledged_at_once_and_answered_unasked() -> None:
    engines, tooling, quick = house(HARD, takes=20)
    spoken: list[float] = []

    async def script(scene: Scene) -> None:
        await scene.silence(0.3)
        await scene.speak(1.5)
        spoken.append(scene.events[-1][0] if scene.events else 0.0)
        await scene.silence(35)

    scene = play(script, engines=engines, tooling=tooling)
    acknowledged, answered = said(scene)
    assert acknowledged in ("Let me think about that.", "Give me a moment to think.") and answered == THOUGHT
    assert first_sound_after(scene, spoken[0]) - spoken[0] < 2.5, "dead air"
    assert quick.replies == 0, "the quick mind was asked as well"
    (call,) = (item for item in scene.session.items if isinstance(item, HostedCall))
    assert (call.server, call.name, call.output) == (LABEL, THINK, THOUGHT)
    assert json.loads(call.arguments)["question"] == HARD
    first, second = endings(scene)
    assert (first.mind, first.mind_reason, second.reason) == ("large", "comparison", "errand")


def test_the_talk_goes_on_meanwhile_and_the_answer_finds_its_way_back() -> None:
    engines, tooling, quick = house(HARD, EASY, takes=20)

    async def script(scene: Scene) -> None:
        await scene.silence(0.3)
        await scene.speak(1.5)
        await scene.silence(6)
        await scene.speak(1.2)
        await scene.silence(30)

    scene = play(script, engines=engines, tooling=tooling)
    _, at_once, later = said(scene)
    assert at_once.startswith("Shakespeare") and later == f"Back to your question: {THOUGHT}"
    assert quick.replies >= 1


def test_speaking_over_the_acknowledgement_does_not_lose_the_answer() -> None:
    engines, tooling, _ = house(HARD, EASY, takes=12)

    async def script(scene: Scene) -> None:
        await scene.silence(0.3)
        await scene.speak(1.5)
        while not scene.of(ReplyAudio):
            await scene.silence(0.1)
        await scene.silence(0.3)
        await scene.speak(2.0)
        await scene.silence(40)

    scene = play(script, engines=engines, tooling=tooling)
    assert len(scene.of(SpeechStarted)) >= 2
    assert any(THOUGHT in words for words in said(scene)), said(scene)


def test_what_is_quick_is_answered_as_ever() -> None:
    engines, tooling, _ = house(EASY, takes=20)

    async def script(scene: Scene) -> None:
        await scene.silence(0.3)
        await scene.speak(1.2)
        await scene.silence(10)

    scene = play(script, engines=engines, tooling=tooling, config=SEMANTIC)
    assert said(scene) == ["Shakespeare wrote it, around sixteen hundred."]
    ended: list[Event] = scene.of(ResponseEnded)
    assert len(ended) == 1
