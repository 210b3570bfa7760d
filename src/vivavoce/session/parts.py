"""What the parts of one conversation share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from vivavoce.conversation.events import Event, TurnDecided
from vivavoce.conversation.floor import Floor
from vivavoce.conversation.history import History
from vivavoce.ports import HEARING_RATE, Engines
from vivavoce.session.answers import Answers
from vivavoce.session.draft import Drafting
from vivavoce.session.overhearing import Overhearing
from vivavoce.session.transcripts import Transcripts


@dataclass(frozen=True, slots=True)
class Parts:
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
        await self.send(TurnDecided(decision, reason, milliseconds(self.floor.now)))


def milliseconds(position: int) -> int:
    """Of a position in what was heard."""
    return position * 1000 // HEARING_RATE
