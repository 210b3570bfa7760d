"""One answer in text, with the calls of hosted tools that it takes: for requests that stand alone, without a session.

approved calls run ─▶ the model is asked ─▶ words, calls of the client's own tools ─▶ the end
                          ▲                  └─ calls of hosted tools ─▶ may they? ─ no: ask the person, the end
                          └──────────── their results ◀── run ◀── yes ─┘
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from vivavoce.conversation.config import ReplyOptions, ToolChoice
from vivavoce.conversation.events import Event, ListingEnded, ListingStarted
from vivavoce.conversation.history import History
from vivavoce.conversation.hosted import read_foreign, readable
from vivavoce.conversation.items import (
    ApprovalRequest,
    ApprovalResponse,
    CallError,
    HostedCall,
    Item,
    Message,
    Text,
    ToolListing,
    new_id,
)
from vivavoce.errors import EngineTooSlow, ToolFailed, TurnError
from vivavoce.ports import Call, Done, Prompt, Thought, ToolContext, ToolResult, Words
from vivavoce.session.toolbox import Offer, Toolbox
from vivavoce.session.tooling import Tooling

ROUNDS = 8
"""Times that the model is asked for one answer; the last time without tools."""
LISTED_WITHIN = 15.0
"""Seconds that the answer waits for what tool servers offer."""
CALL_WITHIN = 120.0
"""Seconds that one call may take."""
ANSWER_WITHIN = 900.0
"""Seconds that all of it may take: minds have deadlines of their own, and this one is for those that trickle."""
LONGEST_RESULT = 100_000
"""Characters of a result: a server of others must not fill the memory."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A tool server is asked what it offers; `item.status` is in_progress until it has answered."""

    item: ToolListing


@dataclass(frozen=True, slots=True)
class Running:
    item: HostedCall


@dataclass(frozen=True, slots=True)
class Ran:
    """A call has its result, or its error."""

    item: HostedCall


@dataclass(frozen=True, slots=True)
class Asks:
    """A call waits for the person's yes, which the next request may bring."""

    item: ApprovalRequest


Step = Thought | Listing | Running | Ran | Asks
"""A `Call` is one that the client has to run; `Done` comes after each time that the model was asked."""
Tell = Callable[[Step], None]
Think = Callable[[Prompt], AsyncGenerator[Thought, None]]


@dataclass(frozen=True, slots=True)
class _Result:
    item: HostedCall
    spoken: str | None


class TextAnswer:
    """`think`: how the model is asked; `most_calls`: of hosted tools, None: as many as the rounds allow."""

    def __init__(self, think: Think, tooling: Tooling, context: ToolContext, *, most_calls: int | None = None) -> None:
        self._think, self._tooling, self._context, self._most_calls = think, tooling, context, most_calls

    async def run(self, prompt: Prompt, options: ReplyOptions, items: Sequence[Item], tell: Tell) -> None:
        """Answer what `items` end with, and `tell` each step as it happens. `prompt`: all of it but items and tools.
        Raises TurnError."""
        listed = {item.server for item in items if isinstance(item, ToolListing) and item.error is None}

        async def note(event: Event) -> None:
            """A list that the conversation has already is not told again."""
            if isinstance(event, ListingStarted | ListingEnded) and event.item.server not in listed:
                tell(Listing(event.item))

        trouble: TurnError | None = None
        async with asyncio.TaskGroup() as tasks:
            toolbox = Toolbox(tasks, History(), note, self._tooling)
            try:
                await toolbox.ready(options, LISTED_WITHIN)
                hands = _Hands(toolbox, self._context, tell, self._most_calls)
                async with asyncio.timeout(ANSWER_WITHIN):
                    await _Rounds(self._think, hands, options, list(items), tell).run(prompt)
            except TimeoutError:
                trouble = EngineTooSlow(f"No answer was made within {ANSWER_WITHIN:g} s")
            except TurnError as error:  # as itself, not as a group of one
                trouble = error
            finally:
                await toolbox.close()
        if trouble is not None:
            raise trouble


