"""Answers to what the floor gives: a turn of the user, a long silence, a pause to nod in.

Decides what comes before an answer (a word for which nobody has to think), instead of it (silence where somebody else
was spoken to, a question where nothing was understood), and when all else fails (an apology).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from secrets import randbelow

from vivavoce.audio.pcm import Pcm
from vivavoce.conversation.addressing import addressed_elsewhere
from vivavoce.conversation.config import PERSONA, Manners, ReplyOptions, ResponseRequest, SessionConfig
from vivavoce.conversation.events import Latency
from vivavoce.conversation.opener import opener
from vivavoce.errors import TurnError
from vivavoce.ports import HEARING_RATE, Transcription
from vivavoce.session.accounts import TOKENS_PER_SECOND_IN, Marks, since
from vivavoce.session.answer import ANSWER_WITHIN, Answer, too_slow
from vivavoce.session.answers import Answers
from vivavoce.session.draft import Draft, Drafting, Tally
from vivavoce.session.phrases import Opened, Phrasebook
from vivavoce.session.prepared import Prepared, Stream
from vivavoce.session.reply import Piece, Spoken
from vivavoce.session.sayings import APOLOGY, DID_NOT_CATCH, LISTENING, MAY_I, ONE_MOMENT
from vivavoce.session.transcripts import Heard, Transcripts

WORTH_AN_OPENER = 0.25
"""Seconds of usual wait from which an answer gets an opener: shorter ones need none."""
LONG_WAIT = 1.0
"""Seconds of usual wait above which short phrases get one, too."""
CERTAINLY_WORDS = 1.5
"""Seconds of voice that surely hold words enough for an opener, where no pass had time to hear them."""
IDLE_CUE = "The user has been silent for a while. In one short sentence, ask whether they are still there."


@dataclass(frozen=True, slots=True)
class Taken:
    """A turn of the user that is over. `spoken_until`, `ended`: loop times of its last voice and of the decision;
    `voiced`: samples at HEARING_RATE; `guess`: the words that are known now; `concluding`: the final ones."""

    draft: Draft
    tally: Tally
    concluding: asyncio.Task[Heard]
    guess: Transcription
    voiced: int
    spoken_until: float
    ended: float
    interrupted: bool


class Responder:
    def __init__(
        self,
        tasks: asyncio.TaskGroup,
        answers: Answers,
        drafting: Drafting,
        transcripts: Transcripts,
        phrases: Phrasebook,
        decided: Callable[[str, str], Awaitable[None]],
    ) -> None:
        """`decided`: told of decisions about the turn, with their reasons."""
        self._tasks, self._answers, self._drafting = tasks, answers, drafting
        self._transcripts, self._phrases, self._decided = transcripts, phrases, decided
        self.consent: Callable[[Answer, str], Awaitable[Stream[Piece] | None]] = _no_consent
        """What a turn leads to that says yes or no to a question about a tool; None: it is none of these."""
        self.is_waiting: Callable[[], bool] = lambda: False
        """The user waits for the result of something."""
        self._language = "en"
        """In which the phrases were rendered last; in English as soon as the session begins."""
        self._turns = randbelow(6)  # which opener comes first
        self._usual_wait = 1.0
        """Seconds from the end of a turn to the first sound of an answer made for it."""

    def answer(self, turn: Taken, config: SessionConfig) -> None:
        """Start the answer to a turn: its draft, with what comes before or instead of it."""
        answer = self._answers.prepare(ResponseRequest(config.reply), "end_of_turn")
        account = answer.account
        account.since, account.marks = turn.spoken_until, turn.draft.marks
        account.input_audio_tokens = turn.voiced * TOKENS_PER_SECOND_IN // HEARING_RATE
        account.turn_timed = lambda latency: self._timed(turn, account.marks, latency)
        account.draft = lambda: turn.tally.account(turn.draft, turn.ended)
        answer.apologise = lambda: self._say(APOLOGY, config.reply)
        draft = turn.draft
        prepared = draft if draft.pieces is not None else self._drafting.answer(answer.request, draft.marks)

        async def answered() -> Stream[Piece] | None:
            heard = await asyncio.shield(turn.concluding)
            self._speak_as_they_do(config.reply)
            if heard.trouble is not None:
                return self._failed(heard.trouble)
            if not heard.words.text:
                return None
            if config.manners.ignore_side_talk and addressed_elsewhere(heard.words.text):
                await self._decided("remain_silent", "addressed_elsewhere")
                answer.reason = "remain_silent"
                return Prepared.empty(self._tasks)
            return await self.consent(answer, heard.words.text) or prepared

        async def answered_or_asked() -> Stream[Piece]:
            return await answered() or self._prepare(DID_NOT_CATCH, config.reply)

        async def choose() -> Stream[Piece] | None:
            opened = await self._opener(turn, prepared, config)
            if opened is not None:
                account.marks.opener = asyncio.get_running_loop().time()
                return Opened(*opened, answered_or_asked)
            return await (answered_or_asked() if turn.interrupted else answered())

        self._answers.start(answer, prepared, lambda: self._in_time(choose))

    async def _in_time(self, choose: Callable[[], Awaitable[Stream[Piece] | None]]) -> Stream[Piece] | None:
        """What `choose()` finds; where the recogniser hangs, nothing but an error."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                return await choose()
        except TimeoutError:
            return self._failed(too_slow())

    def _failed(self, trouble: TurnError) -> Prepared[Piece]:
        """Nothing but an error, for which the answer apologises."""
        return Prepared(self._tasks, _raised(trouble), depth=1)

    def _speak_as_they_do(self, options: ReplyOptions) -> None:
        """Have the phrases at hand in the language of the talk, once it is known."""
        language = self._transcripts.language
        if language is not None and language != self._language:
            self._language = language
            self._tasks.create_task(self._phrases.render(options, language))

    def nod(self, options: ReplyOptions) -> None:
        """A brief sign of attention, beside the conversation."""
        request = ResponseRequest(options, in_conversation=False, metadata={"vivavoce": "listening"})
        self._answers.start(self._answers.prepare(request, "listening"), self._prepare(LISTENING, options))

    def one_moment(self, options: ReplyOptions) -> AsyncGenerator[Piece, None]:
        """What was asked for takes longer."""
        return self._say(ONE_MOMENT, options)

    def may_i(self, tool: str, options: ReplyOptions) -> AsyncGenerator[Piece, None]:
        """Ask whether a tool may be used."""
        name = tool.replace("_", " ").replace("-", " ")
        return self._say({language: text.format(tool=name) for language, text in MAY_I.items()}, options)

    def ask_whether_there(self, options: ReplyOptions) -> None:
        """After a long silence, which those who wait for something keep."""
        if self.is_waiting():
            return
        request = ResponseRequest(options)
        answer = self._answers.prepare(request, "idle")
        self._answers.start(answer, self._drafting.answer(request, answer.account.marks, cue=IDLE_CUE))

    def _prepare(self, phrase: Mapping[str, str], options: ReplyOptions) -> Prepared[Piece]:
        return Prepared(self._tasks, self._say(phrase, options), depth=1)

    async def _say(self, phrase: Mapping[str, str], options: ReplyOptions) -> AsyncGenerator[Piece, None]:
        """A phrase of our own in the user's language: as it was rendered beforehand, so that it comes at once even
        from a server that is overwhelmed; made now otherwise."""
        language = self._transcripts.language or "en"
        text = phrase.get(language, phrase["en"])
        sound = None if options.modality == "text" else self._phrases.sound(text, options)
        if sound is not None:
            yield Spoken(text, sound)
            return
        async for piece in self._drafting.say(text, options, language):
            yield piece

    async def _opener(
        self, turn: Taken, prepared: Draft | Prepared[Piece], config: SessionConfig
    ) -> tuple[str, Pcm] | None:
        """A word for which one need not think, to begin an answer that takes longer: at once, or where too little was
        known to choose one, as soon as the words are. None: the answer is there, or none fits."""
        self._turns += 1
        if prepared.ready:
            return None
        if opened := self._fitting(turn.guess, turn.voiced, config.manners, config.reply):
            return opened
        heard = (await asyncio.shield(turn.concluding)).words
        if prepared.ready or not heard.text:
            return None
        return self._fitting(heard, turn.voiced, config.manners, config.reply)

    def _fitting(
        self, said: Transcription, voiced: int, manners: Manners, options: ReplyOptions
    ) -> tuple[str, Pcm] | None:
        ours = options.instructions == PERSONA and not options.tools
        if manners.openers == "off" or (manners.openers == "auto" and not ours) or options.modality == "text":
            return None
        words = said.text
        if self._usual_wait < WORTH_AN_OPENER or (manners.ignore_side_talk and addressed_elsewhere(words)):
            return None
        if not words and voiced < CERTAINLY_WORDS * HEARING_RATE:
            return None
        language = said.language or self._transcripts.language
        word = opener(words or None, language, self._turns, slow=self._usual_wait > LONG_WAIT)
        sound = self._phrases.sound(word, options) if word else None
        return (word, sound) if word and sound else None

    def _timed(self, turn: Taken, marks: Marks, latency: Latency) -> Latency:
        """`latency`, with what only a turn has. Its answer may have been made before it was over: it was not heard."""
        heard, ended = turn.concluding, since(turn.spoken_until, turn.ended)
        if marks.first_sound is not None:
            self._usual_wait += 0.3 * (max(0.0, marks.first_sound - turn.ended) - self._usual_wait)
        known = heard.result().at if heard.done() and not heard.cancelled() else None
        sounded = None if marks.first_sound is None else max(marks.first_sound, turn.ended)
        return replace(
            latency,
            endpoint=ended,
            transcript=since(turn.spoken_until, known),
            first_sound=since(turn.spoken_until, sounded),
        )


async def _raised(trouble: TurnError) -> AsyncGenerator[Piece, None]:
    raise trouble
    yield


async def _no_consent(answer: Answer, words: str) -> None:
    """Nothing is ever asked."""
