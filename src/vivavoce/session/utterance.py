"""One turn of the user while it is being heard: partial passes, settled text, the final words.

A partial pass that began after the last word was spoken is the final one: nothing is recognised twice. One that began
before is given up for the final pass.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from vivavoce.audio.cut import quietest
from vivavoce.audio.pcm import Pcm
from vivavoce.audio.prosody import still
from vivavoce.conversation.words import Word
from vivavoce.errors import TurnError
from vivavoce.ports import HEARING_RATE, Transcriber, Transcription, TranscriptionHint, Urgency
from vivavoce.session.ear import Ear

PARTIAL_SECONDS = 0.4
PARTIAL_SHARE = 2  # a partial pass rests twice as long as it took: the final pass needs the recogniser free
LEAST_REST = 0.1  # s between passes that were asked for
COVERED = HEARING_RATE // 20
"""Voice at the end that a pass may have missed and still count as the final one: the detector hears a voice fade
for longer than there are words in it."""
FADING = HEARING_RATE // 5
"""Sound at the end that a pass may have missed where no word is in it any more."""
SETTLE_SECONDS = 20.0  # longer speech is recognised piece by piece, so that the end never waits for all of it
SETTLE_AFTER = 10.0
MARGIN = HEARING_RATE * 3 // 10  # sound kept on either side of the voice: onsets and fading ends


@dataclass(frozen=True, slots=True)
class _Pass:
    """What a partial pass heard, and up to which position."""

    heard: Transcription
    until: int


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """A partial pass over the sound up to `until`. `limit`: runs out when it is not worth waiting for any more."""

    until: int
    limit: asyncio.Timeout

    def give_up(self) -> None:
        self.limit.reschedule(asyncio.get_running_loop().time())


class Utterance:
    """`start`: position of the turn's first sample. `tell(delta)`: new certain words, None: nobody reads along.
    `guessed(heard, until)`: all words of each partial pass, and up to which position it heard."""

    def __init__(
        self,
        item_id: str,
        start: int,
        ear: Ear,
        stt: Transcriber,
        hint: TranscriptionHint,
        tell: Callable[[str], Awaitable[None]] | None,
        guessed: Callable[[Transcription, int], None] = lambda heard, until: None,
    ) -> None:
        self.item_id = item_id
        self.start = start
        self.judged_from = start
        """Where the sound begins that tells whether the turn is over: earlier than `start` in a reopened turn."""
        self.paused = False
        self.interrupted = False
        """It began over the assistant's voice."""
        self._guessed = guessed
        self._hurry = asyncio.Event()
        self._last_pass: _Pass | None = None
        self._under_way: _UnderWay | None = None
        self._over = False
        self._ear, self._stt, self._hint, self._tell = ear, stt, hint, tell
        self._settled: list[str] = []
        self._settled_words: list[Word] = []
        self._settled_until = start
        self._passing = asyncio.Lock()
        self._guess: list[str] = []
        self._told = ""

    def sound(self, end: int) -> Pcm:
        return self._ear.tape.cut(self.start, end)

    @property
    def guess(self) -> Transcription | None:
        """All words of the last partial pass; None before there was one."""
        last = self._last_pass
        return None if last is None else replace(last.heard, text=" ".join([*self._settled, last.heard.text]))

    async def follow(self) -> None:
        """Recognise along while the user speaks, until cancelled or at an end. Passes that fail are only skipped."""
        loop = asyncio.get_running_loop()
        pause = PARTIAL_SECONDS
        while not self._over:
            await asyncio.sleep(LEAST_REST)
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, pause - LEAST_REST)):
                    await self._hurry.wait()
            self._hurry.clear()
            began = loop.time()
            try:
                async with self._passing:
                    await self._pass()
            except TurnError:
                pass  # the final pass will tell
            pause = max(PARTIAL_SECONDS, PARTIAL_SHARE * (loop.time() - began))

    def listen_for(self, hint: TranscriptionHint) -> None:
        """Recognise with this hint from now on; what was heard with another does not count."""
        if hint != self._hint:
            self._hint, self._last_pass = hint, None

    def hurry(self) -> None:
        """The voice fades: the next pass may be the last."""
        self._hurry.set()

    def end(self) -> bool:
        """Nothing more will be said. True: a pass is under way that may be the final one, and has to be let run out."""
        self._over = True
        return self._under_way is not None

    def final(self, end: int) -> Callable[[], Awaitable[Transcription]]:
        """How to get the words up to position `end`: empty when there was no voice; raises TurnError.

        The sound is taken now: the ear may go on to the next turn before the words are asked for.
        """
        return partial(self._final, self._voiced(end))

    async def _final(self, tail: tuple[int, Pcm, int] | None) -> Transcription:
        heard = Transcription("")
        under_way = self._under_way
        if tail is not None and under_way is not None and not self._covers(under_way.until, tail):
            self._under_way = None
            under_way.give_up()
        async with self._passing:
            if tail is not None and self._last_pass is not None and self._covers(self._last_pass.until, tail):
                heard = self._last_pass.heard
            elif tail is not None:
                start, speech, _ = tail
                heard = await self._stt.transcribe(
                    speech.cut(max(0, self._settled_until - start) / speech.rate), self._hint
                )
        text = " ".join([*self._settled, heard.text]).strip()
        words = (*self._settled_words, *heard.words)
        return Transcription(text, heard.language or self._hint.language, heard.confidence, words)

    def _covers(self, until: int, tail: tuple[int, Pcm, int]) -> bool:
        """Whether a partial pass up to `until` hears all there is: no piece was settled since, and no voice came after
        it but its fading."""
        start, speech, voice_end = tail
        if self._hint.detail or start < self._settled_until or voice_end - until > FADING:
            return False
        return voice_end - until <= COVERED or still(speech.cut(0, (voice_end - start) / speech.rate), until - start)

    def rest(self, text: str) -> str:
        """What of the final text was not told yet; empty when the telling went another way."""
        return text[len(self._told) :] if text.startswith(self._told) else ""

    async def _pass(self) -> None:
        if self._ear.tape.end - self._settled_until > SETTLE_SECONDS * HEARING_RATE:
            await self._settle()
        elif not self.paused:
            await self._guess_along()

    async def _settle(self) -> None:
        """Recognise for good all up to the quietest place of the later half."""
        late = self._settled_until + round(SETTLE_AFTER * HEARING_RATE)
        cut = quietest(self._ear.tape.cut(late, self._settled_until + round(SETTLE_SECONDS * HEARING_RATE))) + late
        heard = await self._stt.transcribe(self._ear.tape.cut(self._settled_until, cut), self._hint, Urgency.SOON)
        self._settled_until, self._last_pass = cut, None
        if heard.text:
            self._settled.append(heard.text)
            self._settled_words += heard.words

    async def _guess_along(self) -> None:
        """Tell the words on which two passes in a row agree (local agreement, Macháček et al. 2023)."""
        until = self._ear.tape.end
        voiced = self._voiced(until)
        if voiced is None:
            return
        hint = replace(self._hint, detail=False)
        try:
            async with asyncio.timeout(None) as limit:
                self._under_way = _UnderWay(until, limit)
                heard = await self._stt.transcribe(voiced[1], hint, Urgency.SPARE)
        except TimeoutError:
            return  # the final pass has more to hear, and would have to wait
        finally:
            self._under_way = None
        if hint != replace(self._hint, detail=False):
            return  # it was begun with another: see `listen_for`
        self._last_pass = _Pass(heard, until)
        if self._over:
            return  # whoever waits for the final words tells them
        words = " ".join([*self._settled, heard.text]).split()
        self._guessed(replace(heard, text=" ".join(words)), until)
        if self._tell is not None:
            await self._tell_agreed(words, self._tell)

    async def _tell_agreed(self, words: list[str], tell: Callable[[str], Awaitable[None]]) -> None:
        agreed = " ".join(_common(self._guess, words[:-1]))  # the last word may still be growing
        self._guess = words
        if len(agreed) > len(self._told) and agreed.startswith(self._told):
            delta, self._told = agreed[len(self._told) :], agreed
            await tell(delta)

    def _voiced(self, end: int) -> tuple[int, Pcm, int] | None:
        """Of the unsettled sound with voice in it, up to `end`: where it starts, itself, where its voice ends.
        None: there is none."""
        first, last = self._ear.first_voice, self._ear.last_voice
        if first is None or last is None or last <= self._settled_until:
            return None
        start = max(self._settled_until, self._ear.tape.start, first - MARGIN)
        return start, self._ear.tape.cut(start, min(end, last + MARGIN)), min(last, end)


def _common(one: list[str], other: list[str]) -> list[str]:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return one[:count]
