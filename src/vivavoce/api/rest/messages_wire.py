"""A message on the wire, as Anthropic writes it: whole, or as the events of a stream. Pure."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

from vivavoce.api.rest.messages_request import OURS
from vivavoce.api.rest.replies import Reply, told_mind
from vivavoce.conversation.items import Thinking, new_id
from vivavoce.ports import Call, Done, Reasoning, Thought, Words

Wire = dict[str, Any]


def message(model: str, reply: Reply, *, thinking: bool) -> Wire:
    content: list[Wire] = []
    if thinking:
        content.extend(map(_thinking_block, reply.thinking))
    if reply.text:
        content.append(_text(reply.text))
    content.extend(_tool_use(call, _arguments(call)) for call in reply.calls)
    wire = _empty(model, 0)
    return wire | {
        "content": content,
        "stop_reason": _stop_reason(reply.done, bool(reply.calls)),
        "stop_sequence": reply.done.stopped,
        "usage": wire["usage"] | _usage(reply.done),
        **told_mind(reply.done),
    }


class MessageEvents:
    """The events of one message, each block opened and closed as the thoughts have it."""

    def __init__(self, model: str, prompt_tokens: int, *, thinking: bool) -> None:
        self._model, self._prompt_tokens, self._thinking = model, prompt_tokens, thinking
        self._open: str | None = None
        self._index, self._called, self._thought = 0, False, ""

    def opening(self) -> Iterator[Wire]:
        yield {"type": "message_start", "message": _empty(self._model, self._prompt_tokens)}
        yield {"type": "ping"}

    def of(self, thought: Thought) -> Iterator[Wire]:
        match thought:
            case Words():
                yield from self._in_block("text", _text(""))
                yield self._delta({"type": "text_delta", "text": thought.text})
            case Reasoning():
                if self._thinking:
                    yield from self._reasoned(thought)
            case Call():
                yield from self._closed()
                yield from self._in_block("tool_use", _tool_use(thought, {}))
                self._called = True
                yield self._delta({"type": "input_json_delta", "partial_json": json.dumps(_arguments(thought))})
                yield from self._closed()
            case Done():
                yield from self._closed()
                delta = {"stop_reason": _stop_reason(thought, self._called), "stop_sequence": thought.stopped}
                yield {"type": "message_delta", "delta": delta, "usage": _usage(thought), **told_mind(thought)}
                yield {"type": "message_stop"}

    def _reasoned(self, thought: Reasoning) -> Iterator[Wire]:
        if thought.redacted:
            yield from self._closed()
            yield from self._in_block("redacted_thinking", {"type": "redacted_thinking", "data": thought.redacted})
            yield from self._closed()
            return
        yield from self._in_block("thinking", {"type": "thinking", "thinking": "", "signature": ""})
        self._thought += thought.text
        if thought.text:
            yield self._delta({"type": "thinking_delta", "thinking": thought.text})
        if thought.signature:
            yield from self._closed(thought.signature)

    def _in_block(self, kind: str, block: Wire) -> Iterator[Wire]:
        """Open a block of the kind, unless one is."""
        if self._open == kind:
            return
        yield from self._closed()
        self._open = kind
        yield {"type": "content_block_start", "index": self._index, "content_block": block}

    def _closed(self, signature: str = "") -> Iterator[Wire]:
        if self._open is None:
            return
        if self._open == "thinking":
            yield self._delta({"type": "signature_delta", "signature": signature or _signature(self._thought)})
        yield {"type": "content_block_stop", "index": self._index}
        self._open, self._index, self._thought = None, self._index + 1, ""

    def _delta(self, delta: Wire) -> Wire:
        return {"type": "content_block_delta", "index": self._index, "delta": delta}


def _empty(model: str, prompt_tokens: int) -> Wire:
    usage = {
        "input_tokens": prompt_tokens,
        "output_tokens": 0,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "service_tier": "standard",
    }
    return {
        "id": new_id("msg"),
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }


def _text(text: str) -> Wire:
    return {"type": "text", "text": text, "citations": None}


def _tool_use(call: Call, arguments: Wire) -> Wire:
    return {"type": "tool_use", "id": new_id("toolu"), "name": call.name, "input": arguments}


def _arguments(call: Call) -> Wire:
    """Anthropic's clients take nothing but an object."""
    try:
        value = json.loads(call.arguments or "{}")
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {}


def _stop_reason(done: Done, called: bool) -> str:
    if called:
        return "tool_use"
    if done.stopped is not None:
        return "stop_sequence"
    return "max_tokens" if done.cut_short else "end_turn"


def _usage(done: Done) -> Wire:
    """What was in the cache counts apart."""
    cached = min(done.cached_tokens, done.prompt_tokens)
    return {
        "input_tokens": done.prompt_tokens - cached,
        "cache_read_input_tokens": cached,
        "output_tokens": done.completion_tokens,
    }


def _thinking_block(block: Thinking) -> Wire:
    if block.redacted:
        return {"type": "redacted_thinking", "data": block.redacted}
    return {"type": "thinking", "thinking": block.text, "signature": block.signature or _signature(block.text)}


def _signature(thinking: str) -> str:
    """For minds that sign nothing. Clients hand it back with the block; nobody checks it."""
    return OURS + base64.b64encode(hashlib.sha256(thinking.encode(errors="replace")).digest()).decode()
