"""The turns of one conversation: the floor's moves are carried out.

hearing ─▶ moves ─▶ utterance, draft ─▶ answers
"""

from __future__ import annotations

import asyncio

from vivavoce.audio.pcm import Samples
from vivavoce.conversation.config import ServerVad, SessionConfig
from vivavoce.conversation.events import (
    IdleTimeout,
    InputCleared,
    InputCommitted,
    SpeechStarted,
    SpeechStopped,
    TranscriptGrew,
)
from vivavoce.conversation.floor import Holder
from vivavoce.conversation.interruption import Words
from vivavoce.conversation.items import Message, Speech, new_id
from vivavoce.conversation.moves import (
    Ducked,
    Held,
    Hushed,
    Idled,
    Move,
    OverlapEnded,
    Resumed,
    TurnEnded,
    TurnStarted,
    described,
)
from vivavoce.errors import RequestError
from vivavoce.ports import HEARING_RATE, Transcription
from vivavoce.session.hearing import Hearing
from vivavoce.session.overlaps import Overlaps
from vivavoce.session.parts import Parts, milliseconds
from vivavoce.session.preparation import TAIL, Judgement, Preparation
from vivavoce.session.responder import Responder, Taken
from vivavoce.session.transcripts import hint_of
from vivavoce.session.utterance import Utterance

CLEARLY_UNDONE = 0.5
SIGNAL_EVERY = HEARING_RATE * 5
"""Speech without a pause for thought that earns a sign of attention."""
LEAST_COMMIT = HEARING_RATE // 10


