"""Memory by voice: remember, recall, forget. What is noticed in passing comes by itself (`assistant/memory.py`)."""

from __future__ import annotations

import re

from vivavoce.assistant.memory import Knowledge, is_temporary
from vivavoce.assistant.tools.tool import Built, Given, answer, changes, reads, schema
from vivavoce.ports import ToolContext, ToolResult

AT_ONCE = 6
_YOURS = (
    (r"\bi am\b|\bi'm\b", "you are"),
    (r"\bi was\b", "you were"),
    (r"\bi've\b", "you have"),
    (r"\b(?:i|me)\b", "you"),
    (r"\bmy\b", "your"),
    (r"\bmine\b", "yours"),
    (r"\bmyself\b", "yourself"),
)
_NAME = re.compile(
    r"\b(?:my name|mi chiamo|il mio nome|who am i|mein name|heiße ich|wie ich heiße|mi nombre|me llamo|mon nom|"
    r"m'appelle)\b",
    re.IGNORECASE,
)


class MemoryTools:
    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    def tools(self) -> list[Built]:
        fact, what = "What to remember about the person, in their words", "What to forget"
        return [
            changes(
                "remember",
                "Keep something the person asks to be remembered.",
                schema("fact", fact=fact),
                self._remember,
            ),
            reads(
                "recall",
                "What the person told about themselves: all of it, or about something.",
                schema(query="What it is about; leave it out for all"),
                self._recall,
            ),
            changes("forget", "Forget something about the person.", schema("what", what=what), self._forget),
            changes("forget_everything", "Forget all about the person.", schema(), self._forget_all, asks_first=True),
        ]

    async def _remember(self, given: Given, context: ToolContext) -> ToolResult:
        fact = given.need("fact").rstrip(".")
        if not await self._on(context):
            return answer(context, "memory_cannot")
        await self._knowledge.keep(context.owner, fact, "asked", said=fact, conversation=context.conversation)
        return answer(context, "will_remember", fact=fact, yours=yours(fact))

    async def _recall(self, given: Given, context: ToolContext) -> ToolResult:
        query = given.text("query")
        if not await self._on(context):
            return answer(context, "memory_off")
        name = (await self._knowledge.profile(context.owner)).name
        if name and _NAME.search(query):
            return answer(context, "your_name", name=name)
        all_of_it = await self._knowledge.all(context.owner)
        found = await self._knowledge.find(context.owner, query) if query else all_of_it[::-1]
        if not found:
            return answer(context, "not_told")
        told = [memory.text.rstrip(".") for memory in found[: 1 if query else AT_ONCE]]
        turned = " ".join(f"{sentence[:1].upper()}{sentence[1:]}." for sentence in map(yours, told))
        return answer(context, "recalled", yours=turned, facts="; ".join(told))

    async def _forget(self, given: Given, context: ToolContext) -> ToolResult:
        found = await self._knowledge.find(context.owner, given.need("what"))
        if not found:
            return answer(context, "unknown")
        await self._knowledge.forget(context.owner, [found[0].id])
        text = found[0].text.rstrip(".")
        return answer(context, "forgot", fact=text, yours=yours(text))

    async def _forget_all(self, _: Given, context: ToolContext) -> ToolResult:
        known = await self._knowledge.all(context.owner)
        gone = await self._knowledge.forget(context.owner, [memory.id for memory in known])
        return answer(context, "forgot_one" if gone == 1 else "forgot_all", count=gone)

    async def _on(self, context: ToolContext) -> bool:
        if context.temporary or is_temporary(context.conversation):
            return False
        return (await self._knowledge.profile(context.owner)).remembers


def yours(text: str) -> str:
    """An English statement about oneself, turned round: "my dog loves me" → "your dog loves you"."""
    for pattern, turned in _YOURS:
        text = re.sub(pattern, turned, text, flags=re.IGNORECASE)
    return text
