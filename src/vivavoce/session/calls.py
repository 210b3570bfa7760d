"""The calls of hosted tools in one answer: asked about, run, waited for as long as a listener waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

from vivavoce.conversation.config import ReplyOptions
from vivavoce.conversation.events import CallEnded, CallStarted
from vivavoce.conversation.history import History
from vivavoce.conversation.hosted import read_foreign
from vivavoce.conversation.items import ApprovalRequest, HostedCall, new_id
from vivavoce.ports import Call
from vivavoce.session.answer import Answer
from vivavoce.session.errands import DEADLINE, Errand, Errands, Place
from vivavoce.session.reply import Piece
from vivavoce.session.toolbox import Offer, Toolbox

PATIENCE = 1.0
"""Seconds that a listener waits for a result in silence."""
SAID_ENOUGH = 3
"""Words after which nobody need be told that it takes a moment; an opener alone is fewer."""


@dataclass(frozen=True, slots=True)
class Kit:
    """What the calls of a session share. `moment(options)`: says that it takes a moment; `may_i(name, options)`: asks
    whether a tool may be used, where `asks_aloud`; `asked`: told of requests for approval; `follow`: makes the next
    response, and `follows` is told that it is going to."""

    history: History
    toolbox: Toolbox
    errands: Errands
    moment: Callable[[ReplyOptions], AsyncGenerator[Piece, None]]
    may_i: Callable[[str, ReplyOptions], AsyncGenerator[Piece, None]]
    asked: Callable[[ApprovalRequest, ReplyOptions], None]
    asks_aloud: Callable[[], bool]
    follow: Callable[[Calls], None]
    follows: Callable[[HostedCall], None]


class Calls:
    def __init__(self, kit: Kit, answer: Answer) -> None:
        self._kit, self.answer = kit, answer
        self._open: list[Errand] = []
        self.settled: list[Errand] = []
        self._asking: ApprovalRequest | None = None
        self._slow = False
        self.round = 0
        """How many responses before this one called tools by themselves."""
        self.foreign = False
        """What this answer is about holds words of others."""
        self.approved: list[tuple[ApprovalRequest, ReplyOptions]] = []
        """What the person has said yes to, and the options under which it was asked."""

    async def take(self, call: Call) -> bool:
        """Run the call, or ask whether it may; False: it is none of a hosted tool."""
        if self.approved:
            approved, options = self.approved.pop(0)
            await self._run(self._kit.toolbox.find_own(options, approved.server, approved.name), approved, approved.id)
            return True
        offer = self._kit.toolbox.find(self.answer.request.options, call.name)
        if offer is None:
            return False
        asking = ApprovalRequest(new_id("mcpr"), offer.server.label, offer.hosted.tool.name, call.arguments)
        if self._must_ask(offer):
            await self._ask(asking)
        else:
            await self._run(offer, asking)
        return True

    async def settle(self) -> None:
        """After the model's last word: wait for the results, as long as a listener waits; say that it takes a moment;
        then let go of what still runs."""
        options = self.answer.request.options
        if self._asking is not None and self._kit.asks_aloud():
            await self._say(self._kit.may_i(self._asking.name, options))
        if not self._open:
            return
        if not self.answer.request.in_conversation:
            await self._wait(DEADLINE)
        elif not await self._wait(0.0 if self._slow else PATIENCE):
            await self._say(self._kit.moment(options))
        settled = [errand.item for errand in self._open if errand.settled]
        if settled and self._goes_on and self.answer.request.in_conversation:
            self._kit.follows(settled[-1])
        await self.conclude()

    async def conclude(self) -> None:
        """Close the item of every call: with its result, or as one that goes on in the background."""
        while self._open:
            errand = self._open.pop(0)
            place = errand.place
            if errand.settled:
                await self.answer.tell(CallEnded(errand.item, place.index, place.previous_id))
                self._kit.toolbox.running.pop(errand.item.id, None)
                self.settled.append(errand)
            await self.answer.close_item(place.index, errand.item)
            if errand not in self.settled:
                await self._kit.errands.let_go(errand)

    def follow(self) -> None:
        """The answer has come to its end: go on by itself, if there is anything to tell."""
        if self.settled and self._goes_on:
            self._kit.follow(self)

    @property
    def _goes_on(self) -> bool:
        """Nobody has to answer a call, or to approve one, before."""
        return self._asking is None and not self.answer.called_client

    def _must_ask(self, offer: Offer) -> bool:
        given = self.answer.request.input
        foreign = self.foreign or read_foreign(self._kit.history.items if given is None else given)
        return offer.must_ask(read_foreign=foreign)

    async def _ask(self, request: ApprovalRequest) -> None:
        index, _ = await self.answer.open_item(replace(request, status="in_progress"))
        self._asking = request
        self._kit.asked(request, self.answer.request.options)
        await self.answer.close_item(index, request)

    async def _run(self, offer: Offer | None, asked: ApprovalRequest, approval_id: str | None = None) -> None:
        item = HostedCall(
            new_id("mcp"),
            asked.server,
            asked.name,
            asked.arguments,
            approval_id=approval_id,
            foreign=offer is not None and offer.hosted.foreign,
            status="in_progress",
        )
        request = self.answer.request
        index, previous = await self.answer.open_item(item)
        await self.answer.tell(CallStarted(self.answer.id, index, item))
        place = Place(index, previous, request.in_conversation)
        self._slow = self._slow or (offer is not None and offer.hosted.slow)
        errand = self._kit.errands.start(offer, item, place, request.options)
        errand.round = self.round
        self._open.append(errand)

    async def _wait(self, seconds: float) -> bool:
        """Whether all have settled within so many seconds."""
        running = [errand.running for errand in self._open]
        _, waiting = await asyncio.wait(running, timeout=seconds)
        return not waiting

    async def _say(self, pieces: AsyncGenerator[Piece, None]) -> None:
        """A phrase of our own, where the answer has said nothing yet; written answers need none."""
        async with aclosing(pieces):
            if self.answer.request.options.modality == "audio" and self.answer.words < SAID_ENOUGH:
                await self.answer.say(pieces)
