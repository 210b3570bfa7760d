"""The assistant's own part of a server: its tools, what it knows of people, and what it tells them unasked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from vivavoce.assistant.alarms import Alarms, ReminderShelf
from vivavoce.assistant.attendant import Aside, Attendant, Helpers
from vivavoce.assistant.extraction import Embed, Extraction
from vivavoce.assistant.memory import Knowledge, MemoryShelf, ProfileShelf
from vivavoce.assistant.personal import Personal
from vivavoce.assistant.places import zone_of
from vivavoce.assistant.tools import calculator
from vivavoce.assistant.tools.clock import Clock
from vivavoce.assistant.tools.functions import FunctionTools
from vivavoce.assistant.tools.host import AssistantTools
from vivavoce.assistant.tools.notes import NoteShelf, NoteTools
from vivavoce.assistant.tools.reading import ReadFile, ReadingTools
from vivavoce.assistant.tools.remembering import MemoryTools
from vivavoce.assistant.tools.timers import TimerTools
from vivavoce.ports import LanguageModel


@dataclass(frozen=True, slots=True)
class Shelves:
    """Where things are kept."""

    notes: NoteShelf
    reminders: ReminderShelf
    memories: MemoryShelf
    profiles: ProfileShelf


@dataclass(frozen=True, slots=True)
class ToolOptions:
    """`functions`: files and folders of the operator's functions; `deadline`: seconds that a call of one may take;
    `private`: pages of this machine and its network may be read."""

    functions: Sequence[Path] = ()
    deadline: float = 30.0
    private: bool = False


@dataclass(frozen=True, slots=True)
class Extracting:
    """`mind()`: the one that looks for facts in what was said, None for none; `embed`: meanings of texts."""

    mind: Callable[[], LanguageModel | None] = lambda: None
    embed: Embed | None = None


class Home:
    def __init__(
        self,
        shelves: Shelves,
        read_file: ReadFile,
        options: ToolOptions = ToolOptions(),
        now: Callable[[], float] = time.time,
        extracting: Extracting | None = None,
    ) -> None:
        """Raises StartupError where functions are named that are not there."""
        self.knowledge = Knowledge(shelves.memories, shelves.profiles, _local_zone(), now)
        self.alarms = Alarms(shelves.reminders, now)
        extracting = extracting or Extracting()
        extraction = Extraction(self.knowledge, extracting.mind, extracting.embed)
        self._helpers = Helpers(self.knowledge, self.alarms, Aside(), extraction)
        clock = Clock(now, self.knowledge.zone)
        built = [
            *clock.tools(),
            *calculator.tools(),
            *TimerTools(shelves.reminders, clock, self.alarms.stir).tools(),
            *NoteTools(shelves.notes).tools(),
            *MemoryTools(self.knowledge).tools(),
            *ReadingTools(read_file, private=options.private).tools(),
        ]
        more = FunctionTools(options.functions, options.deadline) if options.functions else None
        self.tools = AssistantTools(built, more)

    async def run(self) -> None:
        """What goes on beside the sessions, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(asyncio.to_thread(zone_of, ""), name="places")  # their names take half a second to read
            tasks.create_task(self.alarms.run(), name="alarms")
            tasks.create_task(self._helpers.aside.run(), name="aside")
            tasks.create_task(self._helpers.extraction.run(), name="extraction")

    def attendant(self, owner: str) -> Attendant:
        """For a session that is being opened."""
        return Attendant(owner, self._helpers, self.tools.own)

    def mind(self, mind: LanguageModel) -> LanguageModel:
        """`mind` for requests that stand alone: our tools are found by rule where they are offered, as in a session; it
        is told nothing of the person."""
        return Personal(mind, _nothing, self.tools.own)


async def _nothing() -> str:
    return ""


def _local_zone() -> ZoneInfo:
    """Of this machine; UTC where it has none that is known."""
    import tzlocal

    try:
        return tzlocal.get_localzone()
    except (LookupError, ValueError, OSError):
        return ZoneInfo("UTC")
