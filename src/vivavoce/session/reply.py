"""From a prompt to pieces of a reply: model, clauses, speech, each a bounded step ahead of the next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace

from vivavoce.audio.pcm import Pcm
from vivavoce.conversation.config import ReplyOptions
from vivavoce.ports import Call, Done, Engines, Prompt, Reasoning, Urgency, Words
from vivavoce.session.accounts import Marks, counted
from vivavoce.session.prepared import Prepared
from vivavoce.text.clauses import ClauseCutter
from vivavoce.text.language import language_of
from vivavoce.text.spoken import pronounceable

FIRST_WORDS = 4  # every word of the first clause is waited for twice, in the model and in the voice
STOCK = 1.0
"""Seconds of speech that the listener still has to hear where the next clause is not urgent: a short first one is often
over before a long second one is made."""
CLAUSES_AHEAD = 2  # the model is held back here, so that it does not take the cores from the voice


@dataclass(frozen=True, slots=True)
class Spoken:
    """Sound, and the text that begins with it ("" when it goes on with the last text). `answers`: False of a word that
    only comes before an answer."""

    text: str
    sound: Pcm
    answers: bool = True


@dataclass(frozen=True, slots=True)
class Written:
    """Text without sound."""

    text: str


Piece = Spoken | Written | Call | Done


@dataclass(frozen=True, slots=True)
class _Clause:
    text: str


async def reply(
    tasks: asyncio.TaskGroup,
    engines: Engines,
    prompt: Prompt,
    options: ReplyOptions,
    marks: Marks,
    language: str | None = None,
    wanted: asyncio.Event | None = None,
) -> AsyncGenerator[Piece, None]:
    """Stream the reply to `prompt`. `language`: what the user spoke, for a reply too short to tell its own. `wanted`:
    set once it is going to be heard, until then only its first clause is made; None: it is."""
    thoughts = _marked(engines, prompt, marks)
    async with aclosing(_said(tasks, engines, thoughts, options, marks, language, wanted)) as pieces:
        async for piece in pieces:
            yield piece


async def recital(
    tasks: asyncio.TaskGroup, engines: Engines, text: str, options: ReplyOptions, marks: Marks, language: str | None
) -> AsyncGenerator[Piece, None]:
    """These words as they stand, said or written as a reply is."""
    async with aclosing(_said(tasks, engines, _thought(text), options, marks, language)) as pieces:
        async for piece in pieces:
            yield piece


async def _thought(text: str) -> AsyncGenerator[Words | Call | Done, None]:
    yield Words(text)
    yield Done()


async def _said(
    tasks: asyncio.TaskGroup,
    engines: Engines,
    thoughts: AsyncGenerator[Words | Call | Done, None],
    options: ReplyOptions,
    marks: Marks,
    language: str | None,
    wanted: asyncio.Event | None = None,
) -> AsyncGenerator[Piece, None]:
    if options.modality == "text":
        async with aclosing(thoughts):
            async for thought in thoughts:
                yield Written(thought.text) if isinstance(thought, Words) else thought
        return
    go_on = asyncio.Event()
    parts = Prepared(tasks, _clauses(thoughts, marks, go_on), CLAUSES_AHEAD)
    said = ""
    try:
        async for part in parts:
            if not isinstance(part, _Clause):
                yield part
                continue
            said += part.text
            language = language_of(said, {voice.language for voice in engines.tts.voices}) or language
            async with aclosing(_spoken(engines, part.text, options, language, marks)) as pieces:
                async for piece in pieces:
                    if wanted is None or wanted.is_set():
                        go_on.set()
                    yield piece
            if wanted is not None and not wanted.is_set():
                marks.rested = asyncio.get_running_loop().time()
                await wanted.wait()
            go_on.set()
    finally:
        await parts.drop()


async def phrase_aloud(
    engines: Engines, phrase: str, options: ReplyOptions, language: str
) -> AsyncGenerator[Piece, None]:
    """One phrase of our own, as sound or as text."""
    if options.modality == "text":
        yield Written(phrase)
        return
    async with aclosing(_spoken(engines, phrase, options, language, Marks())) as pieces:
        async for piece in pieces:
            yield piece


async def _spoken(
    engines: Engines, text: str, options: ReplyOptions, language: str | None, marks: Marks
) -> AsyncGenerator[Piece, None]:
    """One clause aloud; what cannot be said (an emoji) stays text."""
    urgency = Urgency.NOW if _runs_dry(marks) else Urgency.SOON
    sounds = engines.tts.synthesize(
        pronounceable(text, language or "en"),
        voice=options.voice,
        speed=options.speed,
        language=language,
        urgency=urgency,
    )
    untold = text
    async with aclosing(sounds):
        async for sound in sounds:
            marks.first_sound = marks.first_sound or asyncio.get_running_loop().time()
            marks.made += sound.seconds
            yield Spoken(untold, sound)
            untold = ""
    if untold:
        yield Written(untold)


def _runs_dry(marks: Marks) -> bool:
    """Whether the listener has soon heard all that was made."""
    if marks.first_sound is None:
        return True
    return marks.made - (asyncio.get_running_loop().time() - marks.first_sound) < STOCK


async def _clauses(
    thoughts: AsyncGenerator[Words | Call | Done, None], marks: Marks, go_on: asyncio.Event
) -> AsyncGenerator[_Clause | Call | Done, None]:
    """The reply in clauses. After the first one the model rests until that sounds and more is wanted: the voice needs
    the cores, and a draft may be thrown away."""
    cutter = ClauseCutter(FIRST_WORDS)
    async with aclosing(thoughts):
        async for thought in thoughts:
            whole = cutter.push(thought.text) if isinstance(thought, Words) else cutter.finish()
            for text in whole:
                marks.first_clause = marks.first_clause or asyncio.get_running_loop().time()
                yield _Clause(text)
                await go_on.wait()
            if not isinstance(thought, Words):
                yield thought


async def _marked(engines: Engines, prompt: Prompt, marks: Marks) -> AsyncGenerator[Words | Call | Done, None]:
    """The model's thoughts as they come, and what they cost so far: whoever stops it has had them made all the same."""
    marks.spent = counted(Done(), prompt, pieces=0)
    async with aclosing(engines.llm.reply(prompt)) as thoughts:
        async for thought in thoughts:
            if isinstance(thought, Done):
                marks.spent = thought
            elif not isinstance(thought, Call):
                marks.spent = replace(marks.spent, completion_tokens=marks.spent.completion_tokens + 1)
            if isinstance(thought, Reasoning):
                continue
            marks.first_token = marks.first_token or asyncio.get_running_loop().time()
            yield thought
