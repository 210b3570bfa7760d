"""Voices over the assistant's: it is ducked and held while they are heard, until the floor knows what they are.

floor ─▶ Ducked, Held, OverlapEnded ─▶ answers, and an utterance that may become a turn
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from vivavoce.conversation.config import SessionConfig
from vivavoce.conversation.interruption import Kind, Words
from vivavoce.conversation.moves import Ducked, Held, OverlapEnded
from vivavoce.ports import TranscriptionHint
from vivavoce.session.ear import Ear
from vivavoce.session.lookout import Lookout
from vivavoce.session.parts import Parts, milliseconds
from vivavoce.session.transcripts import hint_of
from vivavoce.session.utterance import MARGIN, Utterance
from vivavoce.text.backchannels import BRIEF_REMARKS

DUCK_DB = -14.0


class Overlaps:
    """Of one conversation, one after the other. `follow(at)`: recognise what is said from there on, until `leave()`."""

    def __init__(
        self,
        parts: Parts,
        ear: Ear,
        lookout: Lookout,
        *,
        follow: Callable[[int], Utterance],
        leave: Callable[[], None],
    ) -> None:
        self._floor, self._answers, self._overhearing = parts.floor, parts.answers, parts.overhearing
        self._transcripts, self._ear, self._lookout = parts.transcripts, ear, lookout
        self._follow, self._leave = follow, leave
        self._hint = TranscriptionHint()
        """Of what lasts too long for a brief remark."""
        self._utterance: Utterance | None = None
        """What is said over the assistant's voice, and may become a turn."""

    async def make(self, move: Ducked | Held | OverlapEnded, config: SessionConfig) -> None:
        """Carry out what the floor decided. A client that does not manage its playback is neither ducked nor held."""
        managed, now = config.manners.managed_playback, asyncio.get_running_loop().time()
        match move:
            case Ducked(at, sign):
                if sign == "voice":
                    self._suspect(at, config)
                if managed:
                    await self._answers.duck(milliseconds(at), DUCK_DB)
            case Held(at):
                if managed:
                    self._overhearing.held(now)
                    await self._answers.hold(milliseconds(at))
            case OverlapEnded(what):
                self._dismiss(what)
                if managed:
                    self._overhearing.resumed(now)
                    await self._answers.resume(milliseconds(self._floor.now), what)

    def ripen(self) -> None:
        """A hop was heard: have the words recognised where they would now tell what it is."""
        if self._utterance is None:
            return
        if self._floor.overlap_lasts:
            self._utterance.listen_for(self._hint)
        if self._floor.overlap_ripens:
            self._utterance.hurry()

    def note(self, words: Words) -> bool:
        """A partial pass heard them; False: nobody speaks over the assistant's voice."""
        if self._utterance is None:
            return False
        self._overhearing.recognised(words)
        return True

    def take(self) -> Utterance | None:
        """It becomes a turn, or is forgotten: what was said so far, None where no voice was heard."""
        utterance, self._utterance = self._utterance, None
        return utterance

    def _suspect(self, at: int, config: SessionConfig) -> None:
        """Perhaps the user speaks up: hear what it is."""
        manners = config.manners  # who is not held would be talked over while he speaks to somebody else
        self._overhearing.begin(asked=self._answers.asks, asides=manners.ignore_side_talk and manners.managed_playback)
        self._utterance = self._follow(max(self._ear.since, at - MARGIN))
        hint = hint_of(config.transcription)
        # a syllable or two are taken for any language: first of all they are of the talk's, and brief
        self._hint = replace(hint, language=hint.language or self._transcripts.language)
        remarks = BRIEF_REMARKS.get((self._hint.language or "")[:2])
        self._utterance.listen_for(replace(self._hint, prompt=" ".join(filter(None, [hint.prompt, remarks])) or None))

    def _dismiss(self, what: Kind) -> None:
        """It was no interruption: forget it."""
        if what in ("noise", "echo"):
            self._lookout.mistaken()
        if self.take() is None:
            return  # no voice was in it
        self._leave()
        self._overhearing.settle()
        self._ear.begin(self._floor.now)
