"""A response as OpenAI writes it: the object, and the events that tell how it comes to be. Pure: no clock, no I/O."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, assert_never

from vivavoce.api.problems import Trouble
from vivavoce.api.rest.replies import told_mind
from vivavoce.api.rest.responses_items import PRIVATE
from vivavoce.api.rest.sampling import part_logprobs
from vivavoce.conversation.items import FunctionCall, HostedCall, ToolListing, new_id
from vivavoce.ports import Call, Done, Reasoning, ScoredToken, Words
from vivavoce.session.text_answer import Asks, Listing, Ran, Running, Step
from vivavoce.storage.bodies import Body, body_of

Wire = dict[str, Any]

CODES = {503: "rate_limit_exceeded", 429: "rate_limit_exceeded", 400: "invalid_prompt"}
USAGE_AT_FIRST = Done()
COMPACTION = "compaction"


@dataclass(slots=True)
class _Open:
    """The message, or the thinking, that is being written. `index`: its place in the output."""

    index: int
    body: Body
    kind: str
    text: str = ""
    tokens: list[ScoredToken] = field(default_factory=list[ScoredToken])


class Telling:
    """What a response has become so far. Every method gives the events of what happened; each has the next
    `sequence_number`."""

    def __init__(
        self,
        response_id: str,
        model: str,
        created: int,
        echo: Mapping[str, Any],
        custom: frozenset[str],
        seal: Callable[[str], str] | None = None,
    ) -> None:
        """`custom`: tools that take free text; `seal`: of thinking, where clients want it sealed, too."""
        self._head = {"id": response_id, "object": "response", "created_at": created, "model": model, **echo}
        self._custom, self._seal = custom, seal
        self._next = 0
        self._status = "in_progress"
        self._ended: dict[str, Any] = {"completed_at": None, "error": None, "incomplete_details": None}
        self._usage: Done | None = None
        self._open: _Open | None = None
        self._places: dict[str, int] = {}
        """Where in the output the items are that are not closed yet."""
        self.output: list[Body] = []

    # --- the response

    def response(self) -> Wire:
        """The response as it stands; what only we need is left out."""
        output = [shown(body) for body in self.output]
        usage = None if self._usage is None else usage_wire(self._usage)
        told = {} if self._usage is None else told_mind(self._usage)
        return {**self._head, "status": self._status, **self._ended, "output": output, "usage": usage, **told}

    def began(self, status: str = "in_progress") -> Wire:
        self._status = status
        return self._event("response.created", response=self.response())

    def queued(self) -> Wire:
        return self._event("response.queued", response=self.response())

    def in_progress(self) -> Wire:
        self._status = "in_progress"
        return self._event("response.in_progress", response=self.response())

    def ended(self, now: int) -> list[Wire]:
        """All has been said."""
        cut_short = self._usage is not None and self._usage.cut_short
        events = self._closed("incomplete" if cut_short else "completed")
        self._status = "incomplete" if cut_short else "completed"
        if cut_short:
            self._ended["incomplete_details"] = {"reason": "max_output_tokens"}
        else:
            self._ended["completed_at"] = now
        return [*events, self._event(f"response.{self._status}", response=self.response())]

    def failed(self, trouble: Trouble) -> list[Wire]:
        events = self._closed("incomplete")
        self._status = "failed"
        code = CODES.get(trouble.status, "server_error")
        self._ended["error"] = {"code": code, "message": trouble.message}
        return [*events, self._event("response.failed", response=self.response())]

    def steered(self) -> list[Wire]:
        """It ends here, for another one that knows more."""
        events = self._closed("incomplete")
        self._status, self._ended["incomplete_details"] = "incomplete", {"reason": "steered"}
        return [*events, self._event("response.incomplete", response=self.response())]

    @property
    def at_work(self) -> bool:
        """A tool beside the server is running, or is being asked for."""
        return bool(self._places)

    def cancelled(self) -> None:
        """There is no event for that: the stream ends."""
        self._closed("incomplete")
        self._status = "cancelled"

    # --- the steps

    def of(self, step: Step) -> list[Wire]:
        match step:
            case Words(text, tokens):
                return [*self._opened("message"), *self._written(text, tokens)] if text else []
            case Reasoning(text):
                return [*self._opened("reasoning"), *self._written(text)] if text else []
            case Call():
                return [*self._closed(), *self._call(step)]
            case Done():
                return self._counted(step)
            case _:
                return self._hosted(step)

    def _hosted(self, step: Listing | Running | Ran | Asks) -> list[Wire]:
        match step:
            case Listing(item):
                return self._listing(item)
            case Running(item):
                return [*self._closed(), *self._running(item)]
            case Ran(item):
                return self._ran(item)
            case Asks(item):
                return [*self._closed(), *self._whole(body_of(item))]
            case _:
                assert_never(step)

    def _counted(self, done: Done) -> list[Wire]:
        before = self._usage or USAGE_AT_FIRST
        self._usage = replace(
            done,
            mind=done.mind or before.mind,  # a result that is told as it stands needed none
            reason=done.reason or before.reason,
            prompt_tokens=before.prompt_tokens + done.prompt_tokens,
            cached_tokens=before.cached_tokens + done.cached_tokens,
            completion_tokens=before.completion_tokens + done.completion_tokens,
            reasoning_tokens=before.reasoning_tokens + done.reasoning_tokens,
        )
        return self._closed("incomplete" if done.cut_short else "completed")

    # --- words

    def _opened(self, kind: str) -> list[Wire]:
        if self._open is not None and self._open.kind == kind:
            return []
        events = self._closed()
        if kind == "message":
            body = {"id": new_id("msg"), "type": kind, "status": "in_progress", "role": "assistant", "content": []}
        else:
            body = {"id": new_id("rs"), "type": kind, "status": "in_progress", "summary": [], "content": []}
        events.append(self._added(body))
        self._open = _Open(len(self.output) - 1, body, kind)
        return [*events, self._part_event("added", _part(kind, ""))]

    def _written(self, text: str, tokens: Sequence[ScoredToken] = ()) -> list[Wire]:
        it = self._open
        assert it is not None  # noqa: S101 - `_opened` comes before
        it.text += text
        it.tokens.extend(tokens)
        if it.kind == "message":
            return [self._text_event("response.output_text.delta", delta=text, logprobs=part_logprobs(tokens))]
        return [self._text_event("response.reasoning_text.delta", delta=text)]

    def _closed(self, status: str = "completed") -> list[Wire]:
        """The end of what is being written, if anything is."""
        if (it := self._open) is None:
            return []
        part = _part(it.kind, it.text, it.tokens)
        it.body |= {"content": [part], "status": status}
        if it.kind == "reasoning" and self._seal is not None:
            it.body["encrypted_content"] = self._seal(it.text)
        name = "output_text" if it.kind == "message" else "reasoning_text"
        logprobs: Wire = {"logprobs": part["logprobs"]} if it.kind == "message" else {}
        events = [
            self._text_event(f"response.{name}.done", text=it.text, **logprobs),
            self._part_event("done", part),
            self._item_event("done", it.index),
        ]
        self._open = None
        return events

    # --- calls

    def _call(self, call: Call) -> Iterator[Wire]:
        """One that the client has to run."""
        if call.name in self._custom:
            yield from self._custom_call(call)
            return
        item = FunctionCall(new_id("fc"), new_id("call"), call.name, call.arguments)
        yield self._added({**body_of(item), "arguments": "", "status": "in_progress"})
        place = len(self.output) - 1
        yield self._about("response.function_call_arguments.delta", place, delta=call.arguments)
        yield self._about("response.function_call_arguments.done", place, arguments=call.arguments, name=call.name)
        self.output[place] = body_of(item)
        yield self._item_event("done", place)

    def _custom_call(self, call: Call) -> Iterator[Wire]:
        text = _free_text(call.arguments)
        body = {
            "id": new_id("ctc"),
            "type": "custom_tool_call",
            "call_id": new_id("call"),
            "name": call.name,
            "input": "",
        }
        yield self._added(body)
        place = len(self.output) - 1
        yield self._about("response.custom_tool_call_input.delta", place, delta=text)
        yield self._about("response.custom_tool_call_input.done", place, input=text)
        self.output[place] = {**body, "input": text}
        yield self._item_event("done", place)

    def _running(self, call: HostedCall) -> Iterator[Wire]:
        body = body_of(call)
        yield self._added({**body, "arguments": ""})
        place = self._places[call.id] = len(self.output) - 1
        yield self._about("response.mcp_call.in_progress", place)
        yield self._about("response.mcp_call_arguments.delta", place, delta=call.arguments)
        yield self._about("response.mcp_call_arguments.done", place, arguments=call.arguments)
        self.output[place] = body

    def _ran(self, call: HostedCall) -> list[Wire]:
        place = self._places.pop(call.id)
        self.output[place] = body_of(call)
        ending = "completed" if call.error is None else "failed"
        return [self._about(f"response.mcp_call.{ending}", place), self._item_event("done", place)]

    def _listing(self, item: ToolListing) -> list[Wire]:
        if item.id not in self._places:
            events = [*self._closed(), self._added(body_of(item))]
            place = self._places[item.id] = len(self.output) - 1
            return [*events, self._about("response.mcp_list_tools.in_progress", place)]
        place = self._places.pop(item.id)
        self.output[place] = body_of(item)
        ending = "completed" if item.error is None else "failed"
        return [self._about(f"response.mcp_list_tools.{ending}", place), self._item_event("done", place)]

    def compacting(self) -> list[Wire]:
        """What was said is being made short."""
        body = {"id": new_id("cmp"), "type": "compaction", "encrypted_content": ""}
        added = self._added(body)
        place = self._places[COMPACTION] = len(self.output) - 1
        return [added, self._about("response.compaction.compacting", place)]

    def compacted(self, content: str) -> list[Wire]:
        place = self._places.pop(COMPACTION)
        self.output[place] = {**self.output[place], "encrypted_content": content}
        return [self._item_event("done", place)]

    def not_compacted(self) -> None:
        """It came to nothing: a response that ends so has no such item."""
        del self.output[self._places.pop(COMPACTION)]

    def _whole(self, body: Body) -> list[Wire]:
        """An item that is there at once."""
        return [self._added(body), self._item_event("done", len(self.output) - 1)]

    # --- events

    def _event(self, kind: str, **fields: Any) -> Wire:
        number, self._next = self._next, self._next + 1
        return {"type": kind, "sequence_number": number, **fields}

    def _added(self, body: Body) -> Wire:
        self.output.append(body)
        return self._item_event("added", len(self.output) - 1)

    def _item_event(self, what: str, place: int) -> Wire:
        return self._event(f"response.output_item.{what}", output_index=place, item=dict(shown(self.output[place])))

    def _about(self, kind: str, place: int, **fields: Any) -> Wire:
        return self._event(kind, output_index=place, item_id=self.output[place]["id"], **fields)

    def _text_event(self, kind: str, **fields: Any) -> Wire:
        assert self._open is not None  # noqa: S101 - only while something is being written
        return self._about(kind, self._open.index, content_index=0, **fields)

    def _part_event(self, what: str, part: Body) -> Wire:
        return self._text_event(f"response.content_part.{what}", part=part)


def shown(body: Body) -> Body:
    """A body as clients see it."""
    if body.get("type") == "message":
        content = [{name: value for name, value in part.items() if name != PRIVATE} for part in body["content"]]
        body = {**body, "content": content}
    return {name: value for name, value in body.items() if name != PRIVATE}


def _part(kind: str, text: str, tokens: Iterable[ScoredToken] = ()) -> Body:
    if kind == "message":
        return {"type": "output_text", "text": text, "annotations": [], "logprobs": part_logprobs(tokens)}
    return {"type": "reasoning_text", "text": text}


def _free_text(arguments: str) -> str:
    """What a custom tool is given: models write it as the one field of an object."""
    try:
        value = json.loads(arguments)
    except ValueError:
        return arguments
    text = value.get("input") if isinstance(value, dict) else None
    return text if isinstance(text, str) else arguments


def usage_wire(done: Done) -> Wire:
    return {
        "input_tokens": done.prompt_tokens,
        "input_tokens_details": {"cached_tokens": done.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": done.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": done.reasoning_tokens},
        "total_tokens": done.prompt_tokens + done.completion_tokens,
    }
