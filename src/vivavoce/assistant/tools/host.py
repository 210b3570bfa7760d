"""All tools of the assistant's own as one ToolHost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from vivavoce.assistant.tools.tool import Built, Given
from vivavoce.conversation.config import Tool
from vivavoce.errors import RequestError, StorageError, ToolFailed
from vivavoce.ports import HostedTool, ToolContext, ToolHost, ToolResult

LABEL = "vivavoce"
DEADLINE = 10.0
"""Seconds that a quick tool may take."""
SLOW_DEADLINE = 120.0


class AssistantTools:
    """`built`: what it offers, each under a name of its own. `more`: the operator's, whose names come second."""

    label = LABEL

    def __init__(self, built: Iterable[Built], more: ToolHost | None = None) -> None:
        self._built = {one.name: one for one in built}
        self._more = more

    @property
    def own(self) -> tuple[Tool, ...]:
        """Those that are always there."""
        return tuple(one.hosted.tool for one in self._built.values())

    async def tools(self) -> Sequence[HostedTool]:
        more = [] if self._more is None else await self._more.tools()
        return [
            *(one.hosted for one in self._built.values()),
            *(hosted for hosted in more if hosted.tool.name not in self._built),
        ]

    async def call(self, name: str, arguments: str, context: ToolContext) -> ToolResult:
        tool = self._built.get(name)
        if tool is None and self._more is not None:
            return await self._more.call(name, arguments, context)
        if tool is None:
            raise ToolFailed(f"There is no tool {name!r}. There are: {', '.join(self._built)}.")
        given = Given(arguments)
        seconds = SLOW_DEADLINE if tool.hosted.slow else DEADLINE
        try:
            async with asyncio.timeout(seconds):
                return await tool.run(given, context)
        except TimeoutError:
            raise ToolFailed(f"{name} took longer than {seconds:g} s.") from None
        except (RequestError, StorageError) as error:
            raise ToolFailed(str(error)) from error

    async def close(self) -> None:
        if self._more is not None:
            await self._more.close()
