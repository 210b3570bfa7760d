"""What the façade needs of whatever keeps conversations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from vivavoce.conversation.config import SessionConfig
from vivavoce.conversation.events import Event
from vivavoce.conversation.items import Item


class Recording(Protocol):
    """Of one call."""

    async def begin(self, conversation_id: str, *, temporary: bool) -> Sequence[Item]:
        """Go on with a conversation ("": with none); its items, as many as the model holds. `temporary`: keep nothing
        from now on. Raises RequestError, StorageError."""
        ...

    def note(self, event: Event) -> None:
        """Something happened. Never waits."""
        ...

    async def end(self) -> None:
        """The call is over."""
        ...


StartRecording = Callable[[str, SessionConfig, Callable[[], Sequence[Item]]], Recording]
"""(owner, the session as it opens, its items in order) -> what keeps it."""
