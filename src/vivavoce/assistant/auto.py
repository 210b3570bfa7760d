"""The model `auto`: the quick mind answers, and the thinking one gets what wants thought.

A reader is answered by the one that was chosen, word by word. A listener cannot be left in silence for as long as
thought takes: there it is said that it is being thought about, and the thinking mind is called as a tool that runs in
the background (`thinking.py`), whose result is said as soon as the floor is free.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from vivavoce.assistant.routing import Route, route
from vivavoce.assistant.thinking import THINK, Desk, language_in
from vivavoce.conversation.items import Message
from vivavoce.ports import Call, Done, LanguageModel, Prompt, Thought, Words

AUTO = "auto"
QUICK_EFFORTS, THINKING_EFFORTS = ("none", "minimal", "low"), ("high", "xhigh")
"""What a request says about its own effort decides; "medium" leaves it open."""
ONE_MOMENT = {
    "en": ("Let me think about that.", "Give me a moment to think."),
    "it": ("Ci penso un attimo.", "Fammi pensare un momento."),
    "es": ("Déjame pensarlo.", "Dame un momento para pensar."),
    "fr": ("Laisse-moi réfléchir.", "Donne-moi un instant pour réfléchir."),
    "de": ("Lass mich kurz nachdenken.", "Gib mir einen Moment zum Nachdenken."),
}
LONGEST_QUESTION = 400
"""Characters of it that are told of the call."""


def decide(prompt: Prompt, *, only_thinking_sees: bool = False) -> Route:
    """The mind for a prompt: as its request says, else as the person's last words want it."""
    if prompt.route in ("quick", "thinking"):
        return _given(prompt.route == "thinking", "requested")
    if prompt.effort in (*QUICK_EFFORTS, *THINKING_EFFORTS):
        return _given(prompt.effort in THINKING_EFFORTS, "effort")
    said = [item for item in prompt.items if isinstance(item, Message) and item.role == "user"]
    if not said:
        return _given(False, "nothing_asked")
    if only_thinking_sees and said[-1].pictures:
        return _given(True, "picture")
    return route(said[-1].text, said[-2].text if len(said) > 1 else "")


def _given(thinking: bool, reason: str) -> Route:
    return Route("thinking", reason, 1.0) if thinking else Route("quick", reason, 0.0)


class Auto:
    """A LanguageModel of two. Tells in `Done` why this one answered."""

    def __init__(self, quick: LanguageModel, thinking: LanguageModel) -> None:
        self.name, self.context = AUTO, quick.context
        self.sees = quick.sees or thinking.sees
        self.quick, self.thinking = quick, thinking

    def decide(self, prompt: Prompt) -> Route:
        return decide(prompt, only_thinking_sees=self.thinking.sees and not self.quick.sees)

    async def reply(self, prompt: Prompt) -> AsyncGenerator[Thought, None]:
        """The reply of the mind that was chosen."""
        chosen = self.decide(prompt)
        async with aclosing(self.of(chosen, prompt)) as thoughts:
            async for thought in thoughts:
                yield thought

    async def of(self, chosen: Route, prompt: Prompt) -> AsyncGenerator[Thought, None]:
        """The reply of one of them, with the reason for it."""
        mind = self.thinking if chosen.mind == "thinking" else self.quick
        async with aclosing(mind.reply(prompt)) as thoughts:
            async for thought in thoughts:
                yield replace(thought, reason=thought.reason or chosen.reason) if isinstance(thought, Done) else thought

    async def warm(self, prompt: Prompt) -> None:
        """Have the quick mind read ahead, and the thinking one loaded."""
        await self.quick.warm(prompt)
        await self.thinking.warm(Prompt("", (), prompt.session))

    async def p_end(self, prompt: Prompt) -> float | None:
        return await self.quick.p_end(prompt)

    async def count(self, prompt: Prompt) -> int | None:
        return await (self.thinking if self.decide(prompt).mind == "thinking" else self.quick).count(prompt)

    def forget(self, session: str) -> None:
        self.quick.forget(session)
        self.thinking.forget(session)

    def close(self) -> None:
        """Both belong to others, who close them."""


class AutoAloud(Auto):
    """The same for a conversation: what wants thought is handed to the `desk`, and the talk goes on."""

    def __init__(self, quick: LanguageModel, thinking: LanguageModel, desk: Desk) -> None:
        super().__init__(quick, thinking)
        self._desk = desk

    async def reply(self, prompt: Prompt) -> AsyncGenerator[Thought, None]:
        """The quick mind's reply; or a word that it is being thought about, and the call that does it."""
        last = prompt.items[-1] if prompt.items else None
        asks = isinstance(last, Message) and last.role == "user"
        chosen = self.decide(prompt) if asks else _given(False, "result")
        if isinstance(last, Message) and asks:
            self._desk.heard(prompt.session, last.id)
        if chosen.mind == "quick" or not prompt.session or prompt.tool_choice.mode not in ("auto", "none"):
            async with aclosing(self.of(chosen, prompt)) as thoughts:
                async for thought in thoughts:
                    yield thought
            return
        words = last.text if isinstance(last, Message) else ""
        yield Words(one_moment(words, language_in(prompt)))
        about = {"question": words[:LONGEST_QUESTION], "ref": self._desk.put(prompt)}
        yield Call(THINK, json.dumps(about, ensure_ascii=False))
        yield Done(mind=self._desk.name, reason=chosen.reason)

    def forget(self, session: str) -> None:
        super().forget(session)
        self._desk.forget(session)


def one_moment(words: str, language: str) -> str:
    """That it is being thought about, not always in the same words."""
    phrases = ONE_MOMENT.get(language, ONE_MOMENT["en"])
    return phrases[len(words) % len(phrases)]
