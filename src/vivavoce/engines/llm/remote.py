"""Any chat model behind an OpenAI-compatible server (`/chat/completions`): vLLM, Ollama, llama.cpp, OpenAI."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import openai

from vivavoce.engines.llm.openai_chat import Reading, messages, options, sampling
from vivavoce.engines.llm.patience import MOST_PER_TOKEN, Patience, Trouble, Unusable, refusal
from vivavoce.engines.openai_server import OpenAIServer
from vivavoce.errors import EngineFailed, PromptRefused
from vivavoce.models import ModelFiles
from vivavoce.ports import Prompt, Thought

RESERVE = 512
"""Tokens kept for a reply of no stated length."""


@dataclass(frozen=True, slots=True)
class Options:
    """`context`: tokens that the model holds. `sees`: it takes pictures. `reasons`: it takes `reasoning_effort`.
    `sampling`: it takes `temperature`, `top_p`, penalties and the like, as OpenAI's reasoning models do not; `top_k`:
    that too, as vLLM and llama.cpp's server do. `limit_name`: how the server calls the limit of the reply: OpenAI's
    newest models want "max_completion_tokens". `first_token`: seconds until the first, all tries together; `timeout`:
    seconds a step after it; `max_retries`: further tries until then."""

    base_url: str = "http://127.0.0.1:8080/v1"
    model: str = "default"
    api_key: str = field(default="", repr=False)
    context: int = 16_384
    sees: bool = False
    reasons: bool = False
    sampling: bool = True
    top_k: bool = False
    limit_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    first_token: float = 30.0
    timeout: float = 20.0
    max_retries: int = 2

    @property
    def name(self) -> str:
        return self.model


def load(options: Options, models: ModelFiles) -> RemoteModel:
    """Nothing is loaded and nobody is asked yet: a server that is away fails the turn, not the start."""
    return RemoteModel(options)


class RemoteModel:
    """A LanguageModel. Its server keeps its own prompt cache, so there is nothing to warm or forget."""

    def __init__(self, options: Options) -> None:
        self.name = options.model
        self.context, self.sees = options.context, options.sees
        self._options = options
        self._patience = Patience(options.first_token, options.timeout, options.max_retries + 1)
        longest = max(options.first_token, options.timeout)
        self._server = OpenAIServer(replace(options, timeout=longest, max_retries=0))

    async def reply(self, prompt: Prompt) -> AsyncGenerator[Thought, None]:
        """Stream the reply; leaving early closes the connection, which is how such servers are told to stop."""
        request = self._request(prompt)
        async with aclosing(self._patience.of(lambda: self._try(prompt, request), self._server.name)) as thoughts:
            async for thought in thoughts:
                yield thought

    async def warm(self, prompt: Prompt) -> None:
        """Nothing to do here."""

    async def p_end(self, prompt: Prompt) -> float | None:
        """Such servers do not tell."""
        return None

    async def count(self, prompt: Prompt) -> int | None:
        """They tell it after they have read it, each in its own usage."""
        return None

    def forget(self, session: str) -> None:
        """Nothing is kept here."""

    def close(self) -> None:
        self._server.close()

    async def _try(self, prompt: Prompt, request: dict[str, Any]) -> AsyncGenerator[Thought, None]:
        reading = Reading(prompt, self.context * MOST_PER_TOKEN)
        try:
            async with await self._server.client.chat.completions.create(**request) as stream:
                async for chunk in stream:
                    for thought in reading.push(chunk):
                        yield thought
                    if reading.over:
                        break
            for last in reading.finish():
                yield last
        except Exception as error:  # noqa: BLE001 - mapped: the client's transport has errors of its own besides
            raise self._trouble(error, begun=reading.begun) from None

    def _trouble(self, error: Exception, *, begun: bool) -> Trouble:
        """What went wrong. `begun`: something of the answer had come."""
        name = self._server.name
        match error:
            case Unusable():
                return Trouble(EngineFailed(f"{name} {error}"), again=True)
            case openai.APIStatusError():
                return refusal(name, error.status_code, error.response.headers.get("retry-after"))
            case openai.APIConnectionError() if begun and not isinstance(error, openai.APITimeoutError):
                return Trouble(EngineFailed(f"{name} broke off"), again=True)
        return Trouble(self._server.trouble(error), again=True)

    def _request(self, prompt: Prompt) -> dict[str, Any]:
        reply = min(prompt.max_tokens or RESERVE, self.context // 2)
        request: dict[str, Any] = {
            "model": self._options.model,
            "messages": messages(prompt, self.context - reply, sees=self.sees),
            "stream": True,
            "stream_options": {"include_usage": True},
            **options(prompt),
        }
        if self._options.sampling:
            request["temperature"] = prompt.temperature
            request |= sampling(prompt)
            if self._options.top_k and prompt.sampling.top_k is not None:
                request["extra_body"] = {"top_k": prompt.sampling.top_k}
        elif asked := tuple(sampling(replace(prompt, top_p=None))):
            raise PromptRefused(f"{self._server.name} takes no {' and no '.join(asked)}; leave it out.")
        if self._options.reasons and prompt.effort:
            request["reasoning_effort"] = prompt.effort
        if prompt.max_tokens:
            request[self._options.limit_name] = prompt.max_tokens
        return request
