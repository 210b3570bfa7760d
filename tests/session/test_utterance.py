"""A turn while it is heard: which pass over it is the final one, and what it waits for. In virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from tests import virtual_time
from tests.session.scene import room, tone
from vivavoce.audio.pcm import Pcm, join
from vivavoce.engines.scripted import LoudnessVad
from vivavoce.ports import HEARING_RATE, Transcription, TranscriptionHint, Urgency
from vivavoce.session.ear import Ear
from vivavoce.session.utterance import Utterance

TAKES = 0.6


@dataclass
class Slow:
    """One pass at a time; tells whether it was partial, and for how many seconds each was worked on."""

    name: str = "slow"
    languages: tuple[str, ...] = ("en",)
    worked: list[tuple[bool, float]] = field(default_factory=list)

    async def transcribe(
        self, speech: Pcm, hint: TranscriptionHint = TranscriptionHint(), urgency: Urgency = Urgency.NOW
    ) -> Transcription:
        began = asyncio.get_running_loop().time()
        try:
            await asyncio.sleep(TAKES)
        finally:
            partial = urgency is Urgency.SPARE
            self.worked.append((partial, round(asyncio.get_running_loop().time() - began, 3)))
        return Transcription(f"{speech.seconds:.2f}")

    def close(self) -> None: ...


async def heard(
    speech: Pcm, begun: float, then: TranscriptionHint | None = None, *, ends: bool = True
) -> tuple[Slow, float]:
    """The recogniser, and how long the final words took, where a partial pass began at `begun` seconds of `speech`
    and the voice was found to be over at its end. `then`: the hint from the middle of that pass on. `ends`: the turn
    is found to be over before the words are known; else nobody follows it any more."""
    ear, stt, loop = Ear(LoudnessVad().open()), Slow(), asyncio.get_running_loop()
    utterance = Utterance("item", 0, ear, stt, TranscriptionHint(), None)
    ear.take(speech.cut(0, begun))
    ear.first_voice, ear.last_voice = 0, ear.tape.end
    following = asyncio.create_task(utterance.follow())
    utterance.hurry()
    await until(lambda: loop.time() > 0.15)  # it has begun
    if then is not None:
        utterance.listen_for(then)
    ear.take(speech.cut(begun))
    ear.last_voice, utterance.paused = ear.tape.end, True
    asked = loop.time()
    hearing = asyncio.create_task(utterance.final(ear.tape.end)())
    await asyncio.sleep(0)
    if not (ends and utterance.end()):
        following.cancel()
    await hearing
    return stt, loop.time() - asked


async def until(so: Callable[[], bool]) -> None:
    while not so():
        await asyncio.sleep(0.01)


def run(work: Callable[[], Awaitable[tuple[Slow, float]]]) -> tuple[Slow, float]:
    return virtual_time.run(work())


def test_the_final_pass_waits_for_no_partial_pass_that_misses_words():
    stt, took = run(lambda: heard(tone(1.5), begun=1.2))
    assert [partial for partial, _ in stt.worked] == [True, False]
    assert stt.worked[0][1] < TAKES  # it was given up,
    assert took == pytest.approx(TAKES, abs=0.02)  # and nothing was waited for


def test_a_partial_pass_that_misses_nothing_but_the_fading_of_the_voice_is_the_final_one():
    stt, took = run(lambda: heard(join([tone(1.5), room(0.15)], HEARING_RATE), begun=1.5))
    assert stt.worked == [(True, TAKES)]
    assert took < TAKES


def test_a_pass_whose_words_are_wanted_outlives_the_end_of_the_turn():
    """Where the sound tells sooner than the words that the turn is over, the pass that hears them was thrown away, and
    another one heard the same again."""
    speech = join([tone(1.5), room(0.15)], HEARING_RATE)
    stt, _ = run(lambda: heard(speech, begun=1.5, ends=False))
    assert [partial for partial, _ in stt.worked] == [True, False]
    stt, _ = run(lambda: heard(speech, begun=1.5))
    assert [partial for partial, _ in stt.worked] == [True]


def test_a_quiet_word_at_the_end_is_heard():
    """20 dB below the rest: the last syllables of a sentence are often no louder."""
    word = Pcm((0.1 * tone(0.15).samples).astype(np.float32), HEARING_RATE)
    stt, _ = run(lambda: heard(join([tone(1.5), word], HEARING_RATE), begun=1.5))
    assert [partial for partial, _ in stt.worked] == [True, False]


def test_a_pass_that_was_begun_in_another_language_is_not_the_final_one():
    """Over the assistant's voice the language is that of the talk; the turn that comes of it may be in any."""
    stt, _ = run(lambda: heard(tone(1.5), begun=1.5, then=TranscriptionHint("en")))
    assert [partial for partial, _ in stt.worked] == [True, False]
