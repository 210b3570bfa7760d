"""What the assistant knows of a person across conversations: their profile, and what they told it about themselves.

Temporary conversations neither read nor write it, nor does anything while the person has memory switched off.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from vivavoce.assistant.facts import facts_in, subject_of
from vivavoce.assistant.personas import instructions
from vivavoce.assistant.secrets import holds_secret
from vivavoce.conversation.items import new_id
from vivavoce.conversation.keepsakes import TEMPORARY, Memory, Profile
from vivavoce.errors import RequestError, VivavoceError
from vivavoce.text.relevance import ranked

log = logging.getLogger(__name__)

LONGEST = 500
"""Characters of one memory."""
FOUND = 0.6
"""Share of the words asked for that a memory has to hold."""

Source = Literal["asked", "noticed", "written"]


class MemoryShelf(Protocol):
    async def add(self, owner: str, memory: Memory) -> None: ...
    async def all(self, owner: str) -> list[Memory]: ...
    async def change(self, owner: str, memory_id: str, text: str) -> None: ...
    async def delete(self, owner: str, ids: Collection[str]) -> int: ...


class ProfileShelf(Protocol):
    async def get(self, owner: str) -> Profile: ...
    async def put(self, owner: str, profile: Profile) -> None: ...
    async def version(self, owner: str) -> float: ...
    async def touch(self, owner: str) -> None: ...


def is_temporary(conversation: str) -> bool:
    """Whether nothing of a conversation is to be remembered."""
    return conversation.startswith(TEMPORARY)


class Knowledge:
    """Of every owner. `version(owner)` is another one when what was put before instructions is not true any more. It
    lies with what is kept, so that sessions learn of changes that another process makes."""

    def __init__(
        self,
        memories: MemoryShelf,
        profiles: ProfileShelf,
        here: ZoneInfo,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`here`: where those live who did not say."""
        self._memories, self._profiles, self._here, self._now = memories, profiles, here, now

    async def version(self, owner: str) -> float:
        """Raises StorageError."""
        return await self._profiles.version(owner)

    async def profile(self, owner: str) -> Profile:
        return await self._profiles.get(owner)

    async def change_profile(self, owner: str, profile: Profile) -> None:
        await self._profiles.put(owner, profile)

    async def zone(self, owner: str) -> ZoneInfo:
        name = (await self.profile(owner)).time_zone
        return ZoneInfo(name) if name else self._here

    async def about(self, owner: str) -> str:
        """What is to stand before the instructions of a session. A database that cannot be used costs the memories,
        not the conversation."""
        try:
            profile = await self.profile(owner)
            memories = await self._memories.all(owner) if profile.remembers else []
        except VivavoceError as error:
            log.warning("memories cannot be read", extra={"code": type(error).__name__})
            return ""
        return instructions(profile, memories, self._now())

    # --- memories

    async def all(self, owner: str) -> list[Memory]:
        """The oldest first."""
        return await self._memories.all(owner)

    async def get(self, owner: str, memory_id: str) -> Memory:
        """Raises RequestError."""
        found = next((memory for memory in await self.all(owner) if memory.id == memory_id), None)
        if found is None:
            raise RequestError(f"There is no memory {memory_id!r}.", param="memory_id", code="memory_not_found")
        return found

    async def keep(self, owner: str, text: str, source: Source, *, said: str = "", conversation: str = "") -> Memory:
        """Remember `text`; what it says anew takes the place of what was known. Raises RequestError."""
        text, now = _checked(text), self._now()
        memory = Memory(new_id("mem"), text, source, said[:LONGEST], conversation, now, now)
        known = await self.all(owner)
        same = next((one for one in known if _says_the_same(one.text, text)), None)
        if same is not None:
            return same
        subject = subject_of(text)
        older = [one.id for one in known if subject and subject_of(one.text) == subject]
        await self._memories.add(owner, memory)
        await self._memories.delete(owner, older)
        if older or source == "written":
            await self._profiles.touch(owner)
        return memory

    async def edit(self, owner: str, memory_id: str, text: str) -> Memory:
        """Raises RequestError."""
        memory = await self.get(owner, memory_id)
        text = _checked(text)
        await self._memories.change(owner, memory.id, text)
        await self._profiles.touch(owner)
        return replace(memory, text=text, updated=self._now())

    async def forget(self, owner: str, ids: Collection[str]) -> int:
        """For good; how many there were."""
        gone = await self._memories.delete(owner, ids)
        await self._profiles.touch(owner)
        return gone

    async def find(self, owner: str, query: str) -> list[Memory]:
        """Those that are about `query`, the likeliest first."""
        found = ranked(query, await self.all(owner), lambda memory: memory.text)
        return [memory for score, memory in found if score >= FOUND]

    async def notice(self, owner: str, text: str, conversation: str = "") -> list[Memory]:
        """Keep what the person said about themselves in passing; [] where nothing was, or is to be remembered."""
        facts = [] if is_temporary(conversation) or holds_secret(text) else facts_in(text)
        if not facts or not (await self.profile(owner)).remembers:
            return []
        return [await self.keep(owner, fact.text, "noticed", said=text, conversation=conversation) for fact in facts]


def _checked(text: str) -> str:
    """On one line. Raises RequestError."""
    text = " ".join(text.split())
    if not text or len(text) > LONGEST:
        raise RequestError(f"A memory has 1 to {LONGEST} characters.", param="text", code="invalid_value")
    return text


def _says_the_same(one: str, other: str) -> bool:
    return re.sub(r"\W+", "", one).casefold() == re.sub(r"\W+", "", other).casefold()
