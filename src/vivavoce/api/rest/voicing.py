"""A reply that is written and spoken: its words as they come, and the sound of each clause once it is whole."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from vivavoce.api.body import in_thread
from vivavoce.api.rest.replies import Sounded
from vivavoce.api.rest.speech import FIRST_WORDS, RATE
from vivavoce.audio.files import Format, sound_writer
from vivavoce.audio.pcm import Pcm
from vivavoce.audio.resample import Resampler
from vivavoce.ports import Done, Synthesizer, Thought, Urgency, Words
from vivavoce.text.clauses import ClauseCutter
from vivavoce.text.language import language_of
from vivavoce.text.spoken import pronounceable


async def voiced(
    thoughts: AsyncGenerator[Thought, None], tts: Synthesizer, *, voice: str, format: Format
) -> AsyncGenerator[Thought | Sounded, None]:
    """The same thoughts, with the parts of a sound file in between; the last part comes before Done. Raises
    RequestError for a format that needs a library which is not there, and TurnError."""
    writer = await in_thread(sound_writer, format, RATE)
    resampler = Resampler(tts.rate, RATE)
    try:
        async with aclosing(_with_clauses(thoughts)) as steps:
            async for step in steps:
                if isinstance(step, str):
                    async with aclosing(_spoken(step, tts, voice)) as sounds:
                        async for sound in sounds:
                            if data := await in_thread(writer.push, resampler.push(sound.samples)):
                                yield Sounded(data, sound.seconds)
                    continue
                if isinstance(step, Done):
                    yield Sounded(await in_thread(writer.end))
                yield step
    finally:
        writer.close()


async def _with_clauses(thoughts: AsyncGenerator[Thought, None]) -> AsyncGenerator[Thought | str, None]:
    """Each clause, as a string, behind its last word."""
    cutter = ClauseCutter(FIRST_WORDS)
    async with aclosing(thoughts):
        async for thought in thoughts:
            if isinstance(thought, Done):
                for clause in cutter.finish():
                    yield clause
            yield thought
            if isinstance(thought, Words):
                for clause in cutter.push(thought.text):
                    yield clause


async def _spoken(clause: str, tts: Synthesizer, voice: str) -> AsyncGenerator[Pcm, None]:
    language = language_of(clause, {each.language for each in tts.voices})
    words = pronounceable(clause, language or "en")
    async with aclosing(tts.synthesize(words, voice=voice, language=language, urgency=Urgency.SOON)) as sounds:
        async for sound in sounds:
            yield sound
