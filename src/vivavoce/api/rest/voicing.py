"""A reply that is written and spoken: its words as they come, and the sound of each clause while the rest is written.

    the mind ─ words ─▶ clauses (a few may wait) ─▶ the voice ─▶ the file's parts
                 └────────────────────────────────────────────────┴─▶ whoever reads both, in the order they come

A voice that is slower than the mind holds it up, and so does a reader who takes neither.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from vivavoce.api.body import in_thread
from vivavoce.api.rest.replies import Sounded
from vivavoce.api.rest.speech import FIRST_WORDS, RATE
from vivavoce.audio.files import Format, SoundWriter, sound_writer
from vivavoce.audio.pcm import Pcm
from vivavoce.audio.resample import Resampler
from vivavoce.errors import VivavoceError
from vivavoce.ports import Done, Synthesizer, Thought, Urgency, Words
from vivavoce.text.clauses import ClauseCutter
from vivavoce.text.language import language_of
from vivavoce.text.spoken import pronounceable

AHEAD = 3
"""Clauses that may be written and not spoken yet."""
UNREAD = 64
"""Words and sounds that may wait for their reader."""


@dataclass(frozen=True, slots=True)
class _Over:
    """Nothing comes any more. `error`: why that is too early."""

    error: VivavoceError | None = None


Told = asyncio.Queue[Thought | Sounded | _Over]
Clauses = asyncio.Queue[str | _Over]


async def voiced(
    thoughts: AsyncGenerator[Thought, None], tts: Synthesizer, *, voice: str, format: Format
) -> AsyncGenerator[Thought | Sounded, None]:
    """The same thoughts, with the parts of a sound file in between; the last part comes before Done. Raises
    RequestError for a format that needs a library which is not there, and TurnError."""
    writer = await in_thread(sound_writer, format, RATE)
    told = Told(UNREAD)
    # its owner is this generator, whose reader may be another task each time
    working = asyncio.create_task(_work(thoughts, _Speech(tts, voice, writer), told), name="a voiced reply")
    try:
        while not isinstance(step := await told.get(), _Over):
            yield step
        if step.error is not None:
            raise step.error
    finally:
        working.cancel()
        await asyncio.wait([working])
        writer.close()


async def _work(thoughts: AsyncGenerator[Thought, None], speech: _Speech, told: Told) -> None:
    """Write and speak side by side."""
    clauses = Clauses(AHEAD)
    try:
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(_write(thoughts, clauses, told))
            tasks.create_task(speech.speak(clauses, told))
        await told.put(await speech.end())
        if (done := writing.result()) is not None:
            await told.put(done)
        await told.put(_Over())
    except* VivavoceError as errors:
        await told.put(_Over(_first(errors)))
    except* Exception:
        await told.put(_Over(VivavoceError("the answer broke off")))
        raise


async def _write(thoughts: AsyncGenerator[Thought, None], clauses: Clauses, told: Told) -> Done | None:
    """Tell the thoughts as they come, and hand over each clause behind its last word. Gives the last one."""
    cutter, done = ClauseCutter(FIRST_WORDS), None
    async with aclosing(thoughts):
        async for thought in thoughts:
            if isinstance(thought, Done):
                done = thought
                continue
            await told.put(thought)
            if isinstance(thought, Words):
                for clause in cutter.push(thought.text):
                    await clauses.put(clause)
    for clause in cutter.finish():
        await clauses.put(clause)
    await clauses.put(_Over())
    return done


class _Speech:
    """The file that is being spoken."""

    def __init__(self, tts: Synthesizer, voice: str, writer: SoundWriter) -> None:
        self._tts, self._voice, self._writer = tts, voice, writer
        self._resampler = Resampler(tts.rate, RATE)

    async def speak(self, clauses: Clauses, told: Told) -> None:
        while not isinstance(clause := await clauses.get(), _Over):
            async with aclosing(self._spoken(clause)) as sounds:
                async for sound in sounds:
                    if data := await in_thread(self._writer.push, self._resampler.push(sound.samples)):
                        await told.put(Sounded(data, sound.seconds))

    async def end(self) -> Sounded:
        """The last part of the file."""
        return Sounded(await in_thread(self._writer.end))

    async def _spoken(self, clause: str) -> AsyncGenerator[Pcm, None]:
        language = language_of(clause, {each.language for each in self._tts.voices})
        words = pronounceable(clause, language or "en")
        sounds = self._tts.synthesize(words, voice=self._voice, language=language, urgency=Urgency.SOON)
        async with aclosing(sounds):
            async for sound in sounds:
                yield sound


def _first(errors: BaseExceptionGroup[VivavoceError]) -> VivavoceError:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, VivavoceError)  # noqa: S101 - the group holds nothing else
    return error
