"""A tool host that does what a scene tells it, and a mind whose replies follow from what was said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field, replace

from tests.session.scene import SEMANTIC
from vivavoce.conversation.config import ReplyOptions, SessionConfig, Tool
from vivavoce.conversation.hosted import ApprovalRule, ToolServer
from vivavoce.conversation.items import FunctionOutput, Message
from vivavoce.engines.scripted import ScriptedModel
from vivavoce.errors import ToolFailed
from vivavoce.ports import Call, HostedTool, Prompt, Thought, ToolContext, ToolResult
from vivavoce.session.tooling import Tooling

WEATHER = Tool("get_weather", "The weather in a city", {"type": "object", "properties": {"city": {"type": "string"}}})
RESEARCH = Tool("research", "Finds out at length")
NOTE = Tool("write_note", "Keeps a note")


@dataclass
class Host:
    """`takes`: seconds of each call. `answers`: what comes of it: text, a whole result, or an error to be raised."""

    label: str = "home"
    offers: Sequence[HostedTool] = (HostedTool(WEATHER, reads_only=True, foreign=False),)
    takes: float = 0.1
    answers: str | ToolResult | ToolFailed = "sunny, 24 degrees"
    lists: float = 0.0
    broken: ToolFailed | None = None
    calls: list[tuple[str, str]] = field(default_factory=list)
    contexts: list[ToolContext] = field(default_factory=list)
    cancelled: int = 0
    closed: int = 0

    async def tools(self) -> Sequence[HostedTool]:
        await asyncio.sleep(self.lists)
        if self.broken is not None:
            raise self.broken
        return self.offers

    async def call(self, name: str, arguments: str, context: ToolContext) -> ToolResult:
        self.calls.append((name, arguments))
        self.contexts.append(context)
        try:
            await asyncio.sleep(self.takes / 2)
            context.progress("half way")
            await asyncio.sleep(self.takes / 2)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if isinstance(self.answers, ToolFailed):
            raise self.answers
        return self.answers if isinstance(self.answers, ToolResult) else ToolResult(self.answers)

    async def close(self) -> None:
        self.closed += 1


class Mind(ScriptedModel):
    """`replies(prompt)` decides what comes."""

    def __init__(self, replies: Callable[[Prompt], str | Thought | Sequence[Thought]]) -> None:
        super().__init__()
        self._replies = replies

    async def reply(self, prompt: Prompt) -> AsyncGenerator[Thought, None]:
        reply = self._replies(prompt)
        if isinstance(reply, Sequence) and not isinstance(reply, str):
            self.asked.append(prompt)
            for thought in reply:
                yield thought
            return
        self.lines, self.replies = [reply], 0
        async for thought in super().reply(prompt):
            yield thought


def told(prompt: Prompt) -> str | None:
    """The result that the model is to tell now."""
    last = prompt.items[-1] if prompt.items else None
    return last.output if isinstance(last, FunctionOutput) else None


def asked(prompt: Prompt) -> str:
    """What the user said last."""
    said = [item.text for item in prompt.items if isinstance(item, Message) and item.role == "user"]
    return said[-1] if said else ""


def calls_once(call: Call) -> Callable[[Prompt], str | Thought]:
    """A mind that calls, and says what came of it."""

    def replies(prompt: Prompt) -> str | Thought:
        result = told(prompt)
        return call if result is None else f"It says: {result}"

    return replies


def with_servers(*servers: ToolServer, config: SessionConfig = SEMANTIC, **options) -> SessionConfig:
    return replace(config, reply=replace(ReplyOptions(), servers=servers, **options))


HOME = ToolServer("home")
ASKING = ToolServer("home", approval=ApprovalRule("always"))


def tooling(*hosts: Host) -> Tooling:
    return Tooling({host.label: host for host in hosts})
