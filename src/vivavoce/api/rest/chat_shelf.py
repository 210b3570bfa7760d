"""What outlives a chat completion: those that were to be stored, and the words of answers that were spoken.

Both are kept in memory, a bounded number, the oldest going first; a stored thread is what conversations are for.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import time
from typing import Any

from vivavoce.api.rest.chat_wire import SOUND_SECONDS
from vivavoce.conversation.items import new_id
from vivavoce.errors import RequestError

Wire = Mapping[str, Any]

MOST_STORED = 1000
MOST_BYTES = 64 * 1024 * 1024
"""Of all stored completions together."""
MOST_SPOKEN = 2000


@dataclass(frozen=True, slots=True)
class Stored:
    """A completion and what it answered, as they were on the wire. `size`: in bytes."""

    owner: str
    completion: Wire
    messages: tuple[Wire, ...]
    size: int


class ChatShelf:
    """Each owner sees his own only."""

    def __init__(self, clock: Callable[[], float] = time) -> None:
        self._clock = clock
        self._stored: OrderedDict[str, Stored] = OrderedDict()
        self._bytes = 0
        self._spoken: OrderedDict[str, tuple[str, str, float]] = OrderedDict()

    def keep(self, owner: str, completion: Wire, messages: Sequence[Wire]) -> None:
        named = tuple({"id": new_id("msg"), **_shown(message)} for message in messages)
        size = len(json.dumps([completion, named]))
        self._stored[str(completion["id"])] = Stored(owner, completion, named, size)
        self._bytes += size
        while len(self._stored) > MOST_STORED or (self._bytes > MOST_BYTES and self._stored):
            _, oldest = self._stored.popitem(last=False)
            self._bytes -= oldest.size

    def get(self, owner: str, id: str) -> Stored:
        """Raises RequestError."""
        stored = self._stored.get(id)
        if stored is None or stored.owner != owner:
            raise RequestError(
                f"There is no stored completion {id[:60]!r}; it needs 'store': true, and the oldest ones go.",
                param="completion_id",
                code="completion_not_found",
            )
        return stored

    def describe(self, owner: str, id: str, metadata: Mapping[str, str] | None) -> Stored:
        """The same completion under other metadata. Raises RequestError."""
        stored = self.get(owner, id)
        described = replace(stored, completion={**stored.completion, "metadata": dict(metadata or {})})
        self._stored[id] = described
        return described

    def remove(self, owner: str, id: str) -> None:
        """Raises RequestError."""
        self._bytes -= self.get(owner, id).size
        del self._stored[id]

    def of(self, owner: str) -> list[Stored]:
        """All of one owner, the oldest first."""
        return [stored for stored in self._stored.values() if stored.owner == owner]

    def note_spoken(self, owner: str, id: str, words: str) -> None:
        self._spoken[id] = owner, words, self._clock() + SOUND_SECONDS
        while len(self._spoken) > MOST_SPOKEN:
            self._spoken.popitem(last=False)

    def spoken(self, owner: str, id: str) -> str | None:
        """The words of an answer by the id of its sound; None when they are not known any more."""
        whose, words, until = self._spoken.get(id, ("", "", 0.0))
        return words if whose == owner and self._clock() < until else None


def _shown(message: Wire) -> dict[str, Any]:
    """A message in the form of the list: its words as content, its parts apart."""
    content = message.get("content")
    if not isinstance(content, list):
        return {**message, "content": content, "content_parts": None}
    texts = [part["text"] for part in content if isinstance(part.get("text"), str)]
    parts = [part for part in content if part.get("type") in ("text", "image_url")]
    return {**message, "content": "\n".join(texts), "content_parts": parts}
