"""The words of the user's items: recognised in tasks of their own, told once, kept in the history."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from vivavoce.audio.pcm import Pcm
from vivavoce.conversation.config import TranscriptionOptions
from vivavoce.conversation.events import Event, SpeakerTold, Transcribed, TranscriptGrew, TranscriptionFailed
from vivavoce.conversation.history import History
from vivavoce.conversation.items import Message, Speech, with_transcript, without_sound
from vivavoce.errors import TurnError
from vivavoce.ports import HOP, Engines, Transcription, TranscriptionHint
from vivavoce.session.ear import Ear
from vivavoce.session.utterance import Utterance
from vivavoce.session.voices import Voices

SOUNDS_KEPT = 16
"""User items whose sound is kept for `retrieve`; older ones keep their words only."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The final pass over one turn: its words, or why there are none. `at`: loop time."""

    words: Transcription
    at: float
    trouble: TurnError | None = None


def hint_of(options: TranscriptionOptions | None) -> TranscriptionHint:
    """What the client's wishes mean for the recogniser."""
    if options is None:
        return TranscriptionHint()
    return TranscriptionHint(
        options.language, options.prompt, options.languages, options.keywords, detail=options.logprobs
    )


class Transcripts:
    def __init__(
        self, tasks: asyncio.TaskGroup, history: History, engines: Engines, send: Callable[[Event], Awaitable[None]]
    ) -> None:
        self._tasks, self._history, self._engines, self._send = tasks, history, engines, send
        self._pending: dict[str, asyncio.Task[Heard]] = {}
        self._sounding: list[str] = []
        self.language: str | None = None
        """What the user spoke last, ISO 639-1."""
        self.tells_speakers = False
        """Whether the client wants to know whose voice each turn was."""
        self._voices = Voices(engines)

    def recognise(self, hearing: Callable[[], Awaitable[Transcription]]) -> asyncio.Task[Heard]:
        """Run a final pass; its failure is a value, so that it ends a turn and not the session."""
        return self._tasks.create_task(_safely(hearing))

    def conclude(self, item: Message, utterance: Utterance, hearing: asyncio.Task[Heard]) -> asyncio.Task[Heard]:
        """Tell the words of the turn that became `item` as soon as they are known."""

        async def conclude() -> Heard:
            heard = await hearing
            if rest := utterance.rest(heard.words.text):
                await self._send(TranscriptGrew(item.id, rest))
            await self._tell(item, heard)
            if self.tells_speakers and heard.words.text:
                self._tasks.create_task(self._tell_speaker(item, heard.words.text))
            return heard

        return self._pend(item, conclude)

    def hear_item(self, item: Message, hint: TranscriptionHint) -> None:
        """Recognise the speech of an item that the client made, if there is any without words."""
        sounds = [part.sound for part in item.parts if isinstance(part, Speech) and part.sound]
        if item.role != "user" or item.text or not sounds:
            return

        async def hear() -> Heard:
            heard = await _safely(partial(self._listen_to, item.id, sounds, hint))
            await self._tell(item, heard)
            return heard

        self._pend(item, hear)

    def pending(self, *, but: str | None = None) -> list[asyncio.Task[Heard]]:
        """The recognitions under way, except that of the item `but`."""
        return [task for item_id, task in self._pending.items() if item_id != but]

    async def all_known(self, *, but: str | None = None) -> None:
        """Wait until every item's words are known, except those of the item `but`."""
        if pending := self.pending(but=but):
            await asyncio.wait(pending)

    def _pend(self, item: Message, work: Callable[[], Awaitable[Heard]]) -> asyncio.Task[Heard]:
        async def run() -> Heard:
            try:
                return await work()
            finally:
                del self._pending[item.id]

        self._pending[item.id] = task = self._tasks.create_task(run())
        self._keep_sound(item.id)
        return task

    async def _listen_to(self, item_id: str, sounds: list[Pcm], hint: TranscriptionHint) -> Transcription:
        ear, position = Ear(self._engines.vad.open()), 0
        for sound in [*sounds, Pcm.silence(0.1, sounds[-1].rate)]:
            ear.take(sound)
        while hops := await ear.judge():
            for voice, _ in hops:
                position += HOP
                ear.note(voice, position)
        utterance = Utterance(item_id, 0, ear, self._engines.stt, hint, None)
        return await utterance.final(ear.tape.end)()

    async def _tell(self, item: Message, heard: Heard) -> None:
        if heard.trouble is not None:
            await self._send(TranscriptionFailed(item.id, str(heard.trouble)))
            return
        self.language = heard.words.language or self.language
        self._history.replace(with_transcript(item, heard.words.text))
        seconds = sum(part.sound.seconds for part in item.parts if isinstance(part, Speech) and part.sound)
        tokens = tuple(token for word in heard.words.words for token in word.tokens) if heard.words.words else None
        await self._send(Transcribed(item.id, heard.words.text, heard.words.language, seconds, tokens))

    async def _tell_speaker(self, item: Message, words: str) -> None:
        """After the words, which the answer waits for."""
        sound = next((part.sound for part in item.parts if isinstance(part, Speech)), None)
        if sound is not None and (speaker := await self._voices.who(sound)) is not None:
            await self._send(SpeakerTold(item.id, speaker, sound.seconds, words))

    def _keep_sound(self, item_id: str) -> None:
        self._sounding.append(item_id)
        if len(self._sounding) <= SOUNDS_KEPT or not self._history.has(oldest := self._sounding.pop(0)):
            return
        self._history.replace(without_sound(self._history.get(oldest)))


async def _safely(hearing: Callable[[], Awaitable[Transcription]]) -> Heard:
    loop = asyncio.get_running_loop()
    try:
        return Heard(await hearing(), loop.time())
    except TurnError as error:
        return Heard(Transcription(""), loop.time(), error)
