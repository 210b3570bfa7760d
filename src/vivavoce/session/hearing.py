"""What is heard of one user, hop by hop: it moves the floor, and the floor's moves are handed on.

sound ─▶ ear ─▶ floor ─▶ moves ─▶ turns
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from vivavoce.audio.pcm import Pcm, Samples
from vivavoce.conversation.config import SessionConfig
from vivavoce.conversation.floor import Holder
from vivavoce.conversation.interruption import NOTHING_OVERHEARD, Overheard
from vivavoce.conversation.moves import Move
from vivavoce.errors import SessionError, TurnError
from vivavoce.ports import HEARING_RATE, HOP
from vivavoce.session.ear import Ear
from vivavoce.session.lookout import Lookout
from vivavoce.session.parts import Parts
from vivavoce.session.preparation import Judgement

BEHIND = HEARING_RATE * 4
"""Sound that may wait to be judged; a client that sends faster than the ear hears waits at its socket."""
INBOX = 64
BACKLOG = HEARING_RATE * 8
"""Sound kept while nobody speaks: the padding of the next turn, and the turn that the next one may reopen."""
LONGEST_BUFFER = HEARING_RATE * 20 * 60
"""Push-to-talk sound that nobody commits is kept for 20 minutes."""
STALLED = 1.0
"""Seconds without any sound, while a voice over the assistant's is judged, that are taken for silence."""


class Hearing:
    """`carry_out(moves)`: does what the floor decided; `note(samples)`: takes each hop behind its moves; `judged`: told
    of each judgement that the floor has taken."""

    def __init__(
        self,
        parts: Parts,
        config: SessionConfig,
        *,
        carry_out: Callable[[list[Move]], Awaitable[None]],
        note: Callable[[Samples], None],
        judged: Callable[[Judgement], None],
    ) -> None:
        self._floor, self._overhearing = parts.floor, parts.overhearing
        self._carry_out, self._note, self._judged = carry_out, note, judged
        self.ear = Ear(parts.engines.vad.open())
        self.lookout = Lookout(self.ear, parts.floor, parts.overhearing)
        self._inbox: asyncio.Queue[Judgement | None] = asyncio.Queue(INBOX)
        """What the floor is to be moved by. None: there is sound to be heard."""
        self._heard_on = asyncio.Event()
        self._roused = False
        """A None is in the inbox, or what it tells of is being heard."""
        self.configure(config)

    def configure(self, config: SessionConfig) -> None:
        """Hear differently from the next sound on."""
        self._config = config
        self.ear.reduce_noise(config.noise_reduction)

    async def listen(self) -> None:
        """Hear for ever. Raises SessionError when hearing fails."""
        while True:
            judgement = await self._news()
            try:
                while hops := await self.ear.judge():
                    self._heard_on.set()
                    for voice, samples in hops:
                        await self._hop(voice, samples)
                if self._config.manners.managed_playback:
                    await self._carry_out(self.lookout.look())
                if judgement is None:
                    self._roused = False
                else:
                    await self._carry_out(self._floor.judge(judgement.hush, judgement.p_done))
                    self._judged(judgement)
            except TurnError as error:
                raise SessionError(f"Hearing failed: {error}") from error
            finally:
                self._inbox.task_done()

    async def take(self, judgement: Judgement) -> None:
        """In line with the sound: one task moves the floor."""
        await self._inbox.put(judgement)

    async def caught_up(self) -> None:
        """Wait until all that came has moved the floor."""
        await self._inbox.join()

    async def hear(self, sound: Pcm) -> None:
        """Take the next sound of the user, at any rate. Waits while the ear is behind."""
        while not self.hear_now(sound):
            self._heard_on.clear()
            await self._heard_on.wait()

    def hear_now(self, sound: Pcm) -> bool:
        """Take the next sound of the user without waiting; False: the ear is behind, and has not taken it.

        It goes on the tape at once, and whoever listens is roused for whole hops only, but while the assistant may be
        interrupted: a task that is woken for every frame costs more than all that is done with the frame."""
        if self.ear.waiting > BEHIND:
            return False
        self.ear.take(sound)
        wanted = self.ear.waiting >= HOP or (self._config.manners.managed_playback and self.lookout.on_duty)
        if wanted and not self._roused and not self._inbox.full():  # a full one is being worked off
            self._roused = True
            self._inbox.put_nowait(None)
        return True

    async def _news(self) -> Judgement | None:
        """What the floor is to be moved by next. An assistant that is held for a client which stops sending, muted in
        the middle of a cough, must not be mute for ever: the floor settles it within so much sound, so it is given."""
        while self._floor.holder is Holder.OVERLAP:
            try:
                async with asyncio.timeout(STALLED):
                    return await self._inbox.get()
            except TimeoutError:
                self.hear_now(Pcm.silence(STALLED, HEARING_RATE))
        return await self._inbox.get()

    async def _hop(self, voice: float, samples: Samples) -> None:
        moves = self._floor.hear(voice, self._overhear(voice, samples))
        self.ear.note(voice, self._floor.now)
        await self._carry_out(moves)
        self._note(samples)
        if self._config.turn.detection is None:
            self.ear.tape.forget(self._floor.now - LONGEST_BUFFER)
        elif self._floor.holder is Holder.NOBODY:
            self.ear.tape.forget(self._floor.now - BACKLOG)

    def _overhear(self, voice: float, samples: Samples) -> Overheard:
        """What else is known of a hop, where the floor would ask: it costs more than all the rest of hearing."""
        if not self._floor.assistant_audible:
            return NOTHING_OVERHEARD
        now = asyncio.get_running_loop().time()
        if self._floor.weighs(voice):
            return self._overhearing.hop(samples, now)
        self._overhearing.note(samples, now)
        return NOTHING_OVERHEARD
