"""Language models: what they are asked, and what comes of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from vivavoce.conversation.config import Tool, ToolChoice, Truncation
from vivavoce.conversation.items import Readable
from vivavoce.ports.urgency import Urgency


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are chosen, and what is told of them, where a request says it. `top_k`: only so many of the likeliest.
    `presence_penalty`, `frequency_penalty`: -2..2, as OpenAI has them. `logit_bias`: what is added to the logit of a
    token, by its number in the model's own vocabulary. `logprobs`: so many of the likeliest tokens are told beside each
    token that was written; None: none are scored. An engine that cannot do what is asked raises PromptRefused, but for
    `top_k`, which is no more than a hint."""

    top_k: int | None = None
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    logit_bias: Mapping[int, float] = field(default_factory=dict[int, float])
    logprobs: int | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a language model is asked. `items` in order; the engine renders them for its model.
    `session` names the conversation, so that the engine can keep its prompt cache. `open`: the user is
    still speaking, and the last item is what was heard so far; only `warm` and `p_end` take such prompts.
    `effort`: how hard a model that reasons is to think. `schema`: JSON schema that the reply has to fit; it is JSON
    then, all of it. `stop`: texts that end the reply before them. `top_p`, `seed`: None: as the engine likes.
    `urgency`: NOW where a listener waits for the reply, SOON where a reader does, SPARE where nobody does yet. `route`:
    "quick" or "thinking", for the model that chooses between two minds; "": as it likes."""

    instructions: str
    items: Sequence[Readable]
    session: str = ""
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = ToolChoice()
    max_tokens: int | None = None
    temperature: float = 0.7
    open: bool = False
    truncation: Truncation = Truncation()
    effort: str | None = None
    schema: Mapping[str, Any] | None = None
    stop: tuple[str, ...] = ()
    top_p: float | None = None
    seed: int | None = None
    urgency: Urgency = Urgency.NOW
    route: str = ""
    sampling: Sampling = Sampling()


@dataclass(frozen=True, slots=True)
class ScoredToken:
    """A token that was written, or could have been. `logprob`: natural logarithm of its probability. `bytes`: of its
    text, which may be a part of a character only. `likeliest`: the tokens that would have fitted best there."""

    text: str
    logprob: float
    bytes: bytes
    likeliest: tuple[ScoredToken, ...] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """`tokens`: those that the text consists of, where `Sampling.logprobs` asks for them and the engine can tell."""

    text: str
    tokens: tuple[ScoredToken, ...] = ()


@dataclass(frozen=True, slots=True)
class Reasoning:
    """Words of the model's thinking: shown where somebody asks for them, never spoken, never part of the reply. A block
    of it may end with a `signature`, or be `redacted`, as `items.Thinking` has them; such a piece has no text."""

    text: str
    signature: str = ""
    redacted: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A whole tool call; `arguments` is JSON. One reply may hold several."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Done:
    """Comes once, last. `completion_tokens` count the `reasoning_tokens` in. `cut_short`: the token limit ended the
    reply; `stopped`: the text of `Prompt.stop` that did, where the engine can tell. `mind`: the model that answered;
    `reason`: why that one, a stable word ("" where nothing had to be decided)."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    cut_short: bool = False
    stopped: str | None = None
    reasoning_tokens: int = 0
    mind: str = ""
    reason: str = ""


Thought = Words | Reasoning | Call | Done


class LanguageModel(Protocol):
    name: str
    context: int
    """Tokens that one conversation may hold, prompt and reply together."""
    sees: bool
    """It takes pictures."""

    def reply(self, prompt: Prompt) -> AsyncGenerator[Thought, None]:
        """Stream the reply. A prompt that is too long loses its oldest items, never its instructions. Raises
        PromptRefused for what this model cannot do, such as a schema that it does not understand."""
        ...

    async def warm(self, prompt: Prompt) -> None:
        """Read the prompt into the cache of its session, when nobody waits for the model."""
        ...

    async def p_end(self, prompt: Prompt) -> float | None:
        """Probability that the user's words in an open `prompt` end their turn; None: cannot tell now.
        Reads the prompt into the cache as `warm` does, and gives way to replies; where it is urgent NOW, because the
        end of the turn waits for it, to those of its own session only."""
        ...

    async def count(self, prompt: Prompt) -> int | None:
        """Tokens of the prompt as this model reads it, all of its items; None: cannot tell without reading it. Raises
        TurnError."""
        ...

    def forget(self, session: str) -> None:
        """The conversation is over; its cache may go."""
        ...

    def close(self) -> None: ...
