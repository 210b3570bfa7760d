"""All tools of the assistant's own as one ToolHost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from vivavoce.assistant.tools.tool import Built, Given
from vivavoce.errors import RequestError, ToolFailed
from vivavoce.ports import HostedTool, ToolContext, ToolResult

LABEL = "vivavoce"
DEADLINE = 10.0
"""Seconds that a quick tool may take."""
SLOW_DEADLINE = 120.0


class AssistantTools:
    """`built`: what it offers, each under a name of its own."""

    def __init__(self, built: Iterable[Built], label: str = LABEL) -> None:
        self.label = label
        self._built = {one.name: one for one in built}

    async def tools(self) -> Sequence[HostedTool]:
        return [one.hosted for one in self._built.values()]

    async def call(self, name: str, arguments: str, context: ToolContext) -> ToolResult:
        tool = self._built.get(name)
        if tool is None:
            raise ToolFailed(f"There is no tool {name!r}. There are: {', '.join(self._built)}.")
        given = Given(arguments)
        seconds = SLOW_DEADLINE if tool.hosted.slow else DEADLINE
        try:
            async with asyncio.timeout(seconds):
                return await tool.run(given, context)
        except TimeoutError:
            raise ToolFailed(f"{name} took longer than {seconds:g} s.") from None
        except RequestError as error:
            raise ToolFailed(str(error)) from error

    async def close(self) -> None:
        """Nothing is held open."""
