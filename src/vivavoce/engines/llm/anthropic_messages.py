"""Prompts as requests of Anthropic's Messages API, and its events as thoughts. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Literal

from anthropic.types import (
    InputJSONDelta,
    MessageDeltaUsage,
    RawContentBlockDeltaEvent,
    RawContentBlockStartEvent,
    RawContentBlockStopEvent,
    RawMessageDeltaEvent,
    RawMessageStartEvent,
    RawMessageStopEvent,
    RawMessageStreamEvent,
    RedactedThinkingBlock,
    SignatureDelta,
    TextDelta,
    ThinkingDelta,
    ToolUseBlock,
    Usage,
)

from vivavoce.conversation.config import Tool, ToolChoice
from vivavoce.conversation.items import FunctionCall, FunctionOutput, Image, Message, Readable
from vivavoce.engines.llm.patience import Unusable
from vivavoce.engines.llm.render import UNSEEN, Line, Ruler, fit, lines_of, runs
from vivavoce.engines.llm.stops import StopCutter
from vivavoce.ports import Call, Done, Prompt, Reasoning, Sampling, Thought, Words

Block = dict[str, Any]
Thinking = Literal["off", "adaptive", "budget"]

CACHED = {"type": "ephemeral"}
BEGIN, GO_ON = "(The person has not said anything yet.)", "(Go on.)"
"""The API wants a word of the user first and last."""
BUDGETS = {"minimal": 1024, "low": 2048, "medium": 4096, "high": 8192, "xhigh": 16_384}
EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh"}
OPEN_ENDED = ("max_tokens", "model_context_window_exceeded")


# --- out ---------------------------------------------------------------------------------------------


def request(
    prompt: Prompt, model: str, reply: int, room: int, thinking: Thinking, *, sees: bool = True
) -> dict[str, Any]:
    """`reply`: tokens of the reply at most; `room`: of instructions and conversation."""
    ruler = Ruler()
    tools = [_tool(tool) for tool in prompt.tools]
    head = ruler.clip(prompt.instructions, room * 3 // 4)
    left = max(room - ruler.tokens(head) - sum(ruler.tokens(str(tool)) for tool in tools), room // 8)
    manner = _manner(prompt, reply, thinking)
    lines = fit(_lines(prompt.items, thinks="thinking" in manner), left, ruler, prompt.truncation)
    asked: dict[str, Any] = {
        "model": model,
        "max_tokens": reply,
        "messages": turns(lines, sees=sees),
        "stream": True,
    }
    if head.strip():
        asked["system"] = [{"type": "text", "text": head, "cache_control": CACHED}]
    if tools:
        asked |= {"tools": tools, "tool_choice": _choice(prompt.tool_choice)}
    if stops := [stop for stop in prompt.stop if stop.strip()]:
        asked["stop_sequences"] = stops
    return asked | manner


def _lines(items: Iterable[Readable], *, thinks: bool) -> list[Line]:
    """What is read of the items. Earlier thinking goes back only where there will be more: elsewhere it is not read."""
    lines: list[Line] = []
    for item in items:
        given = item if thinks or not isinstance(item, Message) else replace(item, thinking=())
        thought_only = isinstance(given, Message) and given.thinking and not given.text
        lines += [Line("assistant", "", given)] if thought_only else lines_of([given])
    return lines


def _thought_about(items: Sequence[Readable]) -> bool:
    """Whether the calls whose results come last have the thoughts that led to them."""
    for item in reversed(items):
        if isinstance(item, Message):
            return bool(item.thinking)
    return False


def _manner(prompt: Prompt, reply: int, thinking: Thinking) -> dict[str, Any]:
    """How it is to think, and in what form to answer. A forced call may not be thought about, and a call's result only
    where the thoughts come along that led to it."""
    form: dict[str, Any] = {}
    if prompt.schema is not None:
        form["format"] = {"type": "json_schema", "schema": dict(prompt.schema)}
    given: dict[str, Any] = {}
    forced = prompt.tools and prompt.tool_choice.mode in ("required", "function")
    told = prompt.items and isinstance(prompt.items[-1], FunctionOutput)
    if thinking != "off" and not forced and (not told or _thought_about(prompt.items)):
        if thinking == "adaptive":
            given["thinking"] = {"type": "adaptive", "display": "summarized"}
        else:
            budget = BUDGETS.get(prompt.effort or "medium", BUDGETS["medium"])
            given |= {"thinking": {"type": "enabled", "budget_tokens": budget}, "max_tokens": reply + budget}
    if thinking == "adaptive" and prompt.effort in EFFORTS:
        form["effort"] = EFFORTS[prompt.effort]
    return given | ({"output_config": form} if form else {})


def unknown(sampling: Sampling) -> list[str]:
    """What is asked that the API has no field for."""
    asked = {
        "presence_penalty": sampling.presence_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        "logit_bias": sampling.logit_bias,
        "logprobs": sampling.logprobs is not None,
    }
    return [name for name, value in asked.items() if value]


def _tool(tool: Tool) -> dict[str, Any]:
    return {
        "name": tool.name,
        "description": tool.description,
        "input_schema": {"type": "object", **tool.parameters},
    }


def _choice(choice: ToolChoice) -> dict[str, Any]:
    match choice.mode:
        case "function":
            return {"type": "tool", "name": choice.name}
        case "required":
            return {"type": "any"}
    return {"type": choice.mode}


def turns(lines: Sequence[Line], *, sees: bool = True) -> list[dict[str, Any]]:
    """The lines as turns of user and assistant, the results of calls right after the calls. A call that nobody has
    answered is left out. The last block is marked, so that the next request finds all before it in the cache."""
    told: list[dict[str, Any]] = []
    for role, blocks in groupby(_blocks(lines, sees=sees), lambda each: each[0]):
        told.append({"role": role, "content": [block for _, block in blocks]})
    if not told or told[0]["role"] == "assistant":
        told.insert(0, _said(BEGIN))
    if told[-1]["role"] == "assistant":
        told.append(_said(GO_ON))
    told[-1]["content"][-1]["cache_control"] = CACHED
    return told


def _said(words: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": words}]}


def _blocks(lines: Sequence[Line], *, sees: bool) -> Iterator[tuple[str, Block]]:
    for calls, told in runs(lines):
        for call, _ in calls:
            yield "assistant", {"type": "tool_use", "id": _id(call), "name": call.name, "input": _input(call)}
        for call, result in calls:
            yield "user", {"type": "tool_result", "tool_use_id": _id(call), "content": result}
        yield from ((_role(line), block) for line in told for block in _content(line, sees=sees))


def _role(line: Line) -> str:
    return "assistant" if line.role == "assistant" else "user"


def _id(call: FunctionCall) -> str:
    return re.sub(r"[^a-zA-Z0-9_-]", "_", call.call_id)


def _input(call: FunctionCall) -> dict[str, Any]:
    try:
        given = json.loads(call.arguments or "{}")
    except ValueError:
        return {}
    return given if isinstance(given, dict) else {}


def _content(line: Line, *, sees: bool) -> Iterator[Block]:
    for thought in line.item.thinking if isinstance(line.item, Message) else ():
        if thought.redacted:
            yield {"type": "redacted_thinking", "data": thought.redacted}
        else:
            yield {"type": "thinking", "thinking": thought.text, "signature": thought.signature}
    words = line.text.strip()
    for picture in line.item.pictures if isinstance(line.item, Message) and sees else ():
        if (block := _picture(picture)) is not None:
            yield block
            words = words.removeprefix(UNSEEN).lstrip()
    if words:
        # the API has no system in the middle of a talk
        yield {"type": "text", "text": f"<system>\n{words}\n</system>" if line.role == "system" else words}


def _picture(picture: Image) -> Block | None:
    found = re.fullmatch(r"data:(image/(?:png|jpeg|gif|webp));base64,(.+)", picture.url, re.DOTALL)
    if found is None:
        return None
    return {"type": "image", "source": {"type": "base64", "media_type": found[1], "data": found[2]}}


# --- in ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Reading:
    """Makes thoughts of the events of one answer to `prompt`. `most`: characters after which it is no answer."""

    prompt: Prompt
    most: int
    _done: Done = field(default_factory=Done)
    _calls: dict[int, tuple[str, list[str]]] = field(default_factory=dict[int, tuple[str, list[str]]])
    _why: str | None = None
    _ended: bool = False
    _written: int = 0
    _cutter: StopCutter = field(init=False)

    def __post_init__(self) -> None:
        self._cutter = StopCutter(self.prompt.stop)

    @property
    def over(self) -> bool:
        """Whether a stop text has come that the API does not take."""
        return self._cutter.found is not None

    def push(self, event: RawMessageStreamEvent) -> Iterator[Thought]:
        """Raises Unusable for an answer that does not end, or a call that is none."""
        match event:
            case RawMessageStartEvent():
                self._done = _counted(self._done, event.message.usage)
            case RawContentBlockStartEvent(content_block=ToolUseBlock(name=name), index=index):
                self._calls[index] = (name, [])
            case RawContentBlockStartEvent(content_block=RedactedThinkingBlock(data=data)):
                yield Reasoning("", redacted=data)
            case RawContentBlockDeltaEvent():
                yield from self._delta(event)
            case RawContentBlockStopEvent(index=index) if index in self._calls:
                yield _whole(*self._calls.pop(index))
            case RawMessageDeltaEvent():
                self._done = _counted(self._done, event.usage)
                self._why = event.delta.stop_reason
                self._done = replace(self._done, stopped=event.delta.stop_sequence)
            case RawMessageStopEvent():
                self._ended = True

    def finish(self) -> Iterator[Thought]:
        """What is left, then Done. Raises Unusable for an answer that is none or broke off."""
        if rest := self._cutter.finish():
            yield Words(rest)
        if not (self._ended or self.over):
            raise Unusable("broke off" if self._written else "sent no answer")
        cut_short = self._why in OPEN_ENDED and not self.over
        yield replace(self._done, cut_short=cut_short, stopped=self._cutter.found or self._done.stopped)

    @property
    def declined(self) -> bool:
        """The model would not answer, and has said nothing."""
        return self._why == "refusal" and not self._written

    def _delta(self, event: RawContentBlockDeltaEvent) -> Iterator[Thought]:
        match event.delta:
            case TextDelta(text=text):
                self._written += len(text)
                if words := self._cutter.push(text):
                    yield Words(words)
            case ThinkingDelta(thinking=thinking) if thinking:
                self._written += len(thinking)
                yield Reasoning(thinking)
            case SignatureDelta(signature=signature) if signature:
                yield Reasoning("", signature=signature)
            case InputJSONDelta(partial_json=piece) if event.index in self._calls:
                self._written += len(piece)
                self._calls[event.index][1].append(piece)
        if self._written > self.most:
            raise Unusable("sent an answer without end")


def _whole(name: str, pieces: Sequence[str]) -> Call:
    written = "".join(pieces) or "{}"
    try:
        arguments = json.loads(written)
    except ValueError:
        raise Unusable("wrote a tool call that is no JSON") from None
    if not isinstance(arguments, dict):
        raise Unusable("wrote a tool call without arguments")
    return Call(name, written)


def _counted(done: Done, usage: Usage | MessageDeltaUsage) -> Done:
    """Later counts are of all so far; what they leave out stays."""
    written = usage.output_tokens_details
    done = replace(
        done,
        completion_tokens=usage.output_tokens or 0,
        reasoning_tokens=written.thinking_tokens if written else done.reasoning_tokens,
    )
    if usage.input_tokens is None:
        return done
    cached, kept = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
    return replace(done, prompt_tokens=usage.input_tokens + cached + kept, cached_tokens=cached)
