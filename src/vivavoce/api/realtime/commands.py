"""What the clients of a call ask for, beside its sound: the session, its items, its responses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import assert_never

from vivavoce.api.realtime.client import Client
from vivavoce.api.realtime.client_events import (
    CancelResponse,
    Clear,
    Commit,
    CreateItem,
    CreateResponse,
    DeleteItem,
    PressKey,
    Reference,
    RetrieveItem,
    TruncateItem,
    UpdateSession,
)
from vivavoce.api.realtime.conversation import Conversation
from vivavoce.api.realtime.items import wire_item_with_sound
from vivavoce.api.realtime.recording import Recording
from vivavoce.api.realtime.server_events import (
    Narrator,
    Wire,
    WireRequest,
    item_added,
    item_retrieved,
    key_pressed,
    session_updated,
)
from vivavoce.conversation.config import SessionConfig
from vivavoce.conversation.items import Item, Message, ToolListing
from vivavoce.errors import RequestError

_Relayed = Commit | Clear | DeleteItem | TruncateItem | CancelResponse
Asked = UpdateSession | CreateItem | RetrieveItem | CreateResponse | PressKey | _Relayed


class Commands:
    """`narrator`: holds the session as its clients see it; `broadcast`: tells all of them."""

    def __init__(
        self,
        conversation: Conversation,
        narrator: Narrator,
        recording: Recording | None,
        broadcast: Callable[[list[Wire]], None],
    ) -> None:
        self._session, self._narrator = conversation, narrator
        self._recording, self._broadcast = recording, broadcast
        self._bound: tuple[str, bool] = ("", False)
        """The stored conversation that this call goes on with, and whether nothing is kept of it."""

    @property
    def goes_on(self) -> bool:
        """Whether it goes on with a stored conversation."""
        return bool(self._bound[0])

    def so_far(self, but: type[Item] | None = None) -> list[Wire]:
        """The conversation until now, for a client that comes back, or has just named it and knows some of it."""
        items = [item for item in self._session.items if but is None or not isinstance(item, but)]
        before = [None, *(item.id for item in items)]
        return [wire for item, previous in zip(items, before, strict=False) for wire in item_added(item, previous)]

    async def do(self, command: Asked, client: Client) -> None:
        """Raises RequestError, StorageError."""
        match command:
            case UpdateSession(patch):
                await self._update(patch, client)
            case CreateItem(item, after):
                await self._session.add(item, after)
            case RetrieveItem(item_id):
                await self._retrieve(item_id, client)
            case CreateResponse():
                await self._respond(command)
            case PressKey(key):
                self._broadcast([key_pressed(key)])
            case _:
                await self._relay(command)

    async def _relay(self, command: _Relayed) -> None:
        match command:
            case Commit():
                await self._session.commit()
            case Clear():
                await self._session.clear()
            case DeleteItem(item_id):
                await self._session.delete(item_id)
            case TruncateItem(item_id, content_index, audio_end_ms):
                await self._session.truncate(item_id, content_index, audio_end_ms)
            case CancelResponse(response_id):
                await self._session.cancel(response_id)
            case _:
                assert_never(command)

    async def _update(self, patch: object, client: Client) -> None:
        session = self._narrator.session.updated(patch, has_spoken=self._narrator.has_spoken)
        so_far = self.so_far(but=ToolListing) if await self.bind(session.config) else []
        await client.vacancy()
        await self._session.configure(session.config)  # from here to the echo nothing may come between
        self._narrator.session = session
        self._broadcast([session_updated(session), *so_far])

    async def bind(self, config: SessionConfig) -> bool:
        """Go on with the stored conversation that `config` names; whether that is another than before. Raises
        RequestError, StorageError."""
        wanted = (config.conversation, config.temporary)
        if wanted == self._bound:
            return False
        param = "session.vivavoce.conversation" if wanted[0] != self._bound[0] else "session.vivavoce.temporary"
        if not all(isinstance(item, ToolListing) for item in self._session.items):
            raise RequestError(
                "A session keeps its conversation once something is said in it: open another session.",
                param=param,
                code="conversation_in_use",
            )
        if self._recording is not None:
            self._session.restore(await self._recording.begin(config.conversation, temporary=config.temporary))
        elif config.conversation:
            raise RequestError("This server keeps no conversations.", param=param, code="conversation_not_found")
        self._bound = wanted
        return bool(config.conversation)

    async def _retrieve(self, item_id: str, client: Client) -> None:
        item = self._session.item(item_id)
        session = self._narrator.session
        ours = isinstance(item, Message) and item.role == "assistant"
        wire = await asyncio.to_thread(wire_item_with_sound, item, session.speaks if ours else session.hears)
        await client.answer(item_retrieved(wire))

    async def _respond(self, command: CreateResponse) -> None:
        given = command.input
        request = WireRequest(
            options=command.options,
            in_conversation=command.in_conversation,
            input=None if given is None else tuple(self._resolved(item) for item in given),
            metadata=command.metadata,
            speaks=command.speaks,
        )
        await self._session.respond(request)

    def _resolved(self, item: Item | Reference) -> Item:
        if not isinstance(item, Reference):
            return item
        try:
            return self._session.item(item.item_id)
        except RequestError as error:
            raise RequestError(str(error), param=item.path, code=error.code) from None
