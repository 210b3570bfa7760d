"""Gives conversations their titles, in moments when nobody is being listened to or answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from vivavoce.conversation.items import Item
from vivavoce.errors import RequestError, StorageError
from vivavoce.storage.bodies import item_of
from vivavoce.storage.conversations import Conversations

MakeTitle = Callable[[Sequence[Item]], Awaitable[str]]
"""A title for a conversation that begins so. Always gives one, within seconds."""

WAITING = 64
"""Conversations that wait for a title; further ones get theirs at their next answer."""
READ = 4
"""Items that a title is made from."""
QUIET = 1.0
"""Seconds without anybody talking before the model is asked."""
PATIENCE = 60.0
"""Seconds after which it is asked anyhow."""
ATTEMPTS = 3
"""How often the model starts again when somebody begins to talk; the last time it goes on."""


class Titling:
    """`run` it."""

    def __init__(self, conversations: Conversations, make: MakeTitle) -> None:
        self._conversations, self._make = conversations, make
        self._queue: asyncio.Queue[tuple[str, str]] = asyncio.Queue(WAITING)
        self._waiting: set[tuple[str, str]] = set()
        self._talking: set[object] = set()
        self._changed = asyncio.Event()

    def consider(self, owner: str, conversation: str) -> None:
        """Something was answered in a conversation: if it has no title it gets one."""
        if (owner, conversation) in self._waiting:
            return
        with suppress(asyncio.QueueFull):
            self._queue.put_nowait((owner, conversation))
            self._waiting.add((owner, conversation))

    def talking(self, session: object, yes: bool) -> None:
        """Whether somebody speaks in a session, or is answered there."""
        if yes:
            self._talking.add(session)
        else:
            self._talking.discard(session)
        self._changed.set()

    async def run(self) -> None:
        while True:
            owner, conversation = await self._queue.get()
            self._waiting.discard((owner, conversation))
            with suppress(RequestError, StorageError):  # deleted meanwhile, or tried again at the next answer
                await self._title(owner, conversation)

    async def _title(self, owner: str, conversation: str) -> None:
        if (await self._conversations.get(owner, conversation)).title:
            return
        page = await self._conversations.items(owner, conversation, limit=READ)
        items = [item for stored in page.rows if (item := item_of(stored.body)) is not None]
        if not items:
            return
        title = await self._made(items)
        if title:  # unless somebody has given it one meanwhile
            await self._conversations.describe(
                owner, conversation, lambda now: now if now.get("title") else {**now, "title": title}
            )

    async def _made(self, items: Sequence[Item]) -> str:
        for left in reversed(range(ATTEMPTS)):
            await self._until_quiet()
            making = asyncio.ensure_future(self._make(items))
            try:
                while not making.done() and not (left and self._talking):
                    await asyncio.wait([making], timeout=QUIET / 4)
                if making.done():
                    return making.result()
            finally:
                making.cancel()
                await asyncio.wait([making])
        return ""

    async def _until_quiet(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while not await self._stays_quiet():
                    pass

    async def _stays_quiet(self) -> bool:
        """Whether nobody talks for a moment; waits for the end of talk that goes on."""
        self._changed.clear()
        if self._talking:
            await self._changed.wait()
            return False
        try:
            async with asyncio.timeout(QUIET):
                await self._changed.wait()
        except TimeoutError:
            return True
        return False
