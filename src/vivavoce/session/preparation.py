"""What is made ready while the user speaks and pauses: at most one draft of the reply, and what the pause sounds like.

words so far ─▶ anticipation ─▶ draft ◀─ pause ─▶ judgement ─▶ floor
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from vivavoce.audio.pcm import Pcm, join
from vivavoce.audio.prosody import fall, glide
from vivavoce.conversation.config import SemanticVad, SessionConfig
from vivavoce.conversation.endpointing import Evidence, is_question, p_done
from vivavoce.conversation.expected_answer import expected_answer
from vivavoce.conversation.floor import Holder
from vivavoce.errors import TurnError
from vivavoce.ports import HEARING_RATE, HOP
from vivavoce.session.anticipation import Anticipation
from vivavoce.session.draft import Draft, Tally, same_words
from vivavoce.session.ear import Ear
from vivavoce.session.parts import Parts
from vivavoce.session.utterance import Utterance

TAIL = HEARING_RATE * 3 // 10
"""Sound kept after the voice ended: fading ends of words."""
JUDGED_SILENCE = 0.1
"""Seconds of it that Smart Turn hears behind the voice: it was trained on about 0.2, and separates real pauses better
with half of that (area under the curve 0.83 against 0.81)."""
USUALLY_READY = 0.5
"""Seconds that a first clause takes at first, before any was made here."""
AHEAD = 1.2
"""A reply is begun so many times the usual before the quiet that would end the turn. Sooner would gain nothing, and
what is begun in a pause that turns out to be short is thrown away."""
LATEST_SHARE = 0.3
"""Of the latest first clause in what is usual."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the turn detector thinks of pause `hush`."""

    hush: int
    p_done: float


class Preparation:
    """For one conversation, turn after turn. `judged` takes what is thought of a pause, perhaps more than once."""

    def __init__(
        self, parts: Parts, ear: Ear, config: SessionConfig, judged: Callable[[Judgement], Awaitable[None]]
    ) -> None:
        self.config = config
        self._tasks, self._history, self._engines, self._floor = parts.tasks, parts.history, parts.engines, parts.floor
        self._transcripts, self._drafting, self._answers = parts.transcripts, parts.drafting, parts.answers
        self._ear, self._judged = ear, judged
        self._anticipation: Anticipation | None = None
        self._draft: Draft | None = None
        self._taken: Draft | None = None
        self._usual = USUALLY_READY
        self._tally = Tally()

    def read_along(self, item_id: str) -> None:
        """Words that may become the item `item_id` are going to be noted, and its drafts counted."""
        self._tally = Tally()
        self._learn()
        if self.config.turn.create_response:
            options = self.config.reply
            self._anticipation = Anticipation(
                self._tasks, self._drafting, item_id, options, lambda words: self._anticipate(item_id, words)
            )

    def note(self, words: str) -> None:
        """A partial pass heard these words."""
        draft = self._draft
        if draft is not None and draft.hearing is None and not same_words(draft.guess or "", words):
            self.drop()  # the user said more
        if self._anticipation is not None:
            self._anticipation.note(words)

    def pause(self, utterance: Utterance, hush: int, voice_end: int) -> None:
        """The user may be done: prepare the reply now, and ask what the pause sounds like."""
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

    def take(self, utterance: Utterance, voice_end: int) -> tuple[Draft, Tally]:
        """The turn is over: its draft, which is not ours any more, and the account of those before it."""
        draft, self._draft = self._draft or self._new_draft(utterance, voice_end), None
        draft.worth.set()
        draft.wanted.set()
        self._taken = draft
        return draft, self._tally

    def drop(self) -> None:
        """The user was not done: what was prepared is void."""
        draft, self._draft = self._draft, None
        if draft is not None:
            self._tally.drop(draft)
            self._tasks.create_task(draft.drop())  # the ear goes on while the engines stop

    def stop(self) -> None:
        """Nobody needs to know any more how the words go on."""
        if self._anticipation is not None:
            self._anticipation.stop()

    def _anticipate(self, item_id: str, words: str) -> None:
        """The words so far may be all: prepare the reply before the voice stops."""
        if self._draft is None and not self._answers.busy and self._floor.holder is Holder.USER:
            self._draft = self._drafting.anticipate(item_id, words, self.config.reply)

    def _new_draft(self, utterance: Utterance, voice_end: int) -> Draft:
        hearing = self._transcripts.recognise(utterance.final(voice_end + TAIL))
        reply_too = self.config.turn.create_response and not self._answers.busy
        return self._drafting.draft(utterance.item_id, hearing, self.config.reply, reply_too=reply_too)

    async def _judge(self, hush: int, speech: Pcm, draft: Draft) -> None:
        """Tell what the pause sounds like, and again when its words are known."""
        silence = Pcm.silence(JUDGED_SILENCE, speech.rate)
        try:
            audio = await self._engines.turn.p_done(join([speech, silence], speech.rate))
        except TurnError:
            draft.worth.set()
            return  # the floor's patience decides alone
        evidence = Evidence(audio, fall(speech), glide(speech), expected=expected_answer(self._history.last_said))
        await self._judged(Judgement(hush, p_done(evidence)))
        assert draft.hearing is not None, "whatever was drafted, a pause has its words recognised"  # noqa: S101
        words = (await asyncio.shield(draft.hearing)).words.text
        if draft.confirming is not None:  # the model may be at a reply to other words, and has no time until it stops
            await asyncio.wait([draft.confirming])
        if draft is not self._draft:
            return
        evidence = replace(evidence, asks=is_question(words))
        if evidence.asks:
            await self._judged(Judgement(hush, p_done(evidence)))
        text = None if self._anticipation is None else await self._anticipation.p_end(words)
        evidence = replace(evidence, text=text)
        if text is not None:
            await self._judged(Judgement(hush, p_done(evidence)))
        self._begin_in_time(draft, p_done(evidence))

    def _begin_in_time(self, draft: Draft, p_end: float) -> None:
        """Let the draft reply when it has to begin in order to be ready when the quiet ends the turn. Not before the
        model has told what it thinks of the words: a reply would stop it, and it has read them for the reply, too."""
        ready = self._floor.wait_ms(p_end) / 1000 - AHEAD * self._usual
        asyncio.get_running_loop().call_at(draft.began + ready, draft.worth.set)

    def _learn(self) -> None:
        """How long the last reply took to its first sound."""
        draft, self._taken = self._taken, None
        if draft is not None and draft.replying is not None and draft.marks.first_sound is not None:
            self._usual += LATEST_SHARE * (draft.marks.first_sound - draft.replying - self._usual)
