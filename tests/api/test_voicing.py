"""An answer that is written and spoken at once, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

import pytest

from tests.virtual_time import run
from vivavoce.api.rest.replies import Sounded
from vivavoce.api.rest.voicing import AHEAD, voiced
from vivavoce.audio.pcm import Pcm
from vivavoce.engines.scripted import ToneVoice
from vivavoce.errors import EngineFailed
from vivavoce.ports import Done, Thought, Urgency, Words

SENTENCES = ["Here is the first one. ", "And this is the second. ", "Then comes a third one. ", "It ends. "]


@dataclass
class Writing:
    """A mind that takes a second for a sentence. `told`: sentences that it has written."""

    sentences: list[str] = field(default_factory=lambda: list(SENTENCES))
    fails: bool = False
    told: int = 0
    closed: bool = False

    async def thoughts(self) -> AsyncGenerator[Thought, None]:
        try:
            for sentence in self.sentences:
                await asyncio.sleep(1.0)
                self.told += 1
                yield Words(sentence)
            if self.fails:
                raise EngineFailed("the mind is gone")
            yield Done(1, 0, 4)
        finally:
            self.closed = True


class SlowVoice(ToneVoice):
    """`takes` seconds for a clause."""

    spoken: list[str]

    async def synthesize(
        self, text: str, *, voice: str, speed: float = 1.0, language: str | None = None, urgency: Urgency = Urgency.NOW
    ) -> AsyncGenerator[Pcm, None]:
        self.spoken = [*getattr(self, "spoken", []), text]
        async with aclosing(super().synthesize(text, voice=voice)) as sounds:
            async for sound in sounds:
                yield sound


def now() -> float:
    return asyncio.get_running_loop().time()


def test_a_clause_is_spoken_while_the_next_one_is_written() -> None:
    async def scene() -> list[tuple[float, Thought | Sounded]]:
        mind = Writing()
        async with aclosing(voiced(mind.thoughts(), ToneVoice(takes=1.0), voice="tone", format="pcm")) as steps:
            return [(now(), step) async for step in steps]

    steps = run(scene())
    words = [at for at, step in steps if isinstance(step, Words)]
    sounds = [at for at, step in steps if isinstance(step, Sounded) and step.data]
    assert words == [1.0, 2.0, 3.0, 4.0]  # the voice holds nothing up
    # a clause is known to have ended by the word behind it; one behind the other it would have taken 8 s
    assert sounds[:4] == [3.0, 4.0, 5.0, 6.0]
    assert isinstance(steps[-1][1], Done) and isinstance(steps[-2][1], Sounded) and steps[-1][0] == 6.0
    spoken = sum(step.seconds for _, step in steps if isinstance(step, Sounded))
    assert spoken == pytest.approx(sum(0.06 * len(each.strip()) for each in SENTENCES), rel=0.05)


def test_a_mind_that_is_quicker_than_the_voice_waits_for_it() -> None:
    async def scene() -> tuple[int, int]:
        mind = Writing(sentences=SENTENCES * 10)
        voice = SlowVoice(takes=100.0)
        async with aclosing(voiced(mind.thoughts(), voice, voice="tone", format="pcm")) as steps:
            async for step in steps:
                if isinstance(step, Sounded):
                    return mind.told, len(voice.spoken)
        raise AssertionError("nothing was spoken")

    told, spoken = run(scene())
    assert spoken <= 2 and told <= AHEAD + 3


def test_a_mind_that_fails_is_told_behind_what_it_said() -> None:
    async def scene() -> list[Thought | Sounded]:
        got: list[Thought | Sounded] = []
        steps = voiced(Writing(fails=True).thoughts(), ToneVoice(takes=0.1), voice="tone", format="pcm")
        with pytest.raises(EngineFailed, match="the mind is gone"):
            async with aclosing(steps):
                async for step in steps:
                    got.append(step)
        return got

    assert "".join(each.text for each in run(scene()) if isinstance(each, Words)) == "".join(SENTENCES)


def test_a_voice_that_fails_ends_the_mind() -> None:
    class Mute(ToneVoice):
        async def synthesize(self, text: str, **more: object) -> AsyncGenerator[Pcm, None]:  # type: ignore[override]
            raise EngineFailed("the voice is gone")
            yield

    async def scene() -> bool:
        mind = Writing()
        with pytest.raises(EngineFailed, match="the voice is gone"):
            async with aclosing(voiced(mind.thoughts(), Mute(), voice="tone", format="pcm")) as steps:
                async for _ in steps:
                    pass
        return mind.closed and len(asyncio.all_tasks()) == 1

    assert run(scene())


@pytest.mark.parametrize("after", [0.5, 1.5, 2.5])
def test_whoever_leaves_ends_the_mind_and_the_voice(after: float) -> None:
    async def scene() -> bool:
        mind = Writing()

        async def read() -> None:
            async with aclosing(voiced(mind.thoughts(), ToneVoice(takes=1.0), voice="tone", format="pcm")) as steps:
                async for _ in steps:
                    pass

        reading = asyncio.create_task(read())
        await asyncio.sleep(after)
        reading.cancel()
        await asyncio.wait([reading])
        return mind.closed and len(asyncio.all_tasks()) == 1

    assert run(scene())
