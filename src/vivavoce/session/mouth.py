"""Plays committed speech a little ahead of real time, and knows which words were heard.

Sound goes out as fast as it comes until the listener has `lead` seconds in hand, then in step with
real time: so an interruption wastes little, and what was heard can be told even of a client that
reports nothing. Playback can be held, and resumed at the very sample, where the client does so too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from vivavoce.audio.pcm import Pcm
from vivavoce.session.ledger import Line, words_until

LEAD_SECONDS = 0.5  # outlasts the hiccups of a network and of a busy machine; what a barge-in throws away
CHUNK_SECONDS = 0.1


class Mouth:
    """The playback of one response. Times are seconds of its own sound."""

    def __init__(
        self,
        send: Callable[[str, Pcm], Awaitable[None]],
        *,
        lead: float = LEAD_SECONDS,
        not_before: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """`send(text, sound)`: `text` is what begins to be said with this sound, "" in the middle of it.
        `not_before()`: loop time at which an earlier response is played out; asked when the first sound goes out."""
        self._send = send
        self._lead = lead
        self._not_before = not_before
        self._now = asyncio.get_running_loop().time
        self._started: float | None = None
        self._stretches: list[tuple[float, float]] = []
        self._stopped_at: float | None = None
        self._held_at: float | None = None
        self._going_on = asyncio.Event()
        self._going_on.set()
        self.lines: list[Line] = []
        """What was said so far, and when."""
        self.sent = 0.0
        """Seconds of sound sent."""

    @property
    def due(self) -> float:
        """Loop time at which all that was sent is played out; of held sound, if it went on now."""
        if not self._stretches or self._stopped_at is not None:
            return self._now()
        if self._held_at is not None:
            return self._now() + self.sent - self._held_at
        started, at = self._stretches[-1]
        return started + self.sent - at

    async def play(self, text: str, sound: Pcm) -> None:
        """Send `sound`, which speaks `text` (or goes on speaking the last text, when empty)."""
        if text or not self.lines:
            self.lines.append(Line(text, self.sent))
        for start in range(0, len(sound), step := round(CHUNK_SECONDS * sound.rate)):
            chunk = Pcm(sound.samples[start : start + step], sound.rate)
            await self._wait_for_room()
            await self._send(text if start == 0 else "", chunk)
            self.lines[-1].seconds += chunk.seconds
            self.sent += chunk.seconds

    async def played_out(self) -> None:
        """Wait until all that was sent is played, however long it is held."""
        while True:
            await self._going_on.wait()
            if (left := self.due - self._now()) <= 0:
                return
            await asyncio.sleep(left)

    def hold(self) -> None:
        """The listener pauses where it is: nothing more is sent, and nothing is lost."""
        if self._held_at is None and self._stopped_at is None:
            self._held_at = self.heard_seconds()
            self._going_on.clear()

    def resume(self) -> None:
        """The listener goes on from the sample at which it was held."""
        if self._held_at is not None:
            self._stretches.append((self._now(), self._held_at))
            self._held_at = None
            self._going_on.set()

    def stop(self) -> None:
        """The listener threw away what was sent and not played: nothing more is heard from now on."""
        if self._stopped_at is None:
            self._stopped_at = self.heard_seconds()
            self._going_on.set()

    def heard_seconds(self) -> float:
        """How much of the sound was played by now."""
        if self._stopped_at is not None:
            return self._stopped_at
        if self._held_at is not None:
            return self._held_at
        now, heard = self._now(), 0.0
        for n, (started, at) in enumerate(self._stretches):
            end = self._stretches[n + 1][1] if n + 1 < len(self._stretches) else self.sent
            heard = max(heard, min(end, at + max(0.0, now - started)))
        return heard

    def heard(self, ahead: float = 0.0) -> str:
        """The words that were played by now, and will be within `ahead` seconds."""
        return words_until(self.lines, self.heard_seconds() + ahead)

    async def _wait_for_room(self) -> None:
        await self._going_on.wait()
        now = self._now()
        if not self._stretches or self.due < now:  # at the start, and after the sound ran dry
            self._stretches.append((max(now, self._not_before()), self.sent))
        wait = self.due - self._lead - now
        if wait > 0:
            await asyncio.sleep(wait)
            await self._going_on.wait()
