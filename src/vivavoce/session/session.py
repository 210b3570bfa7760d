"""The asyncio shell of one conversation: owns its tasks, feeds the floor, carries out the floor's moves.

    hear ─▶ inbox ─▶ ear ─▶ floor ─▶ moves ─▶ utterance, draft ─▶ answers ─▶ mouth ─▶ send

What a façade may ask for are the public methods; what happens comes back through `send`, in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from vivavoce.audio.pcm import Pcm, join
from vivavoce.conversation.config import ResponseRequest, SemanticVad, SessionConfig
from vivavoce.conversation.events import (
    Event,
    IdleTimeout,
    InputCleared,
    InputCommitted,
    ItemAdded,
    ItemDeleted,
    ItemTruncated,
    Latency,
    SpeechStarted,
    SpeechStopped,
    TranscriptGrew,
)
from vivavoce.conversation.floor import Floor, Holder, Hushed, Idled, Move, Resumed, TurnEnded, TurnStarted
from vivavoce.conversation.history import History
from vivavoce.conversation.items import Item, Message, Speech, new_id
from vivavoce.errors import RequestError, SessionError, TurnError
from vivavoce.ports import HEARING_RATE, HOP, Engines, TranscriptionHint
from vivavoce.session.answers import Answers
from vivavoce.session.draft import Draft, Drafting
from vivavoce.session.ear import Ear
from vivavoce.session.reply import Marks
from vivavoce.session.transcripts import Heard, Transcripts
from vivavoce.session.utterance import Utterance

INBOX = 64  # frames; a client that sends faster than the ear hears waits at its socket
TAIL = HEARING_RATE * 3 // 10
"""Sound kept after the voice ended: fading ends of words."""
BACKLOG = HEARING_RATE * 2
"""Sound kept while nobody speaks: the padding of the next turn."""
LONGEST_BUFFER = HEARING_RATE * 20 * 60
"""Push-to-talk sound that nobody commits is kept for 20 minutes."""
LEAST_COMMIT = HEARING_RATE // 10
JUDGED_SILENCE = 0.2  # s; Smart Turn was trained on turns that end in about this much silence
INPUT_TOKENS_PER_SECOND = 10


class _Closed(Exception):
    """Ends the task group of a session that was closed."""


@dataclass(frozen=True, slots=True)
class _Judgement:
    """What the turn detector thinks of one pause."""

    hush: int
    p_done: float


class Session:
    def __init__(
        self,
        engines: Engines,
        config: SessionConfig,
        send: Callable[[Event], Awaitable[None]],
        *,
        on_close: Callable[[], None] = lambda: None,
    ) -> None:
        self.id = new_id("sess")
        self.config = config
        self.history = History()
        self._engines, self._send, self._on_close = engines, send, on_close
        self._closing = asyncio.Event()
        self._inbox: asyncio.Queue[Pcm | _Judgement] = asyncio.Queue(INBOX)
        self._tasks = asyncio.TaskGroup()
        self._ear = Ear(engines.vad.open())
        self._floor = Floor(config.turn)
        self._transcripts = Transcripts(self._tasks, self.history, engines, send)
        self._drafting = Drafting(self.id, self._tasks, self.history, engines, self._transcripts)
        self._answers = Answers(self._tasks, self.history, self._floor, send)
        self._utterance: Utterance | None = None
        self._following: asyncio.Task[None] | None = None
        self._draft: Draft | None = None

    # --- life

    async def run(self) -> None:
        """Serve until `close()`; every task started here has ended on return. Raises SessionError."""
        try:
            async with self._tasks:
                self._tasks.create_task(self._listen(), name=f"{self.id} ear")
                self._drafting.warm(self.config.reply)
                await self._closing.wait()
                raise _Closed
        except ExceptionGroup as group:
            _raise_trouble(group)
        finally:
            self._engines.llm.forget(self.id)
            self._on_close()

    async def close(self) -> None:
        self._closing.set()

    # --- what a façade may ask for

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

    async def configure(self, config: SessionConfig) -> None:
        """Behave differently from the next decision on."""
        old, self.config = self.config, config
        self._floor.policy = config.turn
        if config.turn.detection is None and old.turn.detection is not None:
            self._release()
        if config.reply != old.reply:
            self._drafting.warm(config.reply)

    async def add(self, item: Item, after: str | None = None) -> None:
        """Put an item the client made into the conversation; speech in it is recognised. Raises RequestError."""
        previous = self.history.add(item, after)
        await self._send(ItemAdded(item, previous))
        if isinstance(item, Message):
            self._transcripts.hear_item(item)

    async def delete(self, item_id: str) -> None:
        """Raises RequestError."""
        self.history.delete(item_id)
        self._answers.forget(item_id)
        await self._send(ItemDeleted(item_id))

    async def truncate(self, item_id: str, content_index: int, audio_end_ms: int) -> None:
        """Forget what the user did not hear of a spoken answer. Raises RequestError."""
        self._answers.truncate(item_id, content_index, audio_end_ms)
        await self._send(ItemTruncated(item_id, audio_end_ms))

    def item(self, item_id: str) -> Item:
        """An item with its sound, as far as that is kept. Raises RequestError."""
        return self.history.get(item_id)

    async def respond(self, request: ResponseRequest) -> str:
        """Start a response; returns its id. Raises RequestError while another one writes to the conversation."""
        self._answers.refuse_second(request)
        answer = self._answers.prepare(request, "requested")
        self._answers.start(answer, self._drafting.answer(request, Marks()))
        return answer.id

    async def cancel(self, response_id: str | None = None) -> None:
        """Stop a response (None: the one of the conversation) and wait for its end. Raises RequestError."""
        await self._answers.cancel(response_id)

    # --- hearing

    async def _listen(self) -> None:
        while True:
            heard = await self._inbox.get()
            try:
                if isinstance(heard, _Judgement):
                    await self._make_all(self._floor.judge(heard.hush, heard.p_done))
                else:
                    await self._take(heard)
            except TurnError as error:
                raise SessionError(f"Hearing failed: {error}") from error
            finally:
                self._inbox.task_done()

    async def _take(self, sound: Pcm) -> None:
        self._ear.take(sound)
        while voices := await self._ear.judge():
            for voice in voices:
                await self._hop(voice)

    async def _hop(self, voice: float) -> None:
        moves = self._floor.hear(voice)
        self._ear.note(voice, self._floor.now)
        await self._make_all(moves)
        if self.config.turn.detection is None:
            self._ear.tape.forget(self._floor.now - LONGEST_BUFFER)
        elif self._floor.holder is Holder.NOBODY:
            self._ear.tape.forget(self._floor.now - BACKLOG)

    async def _make_all(self, moves: list[Move]) -> None:
        for move in moves:
            await self._make(move)

    async def _make(self, move: Move) -> None:
        match move:
            case TurnStarted(at, _):
                await self._start_turn(at)
            case Hushed(hush, voice_end):
                self._pause(hush, voice_end)
            case Resumed():
                self._drop_draft()
                if self._utterance is not None:
                    self._utterance.paused = False
            case TurnEnded(_, voice_end):
                if self._utterance is not None:
                    await self._answer_turn(self._utterance, voice_end)
            case Idled(start, end):
                await self._idle(start, end)

    async def _start_turn(self, at: int) -> None:
        self._utterance = self._new_utterance(at)
        self._following = self._tasks.create_task(self._utterance.follow())
        await self._send(SpeechStarted(self._utterance.item_id, _ms(at)))
        if self.config.turn.interrupt_response:
            self._answers.yield_floor()

    def _new_utterance(self, at: int) -> Utterance:
        options = self.config.transcription
        hint = TranscriptionHint(options.language, options.prompt) if options else TranscriptionHint()
        item_id = new_id("item")

        async def tell(delta: str) -> None:
            await self._send(TranscriptGrew(item_id, delta))

        return Utterance(item_id, at, self._ear, self._engines.stt, hint, tell if options else None)

    def _pause(self, hush: int, voice_end: int) -> None:
        """The user may be done: prepare the reply now, and ask what the pause sounds like."""
        if self._utterance is None:
            return
        self._utterance.paused = True
        self._draft = self._new_draft(self._utterance, voice_end)
        if isinstance(self.config.turn.detection, SemanticVad):
            speech = self._ear.tape.cut(self._utterance.start, voice_end + HOP)
            self._tasks.create_task(self._judge(hush, speech))

    async def _judge(self, hush: int, speech: Pcm) -> None:
        silence = Pcm.silence(JUDGED_SILENCE, speech.rate)
        try:
            p_done = await self._engines.turn.p_done(join([speech, silence], speech.rate))
        except TurnError:
            return  # the floor's patience decides alone
        await self._inbox.put(_Judgement(hush, p_done))  # in line with the sound, so that one task moves the floor

    def _new_draft(self, utterance: Utterance, voice_end: int) -> Draft:
        hearing = self._transcripts.recognise(utterance.final(voice_end + TAIL))
        reply_too = self.config.turn.create_response and not self._answers.busy
        return self._drafting.draft(hearing, self.config.reply, reply_too=reply_too)

    def _drop_draft(self) -> None:
        draft, self._draft = self._draft, None
        if draft is not None:
            self._tasks.create_task(draft.drop())  # the ear goes on while the engines stop

    # --- turns

    async def _end_turn(self, utterance: Utterance, end: int, *, detected: bool) -> Message:
        """The sound becomes an item of the conversation."""
        self._stop_following()
        self._utterance = None
        item = Message(utterance.item_id, "user", (Speech(None, utterance.sound(end)),))
        previous = self.history.add(item)
        if detected:
            await self._send(SpeechStopped(item.id, _ms(end)))
        await self._send(InputCommitted(item, previous))
        return item

    async def _answer_turn(self, utterance: Utterance, voice_end: int) -> None:
        """The user is done: the words are told as they are known, the draft becomes the answer."""
        loop = asyncio.get_running_loop()
        spoken_until = loop.time() - (self._ear.tape.end - voice_end) / HEARING_RATE
        ended = loop.time()
        draft = self._draft or self._new_draft(utterance, voice_end)
        self._draft = None
        stale = draft.basis != self._drafting.basis(self.config.reply)
        item = await self._end_turn(utterance, min(self._floor.now, voice_end + TAIL), detected=True)
        concluding = self._transcripts.conclude(item, utterance, draft.hearing)
        self._ear.begin(min(self._floor.now, voice_end + TAIL))
        if stale or not self.config.turn.create_response:
            await draft.drop_reply()
        if not self.config.turn.create_response:
            return
        request = ResponseRequest(self.config.reply)
        answer = self._answers.prepare(request, "end_of_turn")
        answer.latency = lambda: _latency(spoken_until, ended, concluding, draft.marks)
        answer.input_audio_tokens = (voice_end - utterance.start) * INPUT_TOKENS_PER_SECOND // HEARING_RATE

        async def something_was_said() -> bool:
            heard = await asyncio.shield(concluding)
            return bool(heard.words.text or heard.trouble)

        self._answers.start(answer, draft.pieces or self._drafting.answer(request, draft.marks), something_was_said)

    async def _idle(self, start: int, end: int) -> None:
        item = Message(new_id("item"), "user", (Speech("", self._ear.tape.cut(start, end)),))
        await self._send(IdleTimeout(item.id, _ms(start), _ms(end)))
        await self._send(InputCommitted(item, self.history.add(item)))
        if not self._answers.busy:
            request = ResponseRequest(self.config.reply)
            answer = self._answers.prepare(request, "idle")
            self._answers.start(answer, self._drafting.answer(request, Marks()))

    def _release(self) -> None:
        """Nobody has the floor, and no turn is under way."""
        self._floor.release()
        self._drop_draft()
        self._stop_following()
        self._utterance = None

    def _stop_following(self) -> None:
        if self._following is not None:
            self._following.cancel()
            self._following = None


def _raise_trouble(group: ExceptionGroup[Exception]) -> None:
    """A session that was closed ends quietly; one that failed, with its own error."""
    _, rest = group.split(_Closed)
    if rest is None:
        return
    trouble, bugs = rest.split(SessionError)
    if trouble is None or bugs is not None:
        raise rest
    error: BaseException = trouble
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    raise error


def _ms(position: int) -> int:
    return position * 1000 // HEARING_RATE


def _latency(spoken_until: float, ended: float, concluding: asyncio.Task[Heard], marks: Marks) -> Latency:
    def since(moment: float | None) -> float | None:
        return None if moment is None else round((moment - spoken_until) * 1000, 1)

    heard_at = concluding.result().at if concluding.done() and not concluding.cancelled() else None
    sounded = None if marks.first_sound is None else max(marks.first_sound, ended)
    return Latency(since(ended), since(heard_at), since(marks.first_token), since(marks.first_clause), since(sounded))
