"""What is kept for people, in memory, for scenes in virtual time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from vivavoce.assistant.home import Shelves
from vivavoce.conversation.keepsakes import Memory, Note, Profile, Reminder


@dataclass
class NotesInMemory:
    kept: dict[str, list[Note]] = field(default_factory=dict)

    async def add(self, owner: str, text: str, on: str = "") -> Note:
        notes = self.kept.setdefault(owner, [])
        notes.append(Note(f"note_{len(notes)}", text, 0.0, on))
        return notes[-1]

    async def all(self, owner: str) -> list[Note]:
        return list(self.kept.get(owner, ()))

    async def delete(self, owner: str, ids: Collection[str]) -> int:
        before = await self.all(owner)
        self.kept[owner] = [note for note in before if note.id not in ids]
        return len(before) - len(self.kept[owner])


@dataclass
class RemindersInMemory:
    kept: list[Reminder] = field(default_factory=list)

    async def add(self, reminder: Reminder) -> None:
        self.kept.append(reminder)

    async def pending(self, owner: str | None = None) -> list[Reminder]:
        return sorted((one for one in self.kept if owner in (None, one.owner)), key=lambda one: one.due)

    async def delete(self, owner: str, ids: Collection[str]) -> int:
        before = len(self.kept)
        self.kept = [one for one in self.kept if one.owner != owner or one.id not in ids]
        return before - len(self.kept)


@dataclass
class MemoriesInMemory:
    kept: dict[str, list[Memory]] = field(default_factory=dict)

    async def add(self, owner: str, memory: Memory) -> None:
        self.kept.setdefault(owner, []).append(memory)

    async def all(self, owner: str) -> list[Memory]:
        return list(self.kept.get(owner, ()))

    async def change(self, owner: str, memory_id: str, text: str) -> None:
        known = await self.all(owner)
        self.kept[owner] = [replace(one, text=text) if one.id == memory_id else one for one in known]

    async def delete(self, owner: str, ids: Collection[str]) -> int:
        before = await self.all(owner)
        self.kept[owner] = [one for one in before if one.id not in ids]
        return len(before) - len(self.kept[owner])


@dataclass
class ProfilesInMemory:
    kept: dict[str, Profile] = field(default_factory=dict)
    versions: dict[str, float] = field(default_factory=dict)

    async def get(self, owner: str) -> Profile:
        return self.kept.get(owner, Profile())

    async def put(self, owner: str, profile: Profile) -> None:
        self.kept[owner] = profile
        await self.touch(owner)

    async def version(self, owner: str) -> float:
        return self.versions.get(owner, 0.0)

    async def touch(self, owner: str) -> None:
        self.versions[owner] = await self.version(owner) + 1


def in_memory() -> Shelves:
    return Shelves(NotesInMemory(), RemindersInMemory(), MemoriesInMemory(), ProfilesInMemory())
