"""Words that come while a response is made: it ends where it is, and another one goes on from there with them.

steer ─▶ accepted ─▶ the response ends (steered, or by itself) ─▶ a successor with the words
                                 └─ it waits for the client's tools ─▶ pending: they go with its next request
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from vivavoce.api.fields import Fields
from vivavoce.api.rest.responses_items import read_input
from vivavoce.api.rest.responses_request import ResponseAsked
from vivavoce.api.rest.responses_run import Making
from vivavoce.conversation.items import new_id
from vivavoce.errors import RequestError
from vivavoce.storage.bodies import Body

Wire = dict[str, Any]

MOST = 16
"""Steers that may wait for one response, and responses whose steers may wait for the client."""
STUBS = {
    "function_call": "function_call_output",
    "custom_tool_call": "custom_tool_call_output",
    "mcp_approval_request": "mcp_approval_response",
}
"""What a response waits for, by the item that asks for it."""


@dataclass(frozen=True, slots=True)
class _Steer:
    id: str
    input: Any
    given: tuple[Body, ...]


@dataclass(slots=True)
class _Target:
    """A response under way."""

    making: Making
    asked: ResponseAsked
    lane: str | None
    steers: list[_Steer] = field(default_factory=list[_Steer])


class Steering:
    """Of one connection. `tell`: sends an event."""

    def __init__(self, tell: Callable[[Mapping[str, Any]], Awaitable[None]]) -> None:
        self._tell = tell
        self._targets: dict[str, _Target] = {}
        self._waiting = OrderedDict[str, list[_Steer]]()
        self._numbers = count()

    def begin(self, making: Making, asked: ResponseAsked, lane: str | None) -> None:
        """The response may be steered from now on, until `next`."""
        self._targets[making.id] = _Target(making, asked, lane)

    async def take(self, fields: Fields) -> None:
        """A `response.steer`. Raises RequestError for one that names no response."""
        response_id = fields.need_text("previous_response_id", "name the response that is being made")
        target, given = self._targets.get(response_id), fields.get("input")
        try:
            steer = _Steer(new_id("steer"), given, _read(fields, target))
        except _Unfit as error:
            await self._failed(error.code, str(error), {"previous_response_id": response_id, "input": given}, target)
            return
        assert target is not None  # noqa: S101 - else it is unfit
        target.steers.append(steer)
        told = {"id": steer.id, "previous_response_id": response_id}
        await self._told({"type": "response.steer.accepted", "steer": told}, target.lane)
        await target.making.steer()

    async def next(self, making: Making) -> ResponseAsked | None:
        """What is to follow a response that has ended, if it was steered."""
        target = self._targets.pop(making.id)
        stored = making.stored()
        if not target.steers:
            return None
        if stored.status not in ("completed", "incomplete"):
            for steer in target.steers:
                about = {"id": steer.id, "previous_response_id": making.id, "input": steer.input}
                message = f"The response has ended as {stored.status}; send the input with a new one."
                await self._failed("successor_creation_failed", message, about, target)
            return None
        wanted = [_stub(body) for body in making.output if body["type"] in STUBS]
        if wanted:
            await self._wait(target, wanted)
            return None
        given = tuple(body for steer in target.steers for body in steer.given)
        echo = {**target.asked.echo, "previous_response_id": making.id}
        return replace(target.asked, given=given, previous=making.id, echo=echo)

    def with_what_waits(self, asked: ResponseAsked) -> ResponseAsked:
        """The request, with what was accepted for the response that it goes on from."""
        steers = self._waiting.pop(asked.previous or "", [])
        given = tuple(body for steer in steers for body in steer.given)
        return replace(asked, given=(*given, *asked.given)) if given else asked

    async def _wait(self, target: _Target, wanted: list[Wire]) -> None:
        self._waiting[target.making.id] = target.steers
        while len(self._waiting) > MOST:
            self._waiting.popitem(last=False)
        for steer in target.steers:
            told = {"id": steer.id, "previous_response_id": target.making.id}
            event: Wire = {"type": "response.steer.pending", "steer": told, "required_input": wanted}
            await self._told({**event, "reason": "waiting_for_required_input"}, target.lane)

    async def _failed(self, code: str, message: str, steer: Wire, target: _Target | None) -> None:
        error = {"type": "invalid_request_error", "code": code, "message": message}
        event = {"type": "response.steer.failed", "error": error, "steer": steer}
        await self._told(event, None if target is None else target.lane)

    async def _told(self, event: Wire, lane: str | None) -> None:
        named = {} if lane is None else {"stream_id": lane}
        await self._tell({**event, "sequence_number": next(self._numbers), **named})


class _Unfit(Exception):
    """Cannot be accepted."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def _read(fields: Fields, target: _Target | None) -> tuple[Body, ...]:
    """The words for a response. Raises _Unfit."""
    if target is None:
        raise _Unfit("response_not_found", "No such response is being made on this connection.")
    if target.asked.conversation is not None:
        raise _Unfit("steering_not_supported", "A response of a conversation cannot be steered; wait for its end.")
    if len(target.steers) >= MOST:
        raise _Unfit("too_many_pending_steers", f"{MOST} inputs wait for this response already.")
    try:
        given = tuple(read_input(fields))
    except RequestError as error:
        raise _Unfit("invalid_input", str(error)) from None
    if (
        fields.get("input") == ""
        or not given
        or any(body["type"] != "message" or body["role"] != "user" for body in given)
    ):
        raise _Unfit("invalid_input", "'input' must be words of the user: a string, or messages with the role user.")
    return given


def _stub(body: Body) -> Wire:
    if body["type"] == "mcp_approval_request":
        return {"type": STUBS[body["type"]], "approval_request_id": body["id"]}
    named = {"name": body["name"]} if body["type"] == "function_call" else {}
    return {"type": STUBS[body["type"]], "call_id": body["call_id"], **named}
