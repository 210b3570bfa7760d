"""Any chat model behind an OpenAI-compatible server (`/chat/completions`, streamed, with tools)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Literal

from openai.types.chat import ChatCompletionChunk

from vivavoce.conversation.config import Tool, ToolChoice
from vivavoce.conversation.items import FunctionCall, FunctionOutput, Message, Readable
from vivavoce.engines.llm.render import Line, Ruler, fit, lines_of
from vivavoce.engines.openai_server import OpenAIServer
from vivavoce.models import ModelFiles
from vivavoce.ports import Call, Done, Prompt, Thought, Words

RESERVE = 512
"""Tokens kept for a reply of no stated length."""


@dataclass(frozen=True, slots=True)
class Options:
    """`context`: tokens that the model holds. `sees`: it takes pictures. `limit_name`: how the server calls
    the limit of the reply: OpenAI's newest models want "max_completion_tokens". `timeout`: seconds a step."""

    base_url: str = "http://127.0.0.1:8080/v1"
    model: str = "default"
    api_key: str = field(default="", repr=False)
    context: int = 16_384
    sees: bool = False
    limit_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    timeout: float = 20.0
    max_retries: int = 1

    @property
    def name(self) -> str:
        return self.model


def load(options: Options, models: ModelFiles) -> RemoteModel:
    """Nothing is loaded and nobody is asked yet: a server that is away fails the turn, not the start."""
    return RemoteModel(options)


@dataclass(slots=True)
class _Draft:
    """A tool call whose pieces are still arriving."""

    name: str = ""
    arguments: str = ""


class RemoteModel:
    """A LanguageModel. Its server keeps its own prompt cache, so there is nothing to warm or forget."""

    def __init__(self, options: Options) -> None:
        self.name = options.model
        self.context, self.sees = options.context, options.sees
        self._options = options
        self._server = OpenAIServer(
            options.base_url,
            options.model,
            options.api_key,
            timeout=options.timeout,
            max_retries=options.max_retries,
        )

    async def reply(self, prompt: Prompt) -> AsyncGenerator[Thought, None]:
        """Stream the reply; leaving early closes the connection, which is how such servers are told to stop."""
        drafts: dict[int, _Draft] = {}
        done = Done()
        async with self._server.errors():
            stream = await self._server.client.chat.completions.create(**self._request(prompt))
            async with stream, aclosing(self._server.steps(aiter(stream))) as chunks:
                async for chunk in chunks:
                    done = _counted(done, chunk)
                    if words := _collected(chunk, drafts):
                        yield Words(words)
            for draft in drafts.values():
                yield Call(draft.name, draft.arguments or "{}")
            yield done

    async def warm(self, prompt: Prompt) -> None:
        """Nothing to do here."""

    async def p_end(self, prompt: Prompt) -> float | None:
        """Such servers do not tell."""
        return None

    def forget(self, session: str) -> None:
        """Nothing is kept here."""

    def close(self) -> None:
        self._server.close()

    def _request(self, prompt: Prompt) -> dict[str, Any]:
        reply = min(prompt.max_tokens or RESERVE, self.context // 2)
        request: dict[str, Any] = {
            "model": self._options.model,
            "messages": self._messages(prompt, self.context - reply),
            "temperature": prompt.temperature,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if prompt.max_tokens:
            request[self._options.limit_name] = prompt.max_tokens
        request |= _options(prompt)
        if prompt.tools:
            request |= {"tools": [_tool(tool) for tool in prompt.tools], "tool_choice": _choice(prompt.tool_choice)}
        return request

    def _messages(self, prompt: Prompt, room: int) -> list[dict[str, Any]]:
        ruler = Ruler()
        tools = sum(ruler.tokens(str(_tool(tool))) for tool in prompt.tools)
        head = ruler.clip(prompt.instructions, room * 3 // 4)
        left = max(room - ruler.tokens(head) - tools, room // 8)
        lines = fit(lines_of(prompt.items), left, ruler, prompt.truncation)
        return [{"role": "system", "content": head}, *_chat(lines, sees=self._options.sees)]


def _chat(lines: Sequence[Line], *, sees: bool) -> Iterator[dict[str, Any]]:
    """Messages in the order that servers insist on: the results of calls right after the calls. A call that
    nobody has answered is left out."""
    results = {line.item.call_id: line.item.output for line in lines if isinstance(line.item, FunctionOutput)}
    rest = [line for line in lines if not isinstance(line.item, FunctionOutput)]
    for calling, run in groupby(rest, lambda line: isinstance(line.item, FunctionCall)):
        if calling:
            yield from _exchange([line.item for line in run], results)
        else:
            yield from ({"role": line.role, "content": _content(line, sees=sees)} for line in run)


def _exchange(items: Iterable[Readable], results: dict[str, str]) -> Iterator[dict[str, Any]]:
    calls = [item for item in items if isinstance(item, FunctionCall) and item.call_id in results]
    if calls:
        yield {"role": "assistant", "content": None, "tool_calls": [_call(call) for call in calls]}
    for call in calls:
        yield {"role": "tool", "tool_call_id": call.call_id, "content": results[call.call_id]}


def _call(call: FunctionCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments or "{}"}
    return {"id": call.call_id, "type": "function", "function": function}


def _content(line: Line, *, sees: bool) -> str | list[dict[str, Any]]:
    pictures = line.item.pictures if isinstance(line.item, Message) else ()
    if not (sees and pictures):
        return line.text
    shown = [{"type": "image_url", "image_url": {"url": each.url, "detail": each.detail}} for each in pictures]
    return [*shown, {"type": "text", "text": line.text}]


def _options(prompt: Prompt) -> dict[str, Any]:
    """What is sent only where the prompt says it."""
    given: dict[str, Any] = {
        "reasoning_effort": prompt.effort,
        "top_p": prompt.top_p,
        "seed": prompt.seed,
        "stop": list(prompt.stop) or None,
    }
    if prompt.schema is not None:
        shape = {"name": "reply", "schema": dict(prompt.schema)}
        given["response_format"] = {"type": "json_schema", "json_schema": shape}
    return {name: value for name, value in given.items() if value is not None}


def _tool(tool: Tool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


def _choice(choice: ToolChoice) -> str | dict[str, Any]:
    return {"type": "function", "function": {"name": choice.name}} if choice.mode == "function" else choice.mode


def _collected(chunk: ChatCompletionChunk, drafts: dict[int, _Draft]) -> str:
    """The words of a chunk; what it holds of tool calls goes into `drafts`."""
    words = ""
    for choice in chunk.choices:
        words += choice.delta.content or ""
        for piece in choice.delta.tool_calls or ():
            draft = drafts.setdefault(piece.index, _Draft())
            if piece.function is not None:
                draft.name += piece.function.name or ""
                draft.arguments += piece.function.arguments or ""
    return words


def _counted(done: Done, chunk: ChatCompletionChunk) -> Done:
    cut_short = done.cut_short or any(choice.finish_reason == "length" for choice in chunk.choices)
    if (usage := chunk.usage) is None:
        return Done(done.prompt_tokens, done.cached_tokens, done.completion_tokens, cut_short)
    details = usage.prompt_tokens_details
    cached = (details.cached_tokens if details else None) or 0
    return Done(usage.prompt_tokens, cached, usage.completion_tokens, cut_short)
