"""Prompts as OpenAI's chat messages, and its chunks as thoughts. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from openai.types import CompletionUsage
from openai.types.chat import ChatCompletionChunk
from openai.types.chat.chat_completion_chunk import ChoiceDelta, ChoiceDeltaToolCall

from vivavoce.conversation.config import ToolChoice
from vivavoce.conversation.items import FunctionCall, Message
from vivavoce.engines.llm.patience import Unusable
from vivavoce.engines.llm.render import Line, Ruler, fit, lines_of, runs
from vivavoce.engines.llm.scores import WordCutter, scored
from vivavoce.engines.llm.think_tags import ThinkTags, cut
from vivavoce.engines.llm.tools import wire_tool
from vivavoce.ports import Call, Done, Prompt, Reasoning, Thought, Words

MOST_STOPS = 4
"""What OpenAI takes; we cut the reply at the others ourselves."""
REASONING = ("reasoning_content", "reasoning")
"""Fields beside the content in which servers tell a model's thinking: vLLM and llama.cpp, Ollama and OpenRouter."""


# --- out ---------------------------------------------------------------------------------------------


def messages(prompt: Prompt, room: int, *, sees: bool) -> list[dict[str, Any]]:
    """Instructions first, then as many of the newest items as fit into `room` tokens."""
    ruler = Ruler()
    tools = sum(ruler.tokens(str(wire_tool(tool))) for tool in prompt.tools)
    head = ruler.clip(prompt.instructions, room * 3 // 4)
    left = max(room - ruler.tokens(head) - tools, room // 8)
    lines = fit(lines_of(prompt.items), left, ruler, prompt.truncation)
    return [{"role": "system", "content": head}, *_chat(lines, sees=sees)]


def options(prompt: Prompt) -> dict[str, Any]:
    """What is sent only where the prompt says it."""
    given: dict[str, Any] = {"seed": prompt.seed, "stop": list(prompt.stop[:MOST_STOPS]) or None}
    if prompt.schema is not None:
        shape = {"name": "reply", "schema": dict(prompt.schema)}
        given["response_format"] = {"type": "json_schema", "json_schema": shape}
    if prompt.tools:
        given["tools"] = [wire_tool(tool) for tool in prompt.tools]
        given["tool_choice"] = _choice(prompt.tool_choice)
    return {name: value for name, value in given.items() if value is not None}


def sampling(prompt: Prompt) -> dict[str, Any]:
    """How tokens are to be chosen, where the prompt says it; the temperature stands apart."""
    asked = prompt.sampling
    given: dict[str, Any] = {
        "top_p": prompt.top_p,
        "presence_penalty": asked.presence_penalty or None,
        "frequency_penalty": asked.frequency_penalty or None,
        "logit_bias": {str(token): bias for token, bias in asked.logit_bias.items()} or None,
        "logprobs": None if asked.logprobs is None else True,
        "top_logprobs": asked.logprobs or None,
    }
    return {name: value for name, value in given.items() if value is not None}


def _choice(choice: ToolChoice) -> str | dict[str, Any]:
    return {"type": "function", "function": {"name": choice.name}} if choice.mode == "function" else choice.mode


def _chat(lines: Sequence[Line], *, sees: bool) -> Iterator[dict[str, Any]]:
    for calls, told in runs(lines):
        if calls:
            yield {"role": "assistant", "content": None, "tool_calls": [_call(call) for call, _ in calls]}
        for call, result in calls:
            yield {"role": "tool", "tool_call_id": call.call_id, "content": result}
        yield from ({"role": line.role, "content": _content(line, sees=sees)} for line in told)


def _call(call: FunctionCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments or "{}"}
    return {"id": call.call_id, "type": "function", "function": function}


def _content(line: Line, *, sees: bool) -> str | list[dict[str, Any]]:
    pictures = line.item.pictures if isinstance(line.item, Message) else ()
    if not (sees and pictures):
        return line.text
    shown = [{"type": "image_url", "image_url": {"url": each.url, "detail": each.detail}} for each in pictures]
    return [*shown, {"type": "text", "text": line.text}]


# --- in ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Draft:
    """A tool call whose pieces are still arriving."""

    id: str | None = None
    name: str = ""
    arguments: str = ""


@dataclass(slots=True)
class Reading:
    """Makes thoughts of the chunks of one answer to `prompt`. `most`: characters after which it is no answer."""

    prompt: Prompt
    most: int
    _done: Done = field(default_factory=Done)
    _finish: str | None = None
    _drafts: dict[int, list[_Draft]] = field(default_factory=dict[int, list[_Draft]])
    _tags: ThinkTags = field(default_factory=ThinkTags)
    _written: int = 0
    _cutter: WordCutter = field(init=False)

    def __post_init__(self) -> None:
        self._cutter = WordCutter(self.prompt.stop)

    @property
    def over(self) -> bool:
        """Whether a stop text has come, which a server that knows none goes on after."""
        return self._cutter.found is not None

    @property
    def begun(self) -> bool:
        """Whether anything of the answer has come."""
        return self._written > 0

    def push(self, chunk: ChatCompletionChunk) -> Iterator[Words | Reasoning]:
        """Raises Unusable for an answer that does not end."""
        if chunk.usage is not None:
            self._done = _counted(self._done, chunk.usage)
        for choice in chunk.choices[:1]:
            self._finish = choice.finish_reason or self._finish
            if choice.logprobs is not None:
                self._cutter.score(scored(each.model_dump() for each in choice.logprobs.content or ()))
            yield from self._delta(choice.delta)
        if self._written > self.most:
            raise Unusable("sent an answer without end")

    def finish(self) -> Iterator[Thought]:
        """What is left, then Done. Raises Unusable for an answer that is none or broke off."""
        yield from cut(self._tags.finish(), self._cutter)
        if rest := self._cutter.finish():
            yield rest
        if self._finish is None and not self.over:
            raise Unusable("broke off" if self._written else "sent no answer")
        calls = [draft for drafts in self._drafts.values() for draft in drafts]
        if self._finish != "length":  # a call that the limit cut off is none
            yield from map(_whole, calls)
        yield replace(self._done, cut_short=self._finish == "length", stopped=self._cutter.found)

    def _delta(self, delta: ChoiceDelta) -> Iterator[Words | Reasoning]:
        more = delta.model_extra or {}
        thinking = next((more[name] for name in REASONING if isinstance(more.get(name), str)), "")
        words = delta.content or ""
        self._written += len(thinking) + len(words)
        if thinking:
            yield Reasoning(thinking)
        yield from cut(self._tags.push(words), self._cutter)
        for piece in delta.tool_calls or ():
            self._collect(piece)

    def _collect(self, piece: ChoiceDeltaToolCall) -> None:
        """Some servers give all calls the same index, each with an id of its own."""
        drafts = self._drafts.setdefault(piece.index or 0, [])
        if not drafts or (piece.id and drafts[-1].id and piece.id != drafts[-1].id):
            drafts.append(_Draft())
        draft = drafts[-1]
        draft.id = piece.id or draft.id
        if piece.function is not None:
            draft.name += piece.function.name or ""
            draft.arguments += piece.function.arguments or ""
            self._written += len(piece.function.arguments or "")


def _whole(draft: _Draft) -> Call:
    try:
        arguments = json.loads(draft.arguments or "{}")
    except ValueError:
        raise Unusable("wrote a tool call that is no JSON") from None
    if not draft.name or not isinstance(arguments, dict):
        raise Unusable("wrote a tool call without a name or arguments")
    return Call(draft.name, draft.arguments or "{}")


def _counted(done: Done, usage: CompletionUsage) -> Done:
    read, written = usage.prompt_tokens_details, usage.completion_tokens_details
    return replace(
        done,
        prompt_tokens=usage.prompt_tokens or 0,
        cached_tokens=(read.cached_tokens if read else None) or 0,
        completion_tokens=usage.completion_tokens or 0,
        reasoning_tokens=(written.reasoning_tokens if written else None) or 0,
    )
