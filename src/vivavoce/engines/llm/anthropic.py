"""Claude, through Anthropic's Messages API or a server that speaks it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import anthropic

from vivavoce.engines.llm.anthropic_messages import Reading, Thinking, request, unknown
from vivavoce.engines.llm.patience import MOST_PER_TOKEN, Patience, Trouble, Unusable, refusal
from vivavoce.engines.openai_server import LOOPBACK, NO_KEY
from vivavoce.errors import EngineFailed, EngineTooSlow, PromptRefused
from vivavoce.models import ModelFiles
from vivavoce.ports import Prompt, Thought

INSIDE = {"overloaded_error": 529, "rate_limit_error": 429, "authentication_error": 401, "invalid_request_error": 400}
"""Errors that come in the stream, after a status of 200, and the status that they would have had."""


COUNTED = ("model", "messages", "system", "tools", "tool_choice", "thinking", "output_config")
"""What the API takes of a request whose tokens it counts."""


@dataclass(frozen=True, slots=True)
class Options:
    """`max_tokens`: of a reply of no stated length; the API wants a limit. `thinking`: "adaptive" for models that
    choose how much to think and take an effort, "budget" for those before them. `first_token`: seconds until the
    first, all tries together; `timeout`: seconds a step after it; `max_retries`: further tries until then."""

    model: str = "claude-haiku-4-5"
    api_key: str = field(default="", repr=False)
    base_url: str = "https://api.anthropic.com"
    context: int = 200_000
    sees: bool = True
    max_tokens: int = 2048
    thinking: Thinking = "off"
    first_token: float = 30.0
    timeout: float = 20.0
    max_retries: int = 2

    @property
    def name(self) -> str:
        return self.model


def load(options: Options, models: ModelFiles) -> AnthropicModel:
    """Nobody is asked yet: an API that is away fails the turn, not the start."""
    return AnthropicModel(options)


class AnthropicModel:
    """A LanguageModel. What was read is marked for the API's prompt cache; there is nothing to warm or forget here.
    Temperature, top-p, top-k and seed are not sent: the API takes none."""

    def __init__(self, options: Options) -> None:
        host = urlsplit(options.base_url).hostname or ""
        self.name, self._called = options.model, f"{options.model} at {host}"
        self.context, self.sees = options.context, options.sees
        self._options = options
        self._patience = Patience(options.first_token, options.timeout, options.max_retries + 1)
        self._client = anthropic.AsyncAnthropic(
            api_key=options.api_key or NO_KEY,
            base_url=options.base_url,
            timeout=max(options.first_token, options.timeout),
            max_retries=0,
            # a proxy of the environment cannot reach servers on this machine
            http_client=anthropic.DefaultAsyncHttpxClient(trust_env=host not in LOOPBACK),
        )
        self._hanging_up: asyncio.Task[None] | None = None

    async def reply(self, prompt: Prompt) -> AsyncGenerator[Thought, None]:
        """Stream the reply; leaving early closes the connection, which is how the API is told to stop."""
        if asks_for := unknown(prompt.sampling):
            raise PromptRefused(f"{self._called} knows no {' and no '.join(asks_for)}; leave it out.")
        reply = min(prompt.max_tokens or self._options.max_tokens, self.context // 2)
        asked = request(prompt, self.name, reply, self.context - reply, self._options.thinking, sees=self.sees)
        async with aclosing(self._patience.of(lambda: self._try(prompt, asked), self._called)) as thoughts:
            async for thought in thoughts:
                yield thought

    async def warm(self, prompt: Prompt) -> None:
        """Filling the API's cache ahead would cost money."""

    async def p_end(self, prompt: Prompt) -> float | None:
        """The API does not tell."""
        return None

    async def count(self, prompt: Prompt) -> int | None:
        """As the API counts."""
        asked = request(
            prompt, self.name, self._options.max_tokens, self.context, self._options.thinking, sees=self.sees
        )
        given = {name: asked[name] for name in COUNTED if name in asked}
        try:
            async with asyncio.timeout(self._options.first_token):
                return (await self._client.messages.count_tokens(**given)).input_tokens
        except TimeoutError:
            raise EngineTooSlow(f"{self._called} did not count within {self._options.first_token:g} s") from None
        except Exception as error:  # noqa: BLE001 - mapped, as below
            raise self._trouble(error).error from None

    def forget(self, session: str) -> None:
        """Nothing is kept here."""

    def close(self) -> None:
        """Hang up. Without a running event loop there is none to do it on; the process's end does it then."""
        with suppress(RuntimeError):
            self._hanging_up = asyncio.get_running_loop().create_task(self._client.close())

    async def _try(self, prompt: Prompt, asked: dict[str, Any]) -> AsyncGenerator[Thought, None]:
        reading = Reading(prompt, self.context * MOST_PER_TOKEN)
        try:
            async with await self._client.messages.create(**asked) as stream:
                async for event in stream:
                    for thought in reading.push(event):
                        yield thought
                    if reading.over:
                        break
            if reading.declined:
                raise Trouble(PromptRefused(f"{self._called} declined to answer"))
            for last in reading.finish():
                yield last
        except Trouble:
            raise
        except Exception as error:  # noqa: BLE001 - mapped: the client's transport has errors of its own besides
            raise self._trouble(error) from None

    def _trouble(self, error: Exception) -> Trouble:
        """What went wrong, without the API's message: it may quote the request."""
        match error:
            case Unusable():
                return Trouble(EngineFailed(f"{self._called} {error}"), again=True)
            case anthropic.APIStatusError():
                status = error.status_code if error.status_code >= 400 else INSIDE.get(str(error.type), 500)
                return refusal(self._called, status, error.response.headers.get("retry-after"))
            case anthropic.APITimeoutError():
                return Trouble(EngineTooSlow(f"{self._called} did not answer within {self._options.first_token:g} s"))
            case anthropic.APIConnectionError():
                return Trouble(EngineFailed(f"{self._called} cannot be reached"), again=True)
        return Trouble(EngineFailed(f"{self._called} broke off ({type(error).__name__})"), again=True)
