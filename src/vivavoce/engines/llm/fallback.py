"""Language models in a row: the next one answers when one fails or keeps its listener waiting.

    CLOSED ──fails twice running──▶ OPEN ──its rest is over──▶ one try ──▶ CLOSED, or OPEN for twice as long

Once words were told nothing can be taken back: what fails then fails the turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from time import monotonic

from vivavoce.errors import EngineBusy, EngineFailed, EngineTooSlow, PromptRefused, TurnError
from vivavoce.ports import Call, Done, LanguageModel, Prompt, Thought, Words

FAILURES = 2
"""In a row, until a model is left alone: one may be chance."""
LONGEST_REST = 8
"""Rests grow to so many times the first."""

Passed = Callable[[str, str], None]
"""(mind, why: "too_slow", "busy", "refused", "failed" or "resting"); called for every mind that was passed over."""


@dataclass(slots=True)
class _Link:
    """One model of the row and how it fares."""

    name: str
    model: LanguageModel
    failures: int = 0
    rests_until: float = 0.0

    def admits(self, now: float, rest: float) -> bool:
        """Whether it may be asked. When its rest is over one may try, and the others wait for what comes of it."""
        if self.failures < FAILURES:
            return True
        if now < self.rests_until:
            return False
        self.rests_until = now + rest
        return True

    def failed(self, now: float, rest: float) -> None:
        self.failures += 1
        self.rests_until = now + rest * min(LONGEST_REST, 2 ** max(0, self.failures - FAILURES))


@dataclass(slots=True)
class Fallback:
    """A LanguageModel of several. `minds`: name and model, the best first; the first is asked for its traits and its
    opinions. `first_token`: seconds until the next one is asked, where there is a next one; `rest`: seconds that one
    which failed twice is left alone. Tells in `Done` who answered."""

    minds: Sequence[tuple[str, LanguageModel]]
    first_token: float = 8.0
    rest: float = 30.0
    passed: Passed = lambda mind, why: None
    clock: Callable[[], float] = monotonic
    name: str = field(init=False)
    context: int = field(init=False)
    sees: bool = field(init=False)
    _links: list[_Link] = field(init=False)

    def __post_init__(self) -> None:
        self._links = [_Link(name, model) for name, model in self.minds]
        first = self._links[0].model
        self.name, self.context, self.sees = first.name, first.context, first.sees

    async def reply(self, prompt: Prompt) -> AsyncGenerator[Thought, None]:
        """The reply of the first mind that has one. Raises what the last of them raised."""
        trouble: TurnError = EngineFailed("No model can be asked now.")
        for number, link in enumerate(links := self._in_turn()):
            told = False
            try:
                async with aclosing(self._of(link, prompt, last=number == len(links) - 1)) as thoughts:
                    async for thought in thoughts:
                        told = told or isinstance(thought, Words | Call)
                        yield self._signed(thought, link)
                return
            except TurnError as error:
                trouble = error
                if told:
                    raise
                self.passed(link.name, _why(error))
        raise trouble

    async def warm(self, prompt: Prompt) -> None:
        await self._links[0].model.warm(prompt)

    async def p_end(self, prompt: Prompt) -> float | None:
        return await self._links[0].model.p_end(prompt)

    async def count(self, prompt: Prompt) -> int | None:
        return await self._links[0].model.count(prompt)

    def forget(self, session: str) -> None:
        for link in self._links:
            link.model.forget(session)

    def close(self) -> None:
        for link in self._links:
            link.model.close()

    def _in_turn(self) -> list[_Link]:
        """Those that may be asked now. Where all rest, all are asked again: nobody may be left without an answer."""
        now, able = self.clock(), []
        for link in self._links:
            if link.admits(now, self.rest):
                able.append(link)
            else:
                self.passed(link.name, "resting")
        return able or self._links

    async def _of(self, link: _Link, prompt: Prompt, *, last: bool) -> AsyncGenerator[Thought, None]:
        """One model's reply; how it went is noted."""
        try:
            async with aclosing(link.model.reply(prompt)) as thoughts:
                async for thought in _prompt_start(thoughts, None if last else self.first_token, link.name):
                    yield thought
            link.failures = 0
        except PromptRefused:  # no fault of the model's
            raise
        except TurnError:
            link.failed(self.clock(), self.rest)
            raise

    def _signed(self, thought: Thought, link: _Link) -> Thought:
        if not isinstance(thought, Done):
            return thought
        reason = thought.reason or ("" if link is self._links[0] else "fallback")
        return replace(thought, mind=thought.mind or link.name, reason=reason)


async def _prompt_start(
    thoughts: AsyncGenerator[Thought, None], seconds: float | None, name: str
) -> AsyncGenerator[Thought, None]:
    """The thoughts, if the first of them comes in time: words of thinking count, they are a sign of life."""
    try:
        async with asyncio.timeout(seconds):
            first = await anext(thoughts, None)
    except TimeoutError:
        raise EngineTooSlow(f"{name} had no first word within {seconds:g} s") from None
    if first is not None:
        yield first
    async for thought in thoughts:
        yield thought


def _why(error: TurnError) -> str:
    match error:
        case EngineTooSlow():
            return "too_slow"
        case EngineBusy():
            return "busy"
        case PromptRefused():
            return "refused"
    return "failed"
