"""Who may come in: so many sessions at most, and none while promises to those present are being broken.

What counts is measured: how late the event loop was and how long people's work waited for an engine. A session that
only listens moves neither, so many of them fit; a few that all talk at once close the door by themselves.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import monotonic

from vivavoce.errors import SessionRefused

RECENT = 10.0
"""Seconds for which a broken promise is remembered: two or three turns."""
BROKEN = 3
"""Broken promises in that time from which newcomers are refused; one or two are a hiccup."""
WORST_LAG = 0.05
"""Seconds that the event loop may be late: two and a half frames."""
WORST_WAIT = 0.5
"""Seconds that urgent work may wait for its engine: with it a turn still stays near its second."""


class Admission:
    """`most`: places. `clock`: seconds, never going back. `note_wait` may be called from any thread."""

    def __init__(self, most: int, clock: Callable[[], float] = monotonic) -> None:
        self.most = most
        self.open = 0
        self._clock = clock
        self._broken: deque[float] = deque(maxlen=BROKEN)

    def note_lag(self, seconds: float) -> None:
        """The event loop was so late."""
        if seconds > WORST_LAG:
            self._broken.append(self._clock())

    def note_wait(self, seconds: float) -> None:
        """Work that somebody waits for (Urgency.NOW) stood so long in an engine's queue."""
        if seconds > WORST_WAIT:
            self._broken.append(self._clock())

    @property
    def strained(self) -> bool:
        """Whether promises were broken lately. Nobody present, nobody was promised anything; and one alone may be the
        newcomer's own session, of a page that he reloads, on its way out."""
        broken = tuple(self._broken)
        return self.open > 1 and len(broken) == BROKEN and self._clock() - broken[0] < RECENT

    def enter(self) -> None:
        """Take a place. Raises SessionRefused when there is none; whoever entered has to `leave`."""
        if self.open >= self.most:
            places = (
                "The only place of this server is" if self.most == 1 else f"All {self.most} places of this server are"
            )
            raise SessionRefused(f"{places} taken. Try again in a moment.")
        if self.strained:
            raise SessionRefused("This server has its hands full with those it talks to. Try again in a moment.")
        self.open += 1

    def leave(self) -> None:
        self.open -= 1