class _Rounds:
    """The model is asked again until it has answered."""

    def __init__(self, think: Think, hands: _Hands, options: ReplyOptions, items: list[Item], tell: Tell) -> None:
        self._think, self._hands, self._options, self._items, self._tell = think, hands, options, items, tell

    async def run(self, prompt: Prompt) -> None:
        results = await self._hands.approved(self._options, self._items)
        for left in reversed(range(ROUNDS)):
            self._items += [result.item for result in results]
            if results and self._told_as_they_are(results):
                return
            if results:
                free = left > 0 and self._hands.may_call
                self._options = replace(self._options, tool_choice=ToolChoice("auto" if free else "none"))
            wanted, for_client = await self._ask(prompt)
            results = await self._hands.run(wanted, self._items)
            if for_client or not wanted or self._hands.asking:
                return

    def _told_as_they_are(self, results: Sequence[_Result]) -> bool:
        """Results that answer the person in their own words need no model."""
        if not all(result.spoken for result in results):
            return False
        self._tell(Words(" ".join(result.spoken for result in results if result.spoken)))
        self._tell(Done())
        return True

    async def _ask(self, prompt: Prompt) -> tuple[list[tuple[Offer, Call]], bool]:
        """The calls of hosted tools that the model wants, and whether it wants others too. Its words go behind the
        items."""
        toolbox, options = self._hands.toolbox, self._options
        asked = replace(
            prompt,
            items=tuple(readable(self._items, {})),
            tools=toolbox.tools(options),
            tool_choice=toolbox.choice(options),
        )
        wanted: list[tuple[Offer, Call]] = []
        said, for_client = "", False
        async with aclosing(self._think(asked)) as thoughts:
            async for thought in thoughts:
                if isinstance(thought, Call) and (offer := toolbox.find(options, thought.name)) is not None:
                    wanted.append((offer, thought))
                    continue
                said += thought.text if isinstance(thought, Words) else ""
                for_client = for_client or isinstance(thought, Call)
                self._tell(thought)
        if said:
            self._items.append(Message(new_id("msg"), "assistant", (Text(said),)))
        return wanted, for_client


class _Hands:
    """Runs the calls of hosted tools that may run, and asks about the others."""

    def __init__(self, toolbox: Toolbox, context: ToolContext, tell: Tell, most_calls: int | None) -> None:
        self.toolbox, self._context, self._tell, self._left = toolbox, context, tell, most_calls
        self.asking = False
        """A call waits for the person's yes."""

    @property
    def may_call(self) -> bool:
        return self._left is None or self._left > 0

    async def approved(self, options: ReplyOptions, items: Sequence[Item]) -> list[_Result]:
        """Run what the person has said yes to since it was last run."""
        requests = {item.id: item for item in items if isinstance(item, ApprovalRequest)}
        settled = {item.approval_id for item in items if isinstance(item, HostedCall)}
        agreed = [item.request_id for item in items if isinstance(item, ApprovalResponse) and item.approve]
        results = []
        for request in (requests[it] for it in dict.fromkeys(agreed) if it in requests and it not in settled):
            offer = self.toolbox.find_own(options, request.server, request.name)
            call = HostedCall(new_id("mcp"), request.server, request.name, request.arguments, approval_id=request.id)
            results.append(await self._call(offer, call, items))
        return results

    async def run(self, wanted: Sequence[tuple[Offer, Call]], items: Sequence[Item]) -> list[_Result]:
        """The results of the calls that may run; calls beyond the limit are left out."""
        foreign = read_foreign(items)
        running = []
        for offer, call in wanted:
            if not self.may_call:
                continue
            tool, label = offer.hosted, offer.server.label
            if offer.must_ask(read_foreign=foreign):
                self.asking = True
                self._tell(Asks(ApprovalRequest(new_id("mcpr"), label, tool.tool.name, call.arguments)))
                continue
            self._left = None if self._left is None else self._left - 1
            running.append((offer, HostedCall(new_id("mcp"), label, tool.tool.name, call.arguments)))
        async with asyncio.TaskGroup() as tasks:
            calls = [tasks.create_task(self._call(offer, call, items)) for offer, call in running]
        return [call.result() for call in calls]

    async def _call(self, offer: Offer | None, call: HostedCall, items: Sequence[Item]) -> _Result:
        """The call with its result or its error, told when it begins and when it has ended."""
        call = replace(call, foreign=offer is None or offer.hosted.foreign, status="in_progress")
        self._tell(Running(call))
        spoken: str | None = None
        try:
            result = await self._result(offer, call, items)
            call, spoken = replace(call, output=_clipped(result.text)), result.spoken
        except ToolFailed as error:
            call = replace(call, error=CallError(error.kind, str(error), error.code))
        call = replace(call, status="completed")
        self._tell(Ran(call))
        return _Result(call, spoken)

    async def _result(self, offer: Offer | None, call: HostedCall, items: Sequence[Item]) -> ToolResult:
        """Raises ToolFailed."""
        if offer is None:
            raise ToolFailed(f"The tool server {call.server!r} offers no tool {call.name!r} now.", kind="protocol")
        try:
            async with asyncio.timeout(CALL_WITHIN):
                return await offer.host.call(call.name, call.arguments, replace(self._context, history=tuple(items)))
        except TimeoutError:
            raise ToolFailed(f"{call.name} took longer than {CALL_WITHIN:g} s.") from None


def _clipped(text: str) -> str:
    return text if len(text) <= LONGEST_RESULT else f"{text[:LONGEST_RESULT]}…"