class Turns:
    def __init__(self, parts: Parts, responder: Responder, config: SessionConfig) -> None:
        self._tasks, self._history, self._decided = parts.tasks, parts.history, parts.decided
        self._engines, self._send, self._floor, self._stir = parts.engines, parts.send, parts.floor, parts.stir
        self._transcripts, self._drafting = parts.transcripts, parts.drafting
        self._overhearing, self._answers, self._responder = parts.overhearing, parts.answers, responder
        self.hearing = Hearing(parts, config, carry_out=self._make_all, note=self._note, judged=self._listen_along)
        self._ear = self.hearing.ear
        self._preparation = Preparation(parts, self._ear, config, self.hearing.take)
        self._utterance: Utterance | None = None
        self._overlaps = Overlaps(
            parts, self._ear, self.hearing.lookout, follow=self._follow, leave=self._stop_following
        )
        self._following: asyncio.Task[None] | None = None
        self._last_start = 0
        """Where the last turn began, for one that reopens it."""
        self._signalled = 0
        """Where the last sign of attention was given."""

    @property
    def config(self) -> SessionConfig:
        return self._preparation.config

    # --- what may be asked for

    async def commit(self) -> None:
        """Make what was heard since the last turn an item, whatever the floor thinks. Raises RequestError.

        The reply, if one is wanted, is asked for with `respond`.
        """
        await self.hearing.caught_up()
        end = self._ear.tape.end
        utterance = self._utterance or self._new_utterance(max(self._ear.since, self._ear.tape.start))
        if end - utterance.start < LEAST_COMMIT:
            raise RequestError(
                "The input audio buffer holds less than 100 ms of sound. Append audio before you commit it.",
                code="input_audio_buffer_commit_empty",
            )
        detected = self._utterance is not None
        self._floor.release()
        self._stir()
        self._preparation.drop()
        item = await self._end_turn(utterance, end, detected=detected)
        self._transcripts.conclude(item, utterance, self._transcripts.recognise(utterance.final(end)))
        self._ear.begin(end)

    async def clear(self) -> None:
        """Throw away the sound that is not committed yet."""
        await self.hearing.caught_up()
        self._release()
        self._ear.begin(self._ear.tape.end)
        await self._send(InputCleared())

    def configure(self, config: SessionConfig) -> None:
        """Behave differently from the next decision on."""
        old, self._preparation.config = self.config, config
        self.hearing.configure(config)
        self._floor.policy, self._floor.idle_timeout_ms = config.turn, config.manners.idle_timeout_ms
        if config.turn.detection is None and old.turn.detection is not None:
            self._release()

    # --- what the floor decides

    def _note(self, samples: Samples) -> None:
        """A hop was heard: have the words recognised where they would now tell something."""
        if self._floor.holder is Holder.USER and self._utterance is not None:
            if self._overhearing.user(samples):
                self._utterance.hurry()
        elif self._floor.holder is Holder.OVERLAP:
            self._overlaps.ripen()

    async def _make_all(self, moves: list[Move]) -> None:
        for move in moves:
            await self._decided(*described(move))
            await self._make(move)
        if moves:
            self._stir()

    async def _make(self, move: Move) -> None:
        match move:
            case Ducked() | Held() | OverlapEnded():
                await self._overlaps.make(move, self.config)
            case TurnStarted():
                await self._start_turn(move)
            case Hushed(hush, voice_end):
                self._pause(hush, voice_end)
            case Resumed():
                self._go_on()
            case TurnEnded(_, voice_end):
                if self._utterance is not None:
                    await self._answer_turn(self._utterance, voice_end)
            case Idled(start, end):
                await self._idle(start, end)

    # --- the user's turn

    async def _start_turn(self, started: TurnStarted) -> None:
        utterance = self._overlaps.take() or self._follow(started.at)
        self._overhearing.settle()
        utterance.listen_for(hint_of(self.config.transcription))
        utterance.start = utterance.judged_from = started.at
        utterance.interrupted = started.barge_in
        if started.reopened:
            utterance.judged_from = max(self._last_start, self._ear.tape.start)
        self._utterance = utterance
        await self._send(SpeechStarted(utterance.item_id, milliseconds(started.at)))
        if self.config.turn.interrupt_response:
            self._answers.yield_floor("reopened" if started.reopened else "barge_in")

    def _new_utterance(self, at: int) -> Utterance:
        options = self.config.transcription
        item_id = new_id("item")

        async def tell(delta: str) -> None:
            await self._send(TranscriptGrew(item_id, delta))

        hint = hint_of(options)
        return Utterance(item_id, at, self._ear, self._engines.stt, hint, tell if options else None, self._guessed)

    def _follow(self, at: int) -> Utterance:
        """Recognise along what is said from there on."""
        self._stop_following()
        utterance = self._new_utterance(at)
        self._following = self._tasks.create_task(utterance.follow())
        self._preparation.read_along(utterance.item_id)
        return utterance

    def _guessed(self, heard: Transcription, until: int) -> None:
        """A partial pass heard these words up to the position `until`."""
        if not self._overlaps.note(Words(heard.text, until, heard.confidence)):
            self._preparation.note(heard.text)

    def _pause(self, hush: int, voice_end: int) -> None:
        """The user may be done."""
        if self._utterance is not None:
            self._utterance.paused = True
            self._preparation.pause(self._utterance, hush, voice_end)

    def _go_on(self) -> None:
        """The user was not done."""
        self._preparation.drop()
        if self._utterance is not None:
            self._utterance.paused = False

    # --- turns

    async def _end_turn(self, utterance: Utterance, end: int, *, detected: bool) -> Message:
        """The sound becomes an item of the conversation."""
        if utterance.end():
            self._following = None  # its words are waited for
        self._stop_following()
        self._utterance = None
        item = Message(utterance.item_id, "user", (Speech(None, utterance.sound(end)),))
        previous = self._history.add(item)
        if detected:
            await self._send(SpeechStopped(item.id, milliseconds(end)))
        await self._send(InputCommitted(item, previous))
        return item

    async def _answer_turn(self, utterance: Utterance, voice_end: int) -> None:
        """The user is done: the words are told as they are known, the draft becomes the answer."""
        ended = asyncio.get_running_loop().time()
        spoken_until = ended - (self._ear.tape.end - voice_end) / HEARING_RATE
        draft, tally = self._preparation.take(utterance, voice_end)
        self._last_start = utterance.judged_from
        assert draft.hearing is not None, "a pause comes before the end, and has its words recognised"  # noqa: S101
        stale = draft.basis != self._drafting.basis(self.config.reply)
        counts_silence = isinstance(self.config.turn.detection, ServerVad)  # the contract's `audio_end_ms` does
        end = self._floor.now if counts_silence else min(self._floor.now, voice_end + TAIL)
        item = await self._end_turn(utterance, end, detected=True)
        concluding = self._transcripts.conclude(item, utterance, draft.hearing)
        self._ear.begin(end)
        if stale or not self.config.turn.create_response:
            await draft.drop_reply()
        if not self.config.turn.create_response:
            return
        self._responder.answer(
            Taken(
                draft,
                tally,
                concluding,
                utterance.guess or Transcription(""),
                voiced=voice_end - utterance.start,
                spoken_until=spoken_until,
                ended=ended,
                interrupted=utterance.interrupted,
            ),
            self.config,
        )

    def _listen_along(self, judged: Judgement) -> None:
        """A brief sign of attention in a pause of somebody who clearly goes on."""
        utterance = self._utterance
        if utterance is None or not self.config.manners.listening_signals or self._answers.busy:
            return
        spoken = self._floor.now - max(utterance.start, self._signalled)
        if judged.p_done > CLEARLY_UNDONE or spoken < SIGNAL_EVERY or self._floor.holder is not Holder.PAUSE:
            return
        self._signalled = self._floor.now
        self._responder.nod(self.config.reply)

    async def _idle(self, start: int, end: int) -> None:
        item = Message(new_id("item"), "user", (Speech("", self._ear.tape.cut(start, end)),))
        await self._send(IdleTimeout(item.id, milliseconds(start), milliseconds(end)))
        await self._send(InputCommitted(item, self._history.add(item)))
        if not self._answers.busy:
            self._responder.ask_whether_there(self.config.reply)

    def _release(self) -> None:
        """Nobody has the floor, and no turn is under way."""
        self._floor.release()
        self._stir()
        self._preparation.drop()
        self._stop_following()
        self._overlaps.take()
        self._utterance = None

    def _stop_following(self) -> None:
        if self._following is not None:
            self._following.cancel()
            self._following = None
        self._preparation.stop()
