"""Tools that run beside the server, and who runs them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from vivavoce.conversation.config import Tool
from vivavoce.conversation.items import Item


@dataclass(frozen=True, slots=True)
class HostedTool:
    """A tool that runs beside the server, not at the client. `reads_only`: it changes nothing anywhere, so a draft may
    run it. `asks_first`: the person has to approve each call, unless the client says that they need not; `insists`:
    whatever the client says. `slow`: it may take longer than a listener waits, so it runs in the background and its
    start is acknowledged. `foreign`: its results hold words of others (pages, files,
    mail), after which no tool may change anything unasked (`conversation/consent.py`)."""

    tool: Tool
    reads_only: bool = False
    asks_first: bool = False
    insists: bool = False
    slow: bool = False
    foreign: bool = True


@dataclass(frozen=True, slots=True)
class ToolContext:
    """For whom a tool runs. `owner`: whose data it may touch ("" where the server has no keys); `conversation`: id of
    the stored conversation, "" for none; `temporary`: nothing of it is to be kept or remembered; `history`: what was
    said so far; `aloud`: the answer will be spoken; `progress(words)`: how far it has come; `speak_up(words)`: have the
    assistant say this as soon as the floor is free, also long after the call has ended."""

    owner: str = ""
    session: str = ""
    conversation: str = ""
    temporary: bool = False
    language: str | None = None
    history: Sequence[Item] = ()
    aloud: bool = True
    progress: Callable[[str], None] = lambda words: None
    speak_up: Callable[[str], Awaitable[None]] | None = None


@dataclass(frozen=True, slots=True)
class ToolResult:
    """`text`: what the model is told, which is data and never instructions. `spoken`: words that answer the person as
    they stand, so that no model need tell them again."""

    text: str
    spoken: str | None = None


class ToolHost(Protocol):
    """Runs tools for the model: an MCP server, or the assistant's own."""

    label: str

    async def tools(self) -> Sequence[HostedTool]:
        """What it offers now. Raises ToolFailed when it cannot be reached."""
        ...

    async def call(self, name: str, arguments: str, context: ToolContext) -> ToolResult:
        """Run one tool; `arguments` is JSON as the model wrote it. Raises ToolFailed, whose message the model and the
        person may read. Cancelling stops it."""
        ...

    async def close(self) -> None: ...
