"""One tool of the assistant's own: what the model reads of it, and the coroutine that does it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vivavoce.assistant.intents import intent_of
from vivavoce.assistant.sentences import SPOKEN, sentence
from vivavoce.conversation.config import Tool
from vivavoce.conversation.items import Message
from vivavoce.errors import ToolFailed
from vivavoce.ports import HostedTool, ToolContext, ToolResult
from vivavoce.text.language import language_of

LONGEST_ARGUMENT = 2_000
"""Characters of one argument: more than anybody says at once."""


class Given:
    """The arguments of one call, as the model wrote them. Every reader raises ToolFailed."""

    def __init__(self, arguments: str) -> None:
        try:
            values = json.loads(arguments or "{}")
        except ValueError:
            raise ToolFailed("The arguments are no JSON.") from None
        if not isinstance(values, dict):
            raise ToolFailed("The arguments must be a JSON object.")
        self.values: dict[str, Any] = values

    def text(self, name: str, default: str = "") -> str:
        """Numbers are taken as text, as small models write them where text is wanted."""
        value = self.values.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ToolFailed(f"{name} must be text.")
        if len(text := str(value).strip()) > LONGEST_ARGUMENT:
            raise ToolFailed(f"{name} is longer than {LONGEST_ARGUMENT} characters.")
        return text

    def need(self, name: str) -> str:
        if not (text := self.text(name)):
            raise ToolFailed(f"{name} is missing.")
        return text


Run = Callable[[Given, ToolContext], Awaitable[ToolResult]]


@dataclass(frozen=True, slots=True)
class Built:
    """A tool and what it does."""

    hosted: HostedTool
    run: Run

    @property
    def name(self) -> str:
        return self.hosted.tool.name


def schema(*required: str, **properties: str) -> Mapping[str, Any]:
    """The JSON schema of text arguments: each with the sentence that tells the model what belongs there."""
    return {
        "type": "object",
        "properties": {name: {"type": "string", "description": text} for name, text in properties.items()},
        "required": list(required),
        "additionalProperties": False,
    }


def reads(name: str, description: str, parameters: Mapping[str, Any], run: Run) -> Built:
    """A tool that changes nothing, and whose results are our own words."""
    return Built(HostedTool(Tool(name, description, parameters), reads_only=True, foreign=False), run)


def changes(name: str, description: str, parameters: Mapping[str, Any], run: Run, *, asks_first: bool = False) -> Built:
    """A tool that changes what is kept for the person. `asks_first`: whatever a client says."""
    tool = Tool(name, description, parameters)
    return Built(HostedTool(tool, asks_first=asks_first, insists=asks_first, foreign=False), run)


def tongue_of(context: ToolContext) -> str:
    """The language to answer in: what was spoken, else that of the request by whose rule the tool was found, else that
    of the person's last words, else English."""
    if context.language:
        return context.language
    said = (item.text for item in reversed(context.history) if isinstance(item, Message) and item.role == "user")
    last = next(said, "")
    intent = intent_of(last)
    return (intent.language if intent is not None else language_of(last, SPOKEN)) or "en"


def tongues_for(context: ToolContext) -> list[str]:
    """Those in which the words of a call may be: the likeliest first."""
    return [tongue_of(context), *(each for each in SPOKEN if each != tongue_of(context))]


def answer(context: ToolContext, key: str, **fields: object) -> ToolResult:
    """A sentence of ours. To who speaks a language that has none the model retells it."""
    tongue = tongue_of(context)
    text = sentence(tongue, key, **fields)
    return ToolResult(text, text if tongue in SPOKEN else None)


def failure(context: ToolContext, key: str, **fields: object) -> ToolFailed:
    return ToolFailed(sentence(tongue_of(context), key, **fields))
