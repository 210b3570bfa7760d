"""The one task that writes what sessions tell: in order, many changes in one transaction, from a queue with a bound.

While the database is away it tries again, and the sessions go on; what then finds the queue full is told so, and comes
again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby

import soundfile
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from vivavoce.audio.files import MEDIA_TYPES, sound_writer
from vivavoce.audio.pcm import Pcm
from vivavoce.conversation.history import ROOT
from vivavoce.errors import RequestError, StorageError
from vivavoce.storage import rows
from vivavoce.storage.bodies import Body
from vivavoce.storage.conversations import Conversations, set_audio
from vivavoce.storage.database import Database
from vivavoce.storage.tables import profiles

log = logging.getLogger(__name__)

QUEUE = 1_000
AT_ONCE = 100
SETTLING = 5.0
"""Seconds that the end of a session waits for what is to be written."""
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 15.0
"""Seconds until a database that is away is tried again: twice as long each time."""


@dataclass(frozen=True, slots=True)
class Put:
    """An item is new, after the item `after` (None: at the end, "root": at the start), or has changed. `sound`: what
    was spoken or heard, kept where the person wants that."""

    owner: str
    conversation: str
    body: Body
    after: str | None
    sound: Pcm | None = None


@dataclass(frozen=True, slots=True)
class Drop:
    """An item was deleted."""

    owner: str
    conversation: str
    item_id: str


Change = Put | Drop


class Writer:
    """`profiles`: where it stands whether somebody wants sound to be kept. `on_answer(owner, conversation)`: told of
    each conversation in which something was answered, once that is written. `run` it, and `settle` it at the end.
    Whoever reads items waits for what was taken before."""

    def __init__(self, conversations: Conversations, profiles: Database, on_answer: Callable[[str, str], None]) -> None:
        self._conversations, self._profiles, self._on_answer = conversations, profiles, on_answer
        self._queue: asyncio.Queue[Change | Callable[[], None]] = asyncio.Queue(QUEUE)
        self._writing = False
        conversations.settled = self.settle

    def take(self, change: Change) -> bool:
        """Whether there was room for it."""
        try:
            self._queue.put_nowait(change)
        except asyncio.QueueFull:
            return False
        return True

    def answered(self, owner: str, conversation: str) -> None:
        """What came so far answers something."""
        with suppress(asyncio.QueueFull):
            self._queue.put_nowait(lambda: self._on_answer(owner, conversation))

    async def settle(self) -> None:
        """Wait until what was taken is written, but not for ever."""
        if self._queue.empty() and not self._writing:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLING):
                written = asyncio.Event()
                await self._queue.put(written.set)
                await written.wait()

    async def run(self) -> None:
        while True:
            self._writing = False
            some = [await self._queue.get()]
            self._writing = True
            while len(some) < AT_ONCE and not self._queue.empty():
                some.append(self._queue.get_nowait())
            changes = [change for change in some if isinstance(change, Put | Drop)]
            for (owner, conversation), together in groupby(changes, lambda change: (change.owner, change.conversation)):
                await self._insist(owner, conversation, list(together))
            for done in some:
                if not isinstance(done, Put | Drop):
                    done()

    async def _insist(self, owner: str, conversation: str, changes: Sequence[Change]) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                await self._write(owner, conversation, changes)
            except StorageError as error:
                log.warning("what was said is not kept yet: %s", error)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
                continue
            except RequestError:
                pass  # the conversation was deleted while the session goes on: it stays deleted
            except SQLAlchemyError:
                log.exception("what was said could not be kept", extra={"conversation": conversation})
            return

    async def _write(self, owner: str, conversation: str, changes: Sequence[Change]) -> None:
        sounds = await self._sounds(owner, changes)
        async with self._conversations.changing(owner, conversation) as connection:
            for change in changes:
                await _apply(connection, change, sounds)

    async def _sounds(self, owner: str, changes: Sequence[Change]) -> Mapping[str, bytes]:
        """The sound of items that is to be kept, by their ids."""
        sounds = {change.body["id"]: change.sound for change in changes if isinstance(change, Put) and change.sound}
        if not sounds:
            return {}
        async with self._profiles.reading() as connection:
            profile = await connection.scalar(select(profiles.c.body).where(profiles.c.owner == owner))
        if not (isinstance(profile, dict) and profile.get("keep_audio") is True):
            return {}
        encoded = {item_id: await asyncio.to_thread(opus, sound) for item_id, sound in sounds.items()}
        return {item_id: data for item_id, data in encoded.items() if data}


def opus(sound: Pcm) -> bytes:
    """The sound as a small file; empty where it cannot be encoded. Blocking."""
    writer = sound_writer("opus", sound.rate)
    try:
        return writer.push(sound.samples) + writer.end()
    except soundfile.SoundFileError:
        return b""
    finally:
        writer.close()


async def _apply(connection: AsyncConnection, change: Change, sounds: Mapping[str, bytes]) -> None:
    if isinstance(change, Drop):
        row = await rows.look_for(connection, change.conversation, change.item_id)
        if row is not None:
            await rows.remove(connection, row.key)
        return
    body, sound = change.body, sounds.get(change.body["id"])
    if sound:
        body = {**body, "vivavoce": {**body.get("vivavoce", {}), "audio": True}}
    row = await rows.look_for(connection, change.conversation, body["id"])
    if row is not None:
        await rows.change(connection, row, change.owner, body)
        key = row.key
    else:
        key = (await _add(connection, change, body)).key
    if sound:
        await set_audio(connection, key, MEDIA_TYPES["opus"], sound)


async def _add(connection: AsyncConnection, change: Put, body: Body) -> rows.StoredItem:
    after = change.after
    if after not in (None, ROOT) and await rows.look_for(connection, change.conversation, str(after)) is None:
        after = None  # deleted meanwhile by other means
    return (await rows.add(connection, change.conversation, change.owner, [body], after=after))[0]
