"""Keeps what happens in one session: whatever changed in its history since it was last looked at.

It looks at each event and never waits: the events come from the path of the sound. Items are kept once they are final:
the user's when their words are known, the assistant's when they are over, with the words that were heard. What is cut
off or deleted later changes what is kept. What finds the writer's queue full is found changed again at the next event.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from vivavoce.audio.pcm import Pcm, join
from vivavoce.conversation.events import (
    Event,
    OutputEnded,
    Reason,
    ReplyAudio,
    ReplyText,
    ResponseEnded,
    ResponseStarted,
    SpeechStarted,
    TranscriptGrew,
)
from vivavoce.conversation.history import ROOT
from vivavoce.conversation.items import FunctionCall, FunctionOutput, HostedCall, Item, Message, Speech, ToolListing
from vivavoce.storage.bodies import Body, body_of, item_of
from vivavoce.storage.conversations import Conversations
from vivavoce.storage.titling import Titling
from vivavoce.storage.writer import Drop, Put, Writer

MOST_RESTORED = 400
"""Items that a session goes on from."""
RESTORED = (Message, FunctionCall, FunctionOutput, HostedCall)
"""What a session goes on from. What tools there are it finds out anew, and nobody waits for an approval any more."""


UNASKED: tuple[Reason, ...] = ("errand", "speak_up")
"""Why the assistant speaks up; such messages are told apart for good."""


@dataclass(frozen=True, slots=True)
class _Told:
    """Of a message of this session: all the words that were sent, and why it came unasked."""

    said: str = ""
    reason: str = ""


@dataclass(slots=True)
class _Kept:
    """An item as it was last looked at, None: it is yet to be; and as it was then written."""

    item: Item | None
    body: Body


class Recorder:
    """`look()`: the session's items, in order. `room`: characters that a session goes on from, as many as its model
    holds."""

    def __init__(
        self,
        conversations: Conversations,
        writer: Writer,
        titling: Titling,
        owner: str,
        look: Callable[[], Sequence[Item]],
        room: int,
    ) -> None:
        self._conversations, self._writer, self._titling, self._owner = conversations, writer, titling, owner
        self._look, self._room = look, room
        self._conversation = ""
        self._whole = True
        """The session's history goes back to the conversation's beginning."""
        self._kept: dict[str, _Kept] = {}
        self._found: Sequence[str] = ()
        """Items that were kept before this session, until it is known which of them it has."""
        self._unknown_behind: dict[str, str] = {}
        """Behind which of its items others are kept that the session does not have; the last of those."""
        self._there: set[str] = set()
        """Items that the session had when it was last looked at."""
        self._told: dict[str, _Told] = {}
        self._unasked: dict[str, Reason] = {}
        """Responses under way that nobody asked for."""

    async def begin(self, conversation_id: str, *, temporary: bool) -> Sequence[Item]:
        """Go on with a conversation; its items, the last of them if they are many. `temporary`: nothing is to be kept
        from now on. Raises RequestError, StorageError."""
        if not conversation_id:
            self._conversation = ""
            return ()
        page = await self._conversations.items(self._owner, conversation_id, limit=MOST_RESTORED, order="desc")
        items: list[Item] = []
        left = self._room
        for stored in page.rows:
            item = item_of(stored.body)
            left -= len(str(stored.body)) if item is None or not isinstance(item, Message) else len(item.text)
            if left < 0:
                break
            if isinstance(item, RESTORED):
                items.append(item)
                self._kept[item.id] = _Kept(None, stored.body)
        self._whole = not page.more and left >= 0
        self._found = [stored.id for stored in reversed(page.rows)]
        self._conversation = "" if temporary else conversation_id
        return items[::-1]

    def note(self, event: Event) -> None:
        """Something happened."""
        if isinstance(event, ReplyAudio | ReplyText | TranscriptGrew):
            return
        if isinstance(event, SpeechStarted | ResponseStarted | ResponseEnded):
            self._titling.talking(self, not isinstance(event, ResponseEnded))
        if not self._conversation:
            return
        self._tell(event)
        self._compare()
        if isinstance(event, ResponseEnded) and event.how != "failed":
            self._writer.answered(self._owner, self._conversation)

    async def end(self) -> None:
        """The session is over: wait until what happened in it is written, if that does not take too long."""
        self._titling.talking(self, False)
        if self._conversation:
            self._compare()
            await self._writer.settle()

    def _tell(self, event: Event) -> None:
        """What of a message its item does not say."""
        match event:
            case ResponseStarted(response_id=response, reason=reason) if reason in UNASKED:
                self._unasked[response] = reason
            case ResponseEnded(response_id=response):
                self._unasked.pop(response, None)
            case OutputEnded(response_id=response, item=item, said=said) if said.strip():
                self._told[item.id] = _Told(said, self._unasked.get(response, ""))
                if item.id in self._kept:
                    self._kept[item.id].item = None  # look at it again

    def _compare(self) -> None:
        items = self._look()
        if self._found:
            self._unknown_behind = _unknown_behind(self._found, {item.id for item in items})
            self._found = ()
        for place, item in enumerate(items):
            kept = self._kept.get(item.id)
            if kept is None or kept.item is not item:
                self._changed(item, kept, items[:place])
        there = {item.id for item in items}
        for item_id in self._there - there:
            if item_id in self._kept:
                self._gone(item_id)
        self._there = there | (self._there & self._kept.keys())

    def _changed(self, item: Item, kept: _Kept | None, before: Sequence[Item]) -> None:
        if kept is not None and kept.item is None and item.id not in self._told:
            kept.item = item  # it came from where it is kept
            return
        told = self._told.get(item.id, _Told())
        if not _is_final(item) or not (_has_something(item) or told.said):
            return
        body = body_of(item, said=told.said, reason=told.reason)
        if kept is not None and kept.body == body:
            kept.item = item  # without the sound that is not needed any more
            return
        last = next((one.id for one in reversed(before) if one.id in self._kept), ROOT if self._whole else None)
        after = None if last is None else self._unknown_behind.get(last, last)
        if self._writer.take(Put(self._owner, self._conversation, body, after, _sound(item))):
            self._kept[item.id] = _Kept(item, body)

    def _gone(self, item_id: str) -> None:
        if self._writer.take(Drop(self._owner, self._conversation, item_id)):
            del self._kept[item_id]
            self._told.pop(item_id, None)


def _unknown_behind(kept: Sequence[str], known: Collection[str]) -> dict[str, str]:
    """An answer of which nothing was heard, or an item of another kind of client: it keeps its place in the order."""
    behind: dict[str, str] = {}
    last = ROOT
    for item_id in kept:
        if item_id in known:
            last = item_id
        else:
            behind[last] = item_id
    return behind


def _is_final(item: Item) -> bool:
    """Its words are known, and no more will come."""
    if item.status == "in_progress":
        return False
    parts = item.parts if isinstance(item, Message) else ()
    return not any(isinstance(part, Speech) and part.transcript is None for part in parts)


def _has_something(item: Item) -> bool:
    """Noise that was taken for a turn is nothing to keep, nor what tools there were at the time."""
    if isinstance(item, ToolListing):
        return False
    return not isinstance(item, Message) or bool(item.text or item.pictures)


def _sound(item: Item) -> Pcm | None:
    sounds = [part.sound for part in item.parts if isinstance(part, Speech)] if isinstance(item, Message) else []
    there = [sound for sound in sounds if sound is not None and len(sound)]
    return join(there, there[0].rate) if there else None
