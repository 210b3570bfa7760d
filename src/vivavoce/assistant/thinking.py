"""The thinking mind as a tool of a conversation: it works in the background, and what it finds is said as it stands."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TypeVar

from vivavoce.assistant.sentences import phrase
from vivavoce.conversation.config import Tool, ToolChoice
from vivavoce.conversation.hosted import readable
from vivavoce.conversation.items import Item, Message, new_id
from vivavoce.errors import ToolFailed, TurnError
from vivavoce.ports import (
    HostedTool,
    LanguageModel,
    Prompt,
    Reasoning,
    ToolContext,
    ToolResult,
    Urgency,
    Words,
)
from vivavoce.text.language import language_of

T = TypeVar("T")

LABEL = "vivavoce_mind"
THINK = "think"
TOOL = HostedTool(Tool(THINK, "Thinks a question through, in the background."), reads_only=True, slow=True)
KEPT = 64
"""Questions that wait to be thought about, and conversations whose last turn is known: drafts leave some behind."""
ALOUD = (
    "Think it through, then give the answer in at most six short sentences of plain words, to be spoken: no lists, "
    "no headings, no symbols. Begin with the answer itself."
)
WRITTEN = "Think it through, then give the answer as it should be read, as long as it needs to be."
LONGEST = {True: 400, False: 1500}
"""Tokens of an answer that is spoken, and of one that is read."""
BACK = {
    "en": "Back to your question: ",
    "it": "Tornando alla tua domanda: ",
    "es": "Volviendo a tu pregunta: ",
    "fr": "Pour revenir à ta question : ",
    "de": "Zurück zu deiner Frage: ",
}
PROGRESS_EVERY = 25
"""Words after which it is told how far it has come."""


class Desk:
    """What lies between the mind that hears a question and the one that thinks about it. `name`: of the latter."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._asked: OrderedDict[str, Prompt] = OrderedDict()
        self._last: OrderedDict[str, str] = OrderedDict()

    def put(self, prompt: Prompt) -> str:
        """Lay a question down; the word by which it is taken up."""
        ref = new_id("thought")
        _keep(self._asked, ref, prompt)
        return ref

    def take(self, ref: str) -> Prompt | None:
        return self._asked.pop(ref, None)

    def heard(self, session: str, item_id: str) -> None:
        """The last turn of a conversation is this one."""
        _keep(self._last, session, item_id)

    def moved_on(self, session: str, item_id: str) -> bool:
        """Whether something else was said since."""
        return self._last.get(session, item_id) != item_id

    def forget(self, session: str) -> None:
        self._last.pop(session, None)


def _keep(shelf: OrderedDict[str, T], key: str, value: T) -> None:
    shelf[key] = value
    shelf.move_to_end(key)
    while len(shelf) > KEPT:
        shelf.popitem(last=False)


class Thinking:
    """A ToolHost with one tool, which the model is not told of: `auto` calls it by itself."""

    label = LABEL

    def __init__(self, mind: LanguageModel, desk: Desk) -> None:
        self._mind, self._desk = mind, desk

    async def tools(self) -> Sequence[HostedTool]:
        return (TOOL,)

    async def call(self, name: str, arguments: str, context: ToolContext) -> ToolResult:
        """Think about the question; its answer is said verbatim. Raises ToolFailed."""
        asked = self._asked(arguments, context)
        last = _last_turn(asked.items)
        try:
            text = await self._answer(_thorough(asked, aloud=context.aloud), context)
        except TurnError as error:
            raise ToolFailed(f"The thinking mind could not answer: {error}") from None
        if not text:
            raise ToolFailed("The thinking mind had nothing to say.")
        since = last is not None and self._desk.moved_on(context.session, last.id)
        back = BACK.get(context.language or language_in(asked), BACK["en"]) if since else ""
        return ToolResult(text, back + text)

    async def close(self) -> None:
        """The mind belongs to others."""

    def _asked(self, arguments: str, context: ToolContext) -> Prompt:
        """The question as it was laid down; as the conversation has it, where it lies there no more."""
        try:
            ref = str(json.loads(arguments or "{}").get("ref", ""))
        except (ValueError, AttributeError):
            ref = ""
        return self._desk.take(ref) or Prompt("", tuple(readable(context.history, {})))

    async def _answer(self, prompt: Prompt, context: ToolContext) -> str:
        text, told, language = "", 0, context.language or language_in(prompt)
        async with aclosing(self._mind.reply(prompt)) as thoughts:
            async for thought in thoughts:
                if isinstance(thought, Reasoning) and not told:
                    context.progress(phrase(language, "thinking"))
                    told = 1
                elif isinstance(thought, Words):
                    text += thought.text
                    if (words := len(text.split())) >= told + PROGRESS_EVERY:
                        context.progress(phrase(language, "thinking_words", count=words))
                        told = words
        return text.strip()


def _thorough(asked: Prompt, *, aloud: bool) -> Prompt:
    """The same question to a mind that takes its time, calls nothing, and keeps nobody else waiting."""
    manner = ALOUD if aloud else WRITTEN
    return replace(
        asked,
        instructions=f"{asked.instructions}\n\n{manner}".strip(),
        session="",
        tools=(),
        tool_choice=ToolChoice(),
        max_tokens=LONGEST[aloud],
        urgency=Urgency.SOON,
    )


def _last_turn(items: Sequence[Item]) -> Message | None:
    return next((item for item in reversed(items) if isinstance(item, Message) and item.role == "user"), None)


def language_in(prompt: Prompt) -> str:
    """What the person speaks, by the last few things that they said: one short question may look like two languages."""
    said = [item.text for item in prompt.items if isinstance(item, Message) and item.role == "user"]
    return language_of(" ".join(said[-3:]), BACK) or "en"
