"""What the façade needs of a session: the part of `session.Session` that a client can reach."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from vivavoce.audio.pcm import Pcm
from vivavoce.conversation.config import ResponseRequest, SessionConfig
from vivavoce.conversation.events import Event
from vivavoce.conversation.items import Item

Send = Callable[[Event], Awaitable[None]]


class Conversation(Protocol):
    """One running session. Every method but `run` raises RequestError for what cannot be done."""

    @property
    def id(self) -> str: ...

    async def run(self) -> None:
        """Converse until `close`. Raises SessionError when the session cannot go on."""
        ...

    async def hear(self, sound: Pcm) -> None:
        """Take sound of any rate; waits while the ear is behind."""
        ...

    def hear_now(self, sound: Pcm) -> bool:
        """Take sound of any rate without waiting; False: the ear is behind, and has not taken it."""
        ...

    async def commit(self) -> None: ...
    async def clear(self) -> None: ...
    async def configure(self, config: SessionConfig) -> None: ...
    async def add(self, item: Item, after: str | None) -> None: ...
    def restore(self, items: Sequence[Item]) -> None:
        """Go on from items of before, as far as the model can take them. Nothing must have been said yet."""
        ...

    async def delete(self, item_id: str) -> None: ...
    async def truncate(self, item_id: str, content_index: int, audio_end_ms: int) -> None: ...
    def item(self, item_id: str) -> Item: ...

    @property
    def items(self) -> tuple[Item, ...]:
        """All that was said, in order."""
        ...

    def fall_silent(self) -> None:
        """Nobody hears what is being said any more: stop it, and remember what was heard."""
        ...

    def be_heard(self) -> None:
        """Somebody hears again what is said."""
        ...

    async def respond(self, request: ResponseRequest) -> str: ...
    async def cancel(self, response_id: str | None = None) -> None: ...
    async def close(self) -> None: ...


OpenSession = Callable[[SessionConfig, Send, str], Conversation]
"""(config, send, owner) -> a session that tells `send` its events in order. `owner`: hex digest of the key that was
shown, "" where the server has no keys. Raises SessionRefused when there is no room."""
