"""The turns of one conversation: what is heard moves the floor, and the floor's moves are carried out.

hear ─▶ inbox ─▶ ear ─▶ floor ─▶ moves ─▶ utterance, draft ─▶ answers
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from vivavoce.audio.pcm import Pcm, join
from vivavoce.audio.prosody import fall, glide
from vivavoce.conversation.config import SemanticVad, SessionConfig
from vivavoce.conversation.endpointing import Evidence, p_done
from vivavoce.conversation.events import (
    Event,
    IdleTimeout,
    InputCleared,
    InputCommitted,
    SpeechStarted,
    SpeechStopped,
    TranscriptGrew,
    TurnDecided,
)
from vivavoce.conversation.expected_answer import expected_answer
from vivavoce.conversation.floor import (
    NOTHING_OVERHEARD,
    Ducked,
    Floor,
    Held,
    Holder,
    Hushed,
    Idled,
    Move,
    Overheard,
    OverlapEnded,
    Resumed,
    TurnEnded,
    TurnStarted,
    described,
)
from vivavoce.conversation.history import History
from vivavoce.conversation.items import Message, Speech, new_id
from vivavoce.errors import RequestError, SessionError, TurnError
from vivavoce.ports import HEARING_RATE, HOP, Engines, Transcription
from vivavoce.session.answers import Answers
from vivavoce.session.anticipation import Anticipation
from vivavoce.session.draft import Draft, Drafting, Tally, same_words
from vivavoce.session.ear import Ear
from vivavoce.session.overhearing import Overhearing
from vivavoce.session.responder import Responder, Taken
from vivavoce.session.transcripts import Transcripts, hint_of
from vivavoce.session.utterance import Utterance

INBOX = 64  # frames; a client that sends faster than the ear hears waits at its socket
TAIL = HEARING_RATE * 3 // 10
"""Sound kept after the voice ended: fading ends of words."""
BACKLOG = HEARING_RATE * 8
"""Sound kept while nobody speaks: the padding of the next turn, and the turn that the next one may reopen."""
BEFORE_VOICE = HEARING_RATE * 3 // 10
DUCK_DB = -14.0
CLEARLY_UNDONE = 0.5
SIGNAL_EVERY = HEARING_RATE * 5
"""Speech without a pause for thought that earns a sign of attention."""
LONGEST_BUFFER = HEARING_RATE * 20 * 60
"""Push-to-talk sound that nobody commits is kept for 20 minutes."""
LEAST_COMMIT = HEARING_RATE // 10
JUDGED_SILENCE = 0.1
"""Seconds of it that Smart Turn hears behind the voice: it was trained on about 0.2, and separates real pauses better
with half of that (area under the curve 0.83 against 0.81)."""
WORTH_DRAFTING = 0.2
"""Probability of the end from which the reply is drafted at the first quiet hop."""


@dataclass(frozen=True, slots=True)
class _Judgement:
    """What the turn detector thinks of one pause."""

    hush: int
    p_done: float


@dataclass(frozen=True, slots=True)
class Parts:
    """What the parts of one conversation share."""

    tasks: asyncio.TaskGroup
    history: History
    engines: Engines
    send: Callable[[Event], Awaitable[None]]
    floor: Floor
    transcripts: Transcripts
    drafting: Drafting
    overhearing: Overhearing
    answers: Answers
    stir: Callable[[], None]
    """To be called when the floor may have become free."""

    async def decided(self, decision: str, reason: str) -> None:
        """Tell of a decision about the floor."""
        await self.send(TurnDecided(decision, reason, _ms(self.floor.now)))


class Turns:
    def __init__(self, parts: Parts, responder: Responder, config: SessionConfig) -> None:
        self.config = config
        self._tasks, self._history, self._decided = parts.tasks, parts.history, parts.decided
        self._engines, self._send, self._floor, self._stir = parts.engines, parts.send, parts.floor, parts.stir
        self._transcripts, self._drafting = parts.transcripts, parts.drafting
        self._overhearing, self._answers, self._responder = parts.overhearing, parts.answers, responder
        self._inbox: asyncio.Queue[Pcm | _Judgement] = asyncio.Queue(INBOX)
        self._ear = Ear(parts.engines.vad.open())
        self._ear.reduce_noise(config.noise_reduction)
        self._utterance: Utterance | None = None
        self._overlapping: Utterance | None = None
        """A voice over the assistant's that may become a turn."""
        self._following: asyncio.Task[None] | None = None
        self._anticipation: Anticipation | None = None
        self._draft: Draft | None = None
        self._tally = Tally()
        self._last_start = 0
        """Where the last turn began, for one that reopens it."""
        self._signalled = 0
        """Where the last sign of attention was given."""

    async def listen(self) -> None:
        """Hear for ever. Raises SessionError when hearing fails."""
        while True:
            heard = await self._inbox.get()
            try:
                if isinstance(heard, _Judgement):
                    await self._make_all(self._floor.judge(heard.hush, heard.p_done))
                    self._listen_along(heard)
                else:
                    await self._take(heard)
            except TurnError as error:
                raise SessionError(f"Hearing failed: {error}") from error
            finally:
                self._inbox.task_done()

    # --- what may be asked for

    async def hear(self, sound: Pcm) -> None:
        """Take the next sound of the user, at any rate. Waits while the ear is behind."""
        await self._inbox.put(sound)

    async def commit(self) -> None:
        """Make what was heard since the last turn an item, whatever the floor thinks. Raises RequestError.

        The reply, if one is wanted, is asked for with `respond`.
        """
        await self._inbox.join()
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
        self._drop_draft()
        item = await self._end_turn(utterance, end, detected=detected)
        self._transcripts.conclude(item, utterance, self._transcripts.recognise(utterance.final(end)))
        self._ear.begin(end)

    async def clear(self) -> None:
        """Throw away the sound that is not committed yet."""
        await self._inbox.join()
        self._release()
        self._ear.begin(self._ear.tape.end)
        await self._send(InputCleared())

    def configure(self, config: SessionConfig) -> None:
        """Behave differently from the next decision on."""
        old, self.config = self.config, config
        self._ear.reduce_noise(config.noise_reduction)
        self._floor.policy, self._floor.idle_timeout_ms = config.turn, config.manners.idle_timeout_ms
        if config.turn.detection is None and old.turn.detection is not None:
            self._release()

    # --- hearing

    async def _take(self, sound: Pcm) -> None:
        self._ear.take(sound)
        while voices := await self._ear.judge():
            for voice in voices:
                await self._hop(voice)

    async def _hop(self, voice: float) -> None:
        at = self._floor.now
        moves = self._floor.hear(voice, self._overhear(at, voice))
        self._ear.note(voice, self._floor.now)
        await self._make_all(moves)
        if self._floor.holder is Holder.USER and self._utterance is not None:
            if self._overhearing.user(self._ear.tape.cut(at, at + HOP).samples):
                self._utterance.hurry()
        elif self._floor.holder is Holder.OVERLAP and self._overlapping is not None:
            if self._floor.overlap_ripens:
                self._overlapping.hurry()
        if self.config.turn.detection is None:
            self._ear.tape.forget(self._floor.now - LONGEST_BUFFER)
        elif self._floor.holder is Holder.NOBODY:
            self._ear.tape.forget(self._floor.now - BACKLOG)

    def _overhear(self, at: int, voice: float) -> Overheard:
        """What else is known of a hop, where the floor would ask: it costs more than all the rest of hearing."""
        if not self._floor.assistant_audible:
            return NOTHING_OVERHEARD
        samples, now = self._ear.tape.cut(at, at + HOP).samples, asyncio.get_running_loop().time()
        if self._floor.weighs(voice):
            return self._overhearing.hop(samples, now)
        self._overhearing.note(samples, now)
        return NOTHING_OVERHEARD

    async def _make_all(self, moves: list[Move]) -> None:
        for move in moves:
            await self._decided(*described(move))
            await self._make(move)
        if moves:
            self._stir()

    async def _make(self, move: Move) -> None:
        match move:
            case Ducked() | Held() | OverlapEnded():
                await self._overlap(move)
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

    # --- voices over the assistant's

    async def _overlap(self, move: Ducked | Held | OverlapEnded) -> None:
        managed = self.config.manners.managed_playback
        match move:
            case Ducked(at):
                self._suspect(at)
                if managed:
                    await self._answers.duck(_ms(at), DUCK_DB)
            case Held(at):
                if managed:
                    self._overhearing.held(asyncio.get_running_loop().time())
                    await self._answers.hold(_ms(at))
            case OverlapEnded(what):
                self._dismiss()
                if managed:
                    self._overhearing.resumed(asyncio.get_running_loop().time())
                    await self._answers.resume(_ms(self._floor.now), what)

    def _suspect(self, at: int) -> None:
        """Perhaps the user speaks up: hear what it is."""
        self._overhearing.begin()
        self._overlapping = self._new_utterance(max(self._ear.since, at - BEFORE_VOICE))
        self._follow(self._overlapping)

    def _dismiss(self) -> None:
        """It was no interruption: forget it."""
        self._stop_following()
        self._overlapping = None
        self._overhearing.begin()
        self._ear.begin(self._floor.now)

    # --- the user's turn

    async def _start_turn(self, started: TurnStarted) -> None:
        utterance, self._overlapping = self._overlapping, None
        self._overhearing.begin()
        if utterance is None:
            utterance = self._new_utterance(started.at)
            self._follow(utterance)
        utterance.start = utterance.judged_from = started.at
        utterance.interrupted = started.barge_in
        if started.reopened:
            utterance.judged_from = max(self._last_start, self._ear.tape.start)
        self._utterance, self._tally = utterance, Tally()
        await self._send(SpeechStarted(utterance.item_id, _ms(started.at)))
        if self.config.turn.interrupt_response:
            self._answers.yield_floor("reopened" if started.reopened else "barge_in")

    def _new_utterance(self, at: int) -> Utterance:
        options = self.config.transcription
        item_id = new_id("item")

        async def tell(delta: str) -> None:
            await self._send(TranscriptGrew(item_id, delta))

        hint = hint_of(options)
        return Utterance(item_id, at, self._ear, self._engines.stt, hint, tell if options else None, self._guessed)

    def _follow(self, utterance: Utterance) -> None:
        self._stop_following()
        self._following = self._tasks.create_task(utterance.follow())
        if self.config.turn.create_response:
            self._anticipation = Anticipation(
                self._tasks, self._drafting, utterance.item_id, self.config.reply, self._anticipate
            )

    def _guessed(self, words: str) -> None:
        """A partial pass heard these words."""
        if self._overlapping is not None:
            self._overhearing.words = words
            return
        draft = self._draft
        if draft is not None and draft.hearing is None and not same_words(draft.guess or "", words):
            self._drop_draft()  # the user said more
        if self._anticipation is not None:
            self._anticipation.note(words)

    def _anticipate(self, words: str) -> None:
        """The words so far may be all: prepare the reply before the voice stops."""
        utterance = self._utterance
        if utterance is None or self._draft is not None or self._answers.busy or self._floor.holder is not Holder.USER:
            return
        self._draft = self._drafting.anticipate(utterance.item_id, words, self.config.reply)

    def _pause(self, hush: int, voice_end: int) -> None:
        """The user may be done: prepare the reply now, and ask what the pause sounds like."""
        utterance = self._utterance
        if utterance is None:
            return
        utterance.paused = True
        if self._draft is None:
            self._draft = self._new_draft(utterance, voice_end)
        else:
            hearing = self._transcripts.recognise(utterance.final(voice_end + TAIL))
            self._drafting.confirm(self._draft, hearing)
        if isinstance(self.config.turn.detection, SemanticVad):
            speech = self._ear.tape.cut(utterance.judged_from, voice_end + HOP)
            self._tasks.create_task(self._judge(hush, speech, self._draft))
        else:
            self._draft.worth.set()

    def _go_on(self) -> None:
        """The user was not done."""
        self._drop_draft()
        if self._utterance is not None:
            self._utterance.paused = False

    async def _judge(self, hush: int, speech: Pcm, draft: Draft) -> None:
        """Tell the floor what the pause sounds like, and again when its words are known."""
        silence = Pcm.silence(JUDGED_SILENCE, speech.rate)
        try:
            audio = await self._engines.turn.p_done(join([speech, silence], speech.rate))
        except TurnError:
            draft.worth.set()
            return  # the floor's patience decides alone
        evidence = Evidence(audio, fall(speech), glide(speech), expected=expected_answer(self._last_said()))
        if (p_end := p_done(evidence)) >= WORTH_DRAFTING:
            draft.worth.set()
        await self._inbox.put(_Judgement(hush, p_end))  # in line with the sound: one task moves the floor
        if draft.hearing is None or self._anticipation is None:
            return
        heard = await asyncio.shield(draft.hearing)
        if (text := self._anticipation.p_end(heard.words.text)) is not None:
            await self._inbox.put(_Judgement(hush, p_done(replace(evidence, text=text))))

    def _last_said(self) -> str:
        """The assistant's last words that were heard."""
        said = (
            item for item in reversed(self._history.items) if isinstance(item, Message) and item.role == "assistant"
        )
        last = next(said, None)
        return "" if last is None else last.text

    def _new_draft(self, utterance: Utterance, voice_end: int) -> Draft:
        hearing = self._transcripts.recognise(utterance.final(voice_end + TAIL))
        reply_too = self.config.turn.create_response and not self._answers.busy
        return self._drafting.draft(utterance.item_id, hearing, self.config.reply, reply_too=reply_too)

    def _drop_draft(self) -> None:
        draft, self._draft = self._draft, None
        if draft is not None:
            self._tally.drop(draft)
            self._tasks.create_task(draft.drop())  # the ear goes on while the engines stop

    # --- turns

    async def _end_turn(self, utterance: Utterance, end: int, *, detected: bool) -> Message:
        """The sound becomes an item of the conversation."""
        self._stop_following()
        self._utterance = None
        item = Message(utterance.item_id, "user", (Speech(None, utterance.sound(end)),))
        previous = self._history.add(item)
        if detected:
            await self._send(SpeechStopped(item.id, _ms(end)))
        await self._send(InputCommitted(item, previous))
        return item

    async def _answer_turn(self, utterance: Utterance, voice_end: int) -> None:
        """The user is done: the words are told as they are known, the draft becomes the answer."""
        ended = asyncio.get_running_loop().time()
        spoken_until = ended - (self._ear.tape.end - voice_end) / HEARING_RATE
        draft = self._draft or self._new_draft(utterance, voice_end)
        draft.worth.set()
        self._draft, self._last_start = None, utterance.judged_from
        assert draft.hearing is not None, "a pause comes before the end, and has its words recognised"  # noqa: S101
        stale = draft.basis != self._drafting.basis(self.config.reply)
        end = min(self._floor.now, voice_end + TAIL)
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
                self._tally,
                concluding,
                utterance.guess or Transcription(""),
                voiced=voice_end - utterance.start,
                spoken_until=spoken_until,
                ended=ended,
                interrupted=utterance.interrupted,
            ),
            self.config,
        )

    def _listen_along(self, judged: _Judgement) -> None:
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
        await self._send(IdleTimeout(item.id, _ms(start), _ms(end)))
        await self._send(InputCommitted(item, self._history.add(item)))
        if not self._answers.busy:
            self._responder.ask_whether_there(self.config.reply)

    def _release(self) -> None:
        """Nobody has the floor, and no turn is under way."""
        self._floor.release()
        self._stir()
        self._drop_draft()
        self._stop_following()
        self._utterance = self._overlapping = None

    def _stop_following(self) -> None:
        if self._following is not None:
            self._following.cancel()
            self._following = None
        if self._anticipation is not None:
            self._anticipation.stop()


def _ms(position: int) -> int:
    return position * 1000 // HEARING_RATE
