"""A mind for one session: it knows the person, and clear requests never reach it.

The assistant's tools take 1,700 tokens to describe. A small model, which holds little more than twice that, would read
them for seconds and then choose badly (one in four right); it is not told of them, and only rules find them.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace

from vivavoce.assistant.attached import READER, to_be_read
from vivavoce.assistant.intents import Intent, intent_of
from vivavoce.assistant.progress import progress
from vivavoce.conversation.config import Tool
from vivavoce.conversation.items import Message
from vivavoce.ports import Call, Done, LanguageModel, Prompt, Thought, Words

CHOOSES = 16_384
"""Tokens that a mind has to hold to be told of the assistant's tools."""
BY_RULE = "rules"
"""The mind that a reply is put down to where no model was asked."""


class Personal:
    """`about()`: what is to stand with the instructions, "" for nothing. `own`: tools that requests may find by rule,
    where the prompt offers them."""

    def __init__(self, mind: LanguageModel, about: Callable[[], Awaitable[str]], own: Sequence[Tool]) -> None:
        self._mind, self._about = mind, about
        self._own = {tool.name: tool for tool in own}
        self.name, self.context, self.sees = mind.name, mind.context, mind.sees

    async def reply(self, prompt: Prompt) -> AsyncGenerator[Thought, None]:
        if (told := _progress(prompt)) is not None:
            yield Words(told)
            yield Done(mind=BY_RULE, reason="progress")
            return
        if files := _unread(prompt, self._own):
            for arguments in files:
                yield Call(READER, json.dumps(arguments, ensure_ascii=False))
            yield Done(mind=BY_RULE, reason="attached")
            return
        intent = _intent(prompt, self._own)
        if intent is not None:
            yield Call(intent.tool, json.dumps(dict(intent.arguments), ensure_ascii=False))
            yield Done(mind=BY_RULE, reason=intent.reason)
            return
        async with aclosing(self._mind.reply(await self._informed(prompt))) as thoughts:
            async for thought in thoughts:
                yield thought

    async def warm(self, prompt: Prompt) -> None:
        await self._mind.warm(await self._informed(prompt))

    async def p_end(self, prompt: Prompt) -> float | None:
        return await self._mind.p_end(await self._informed(prompt))

    async def count(self, prompt: Prompt) -> int | None:
        return await self._mind.count(await self._informed(prompt))

    def forget(self, session: str) -> None:
        self._mind.forget(session)

    def close(self) -> None:
        self._mind.close()

    async def _informed(self, prompt: Prompt) -> Prompt:
        """Behind the instructions, whose beginning all sessions share and the model has read already."""
        if self.context < CHOOSES and prompt.tool_choice.mode == "auto":
            prompt = replace(prompt, tools=tuple(tool for tool in prompt.tools if self._own.get(tool.name) != tool))
        about = await self._about()
        return replace(prompt, instructions=f"{prompt.instructions}\n\n{about}".strip()) if about else prompt


def _progress(prompt: Prompt) -> str | None:
    """What to say to who asks how far that has come which runs in the background."""
    last = prompt.items[-1] if prompt.items else None
    if not isinstance(last, Message) or last.role != "user" or prompt.schema is not None:
        return None
    return progress(last.text, prompt.items)


def _intent(prompt: Prompt, own: Mapping[str, Tool]) -> Intent | None:
    """What the person's last words clearly ask for, if that tool is offered as it is ours."""
    last = prompt.items[-1] if prompt.items else None
    if not isinstance(last, Message) or last.role != "user" or last.pictures or prompt.schema is not None:
        return None
    offered = _offered(prompt, own)
    intent = intent_of(last.text) if offered else None
    return intent if intent is not None and intent.tool in offered else None


def _unread(prompt: Prompt, own: Mapping[str, Tool]) -> list[dict[str, str]]:
    """What READER is to be called with before the last words are answered."""
    return to_be_read(prompt.items) if prompt.schema is None and READER in _offered(prompt, own) else []


def _offered(prompt: Prompt, own: Mapping[str, Tool]) -> set[str]:
    """Our own tools that may be called."""
    if prompt.tool_choice.mode not in ("auto", "required"):
        return set()
    return {tool.name for tool in prompt.tools if own.get(tool.name) == tool}
