"""Phrases that come again and again, rendered once for all sessions of a process, so that they sound at once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace

from vivavoce.audio.pcm import Pcm, join
from vivavoce.conversation.config import ReplyOptions
from vivavoce.conversation.opener import OPENERS, is_opener, lowered
from vivavoce.errors import TurnError
from vivavoce.ports import Synthesizer, Urgency
from vivavoce.session.prepared import Stream
from vivavoce.session.reply import Piece, Spoken, Written
from vivavoce.session.sayings import APOLOGY, DID_NOT_CATCH, LISTENING, ONE_MOMENT

KEPT_SECONDS = 600.0
"""Of sound in all voices together: 60 MB at 24 kHz."""
TRIES = 30
TRY_AGAIN = 2.0
"""Seconds after which what could not be rendered is tried again."""

Key = tuple[str, str, float]


class Phrasebook:
    """Used on the event loop alone."""

    def __init__(self, tts: Synthesizer) -> None:
        self._tts = tts
        self._sounds: OrderedDict[Key, Pcm] = OrderedDict()
        self._seconds = 0.0
        self._under_way: set[Key] = set()

    def sound(self, phrase: str, options: ReplyOptions) -> Pcm | None:
        """The phrase in the voice of `options`, if it was rendered."""
        return self._sounds.get((phrase, options.voice, options.speed))

    async def render(self, options: ReplyOptions, language: str) -> None:
        """Render what is missing of a language in a voice, when nobody waits for the voice: tries again while
        there are others to speak for."""
        kinds = OPENERS.get(language, {})
        phrases = dict.fromkeys(phrase for choices in kinds.values() for phrase in choices)
        for phrases_of_ours in (APOLOGY, DID_NOT_CATCH, LISTENING, ONE_MOMENT):
            phrases |= dict.fromkeys([phrases_of_ours[language]] if language in phrases_of_ours else [])
        for _ in range(TRIES):
            for phrase in phrases:
                if self.sound(phrase, options) is None:
                    await self._render(phrase, options, language)
            if all(self.sound(phrase, options) is not None for phrase in phrases):
                return
            await asyncio.sleep(TRY_AGAIN)

    async def _render(self, phrase: str, options: ReplyOptions, language: str) -> None:
        key = (phrase, options.voice, options.speed)
        if key in self._under_way:
            return  # for another session, and so for this one too
        self._under_way.add(key)
        said = self._tts.synthesize(
            phrase, voice=options.voice, speed=options.speed, language=language, urgency=Urgency.SPARE
        )
        try:
            async with aclosing(said) as sounds:
                sound = join([piece async for piece in sounds], self._tts.rate)
        except TurnError:
            return  # somebody waits for the voice
        finally:
            self._under_way.discard(key)
        self._sounds[key] = sound
        self._seconds += sound.seconds
        while self._seconds > KEPT_SECONDS:
            self._seconds -= self._sounds.popitem(last=False)[1].seconds


class Opened:
    """An opener, and behind it the answer that `choose()` finds once the words are final."""

    def __init__(self, opener: str, sound: Pcm, choose: Callable[[], Awaitable[Stream[Piece]]]) -> None:
        self._opener, self._sound, self._choose = opener, sound, choose
        self._answer: Stream[Piece] | None = None

    async def __aiter__(self) -> AsyncIterator[Piece]:
        yield Spoken(self._opener, self._sound, answers=False)
        behind, self._answer = True, await self._choose()
        async for piece in self._answer:
            if not behind or not isinstance(piece, Spoken | Written):
                yield piece
            elif piece.text and not is_opener(piece.text):  # "Well, well, …" is said to a rascal
                behind = False
                yield replace(piece, text=f" {lowered(piece.text.lstrip())}")

    async def drop(self) -> None:
        if self._answer is not None:
            await self._answer.drop()
