"""Language models: what they are asked, and what comes of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from vivavoce.conversation.config import Tool, ToolChoice, Truncation
from vivavoce.conversation.items import Readable
from vivavoce.ports.urgency import Urgency


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a language model is asked. `items` in order; the engine renders them for its model.
    `session` names the conversation, so that the engine can keep its prompt cache. `open`: the user is
    still speaking, and the last item is what was heard so far; only `warm` and `p_end` take such prompts.
    `effort`: how hard a model that reasons is to think. `schema`: JSON schema that the reply has to fit; it is JSON
    then, all of it. `stop`: texts that end the reply before them. `top_p`, `seed`: None: as the engine likes.
    `urgency`: NOW where a listener waits for the reply, SOON where a reader does. `route`: "quick" or "thinking", for
    the model that chooses between two minds; "": as it likes."""

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


@dataclass(frozen=True, slots=True)
class Words:
    text: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    """Words of the model's thinking: shown where somebody asks for them, never spoken, never part of the reply."""

    text: str


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
        Reads the prompt into the cache as `warm` does, and gives way to replies."""
        ...

    def forget(self, session: str) -> None:
        """The conversation is over; its cache may go."""
        ...

    def close(self) -> None: ...
