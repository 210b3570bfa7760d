"""A mind's reply to a request that stands alone: its thoughts as they come, held to what was asked, and counted."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import assert_never

from vivavoce.api.rates import spend
from vivavoce.api.rest.schemas import misfit
from vivavoce.assistant.personal import BY_RULE
from vivavoce.conversation.items import Thinking
from vivavoce.errors import EngineFailed
from vivavoce.ports import Call, Done, LanguageModel, Prompt, Reasoning, ScoredToken, Thought, Words
from vivavoce.session.accounts import counted, estimated_tokens


@dataclass(frozen=True, slots=True)
class Sounded:
    """A part of the file in which the reply is spoken. `seconds`: of sound that went into it."""

    data: bytes
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply. `sound`: the file in which it is spoken, where that was asked for; `thinking`: the reasoning in
    its blocks."""

    text: str
    reasoning: str
    calls: tuple[Call, ...]
    done: Done
    sound: bytes = b""
    seconds: float = 0.0
    tokens: tuple[ScoredToken, ...] = ()
    thinking: tuple[Thinking, ...] = ()


async def thoughts_of(mind: LanguageModel, prompt: Prompt, *, parallel: bool = True) -> AsyncGenerator[Thought, None]:
    """The reply to `prompt`. `parallel`: more than one call is welcome. Raises TurnError; EngineFailed, once all is
    told, where the prompt has a schema and the reply does not fit it."""
    text, pieces, calls, account = "", 0, 0, Done()
    try:
        async with aclosing(mind.reply(prompt)) as thoughts:
            async for thought in thoughts:
                match thought:
                    case Words():
                        pieces += 1
                        text += thought.text if prompt.schema is not None else ""
                    case Call():
                        calls += 1
                        if calls > 1 and not parallel:
                            continue
                    case Done():
                        account = thought = _account(thought, prompt, pieces)
                        if prompt.schema is not None and not calls and not thought.cut_short:
                            _check(mind, text, prompt)
                    case Reasoning():
                        pass
                yield thought
    finally:  # whoever leaves early has had it made all the same
        account = _account(account, prompt, pieces)
        spend(account.prompt_tokens + account.completion_tokens)


def told_mind(done: Done) -> dict[str, object]:
    """Which mind answered, and why that one, as a field of ours that official clients pass over."""
    return {"vivavoce": {"mind": done.mind, "reason": done.reason or None}} if done.mind else {}


async def whole(thoughts: AsyncGenerator[Thought | Sounded, None]) -> Reply:
    """All of a reply, once it is there."""
    tally = Tally()
    async with aclosing(thoughts):
        async for thought in thoughts:
            tally.add(thought)
    return tally.reply()


class Tally:
    """A reply that is being put together."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._thinking: list[Thinking] = []
        self._block = ""
        """Of thinking, that has not ended."""
        self._calls: list[Call] = []
        self._tokens: list[ScoredToken] = []
        self._done = Done()
        self._sound, self._seconds = bytearray(), 0.0

    def add(self, thought: Thought | Sounded) -> None:
        match thought:
            case Words():
                self._text.append(thought.text)
                self._tokens.extend(thought.tokens)
            case Reasoning():
                self._thinks(thought)
            case Call():
                self._calls.append(thought)
            case Sounded():
                self._sound += thought.data
                self._seconds += thought.seconds
            case Done():
                self._done = thought
            case _:
                assert_never(thought)

    def _thinks(self, thought: Reasoning) -> None:
        self._block += thought.text
        if thought.signature or thought.redacted:
            self._end_block(thought.signature)
        if thought.redacted:
            self._thinking.append(Thinking("", redacted=thought.redacted))

    def _end_block(self, signature: str = "") -> None:
        if self._block or signature:
            self._thinking.append(Thinking(self._block, signature))
        self._block = ""

    def reply(self) -> Reply:
        self._end_block()
        words, reasoning = "".join(self._text), "".join(block.text for block in self._thinking)
        calls, tokens = tuple(self._calls), tuple(self._tokens)
        return Reply(
            words, reasoning, calls, self._done, bytes(self._sound), self._seconds, tokens, tuple(self._thinking)
        )


async def tokens_of(mind: LanguageModel, prompt: Prompt) -> int:
    """Tokens of a prompt as its mind counts them; by its length where that cannot tell. Raises TurnError."""
    tokens = await mind.count(prompt)
    return estimated_tokens(prompt) if tokens is None else tokens


def _check(mind: LanguageModel, text: str, prompt: Prompt) -> None:
    if why := misfit(text, prompt.schema or {}):
        raise EngineFailed(f"The answer of {mind.name} does not fit the JSON schema: {why}")


def _account(done: Done, prompt: Prompt, pieces: int) -> Done:
    """What was read and written; nothing was where no mind was asked."""
    return done if done.mind == BY_RULE else counted(done, prompt, pieces)
