"""What follows from calls of hosted tools: yes or no of the person, the next response, results that come late.

the model calls ─▶ approval? ─▶ ApprovalRequest … ApprovalResponse ─▶ a response that runs it
                       └─ no ─▶ run ─▶ result in time ─▶ the model is asked again, in a following response
                                  └─ takes long ─▶ "one moment" … an errand ─▶ a response of its own, unprompted
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace

from vivavoce.conversation.config import ReplyOptions, ResponseRequest, ToolChoice
from vivavoce.conversation.events import Reason
from vivavoce.conversation.items import ApprovalRequest, ApprovalResponse, FunctionOutput, HostedCall, Message
from vivavoce.ports import Call
from vivavoce.session.answer import Answer
from vivavoce.session.answers import Answers
from vivavoce.session.calls import Calls, Kit
from vivavoce.session.draft import Drafting
from vivavoce.session.errands import Errand, Errands
from vivavoce.session.prepared import Prepared, Stream
from vivavoce.session.reply import Marks, Piece
from vivavoce.session.responder import Responder
from vivavoce.session.toolbox import Toolbox
from vivavoce.session.turns import Parts
from vivavoce.session.unprompted import Begun, Unprompted

ROUNDS = 6
"""Responses in a row that may call tools by themselves; the next one has to speak."""
ASKED_KEPT = 64
CLAIM_WITHIN = 10.0
"""Seconds after a result within which a client's bare `response.create` means the response that is made anyway."""


class Hosting:
    def __init__(
        self,
        parts: Parts,
        responder: Responder,
        toolbox: Toolbox,
        errands: Errands,
        options: Callable[[], ReplyOptions],
    ) -> None:
        """`options()`: of the session, now."""
        self._tasks, self._history = parts.tasks, parts.history
        self._answers: Answers = parts.answers
        self._drafting: Drafting = parts.drafting
        self._options, self._toolbox, self._errands = options, toolbox, errands
        self._kit = Kit(
            parts.history, toolbox, errands, responder.one_moment, responder.may_i, self._asks, self._follow
        )
        self._unprompted = Unprompted(parts.floor, parts.answers)
        self._asked: dict[str, ReplyOptions] = {}
        """Options of the responses that asked for an approval."""
        self._unclaimed: tuple[float, str] | None = None
        """Until when a bare `response.create` means the response that follows this call."""
        errands.on_result = self._came_late
        parts.answers.calls_of = lambda answer: Calls(self._kit, answer)
        parts.answers.on_change = self._unprompted.stir

    async def run(self) -> None:
        """Say what comes late, for ever."""
        await self._unprompted.run()

    def stir(self) -> None:
        """The floor may be free now."""
        self._unprompted.stir()

    # --- what follows

    def _follow(self, calls: Calls) -> None:
        """Ask the model again, now that the results are there; or say what answers as it stands."""
        old = calls.answer
        request = replace(old.request, options=_unforced(old.request.options, last=calls.round >= ROUNDS))
        if request.input is not None:
            request = replace(request, input=(*request.input, *(errand.item for errand in calls.settled)))
        answer, following = self._prepare(request, old.reason)
        answer.apologise = old.apologise
        following.round = calls.round + 1
        following.foreign = calls.foreign
        self._answers.start(answer, self._told(request, calls.settled))
        if request.in_conversation:
            self._may_be_claimed(calls.settled[-1].item)

    async def _came_late(self, errand: Errand) -> None:
        """The result of an errand: told when the floor is free, whatever is talked about then."""
        if not errand.place.in_conversation:
            self._toolbox.running.pop(errand.item.id, None)
            return
        self._may_be_claimed(errand.item)

        def begin() -> Begun | None:
            self._toolbox.running.pop(errand.item.id, None)
            if not self._history.has(errand.item.id):
                return None
            request = ResponseRequest(_unforced(errand.options))
            answer, calls = self._prepare(request, "errand")
            calls.foreign = errand.item.foreign
            return answer, self._answers.start(answer, self._told(request, [errand]))

        await self._unprompted.say(begin)

    async def speak_up(self, words: str) -> None:
        """Say these words as soon as the floor is free."""

        def begin() -> Begun:
            answer, _ = self._prepare(ResponseRequest(_unforced(self._options())), "speak_up")
            return answer, self._answers.start(answer, self._drafting.recite(words, answer.request.options))

        await self._unprompted.say(begin)

    def _told(self, request: ResponseRequest, errands: Sequence[Errand]) -> Stream[Piece]:
        words = [errand.spoken for errand in errands if errand.spoken]
        if len(words) == len(errands):
            return self._drafting.recite(" ".join(words), request.options)
        return self._drafting.answer(request, Marks(), last=[errand.item.id for errand in errands])

    def _prepare(self, request: ResponseRequest, reason: Reason) -> tuple[Answer, Calls]:
        answer = self._answers.prepare(request, reason)
        answer.calls = calls = Calls(self._kit, answer)
        return answer, calls

    # --- approvals

    def _asks(self, request: ApprovalRequest, options: ReplyOptions) -> None:
        self._asked[request.id] = options
        while len(self._asked) > ASKED_KEPT:
            del self._asked[next(iter(self._asked))]

    def approval_came(self, response: ApprovalResponse) -> None:
        """The person said yes or no: run the call, or have the model take note."""
        asked = self._history.get(response.request_id)
        if not isinstance(asked, ApprovalRequest):
            return
        options = _unforced(self._asked.pop(asked.id, self._options()))
        answer, calls = self._prepare(ResponseRequest(options), "approval")
        if response.approve:
            calls.approved = asked
            self._answers.start(answer, Prepared(self._tasks, _just(Call(asked.name, asked.arguments)), 1))
        else:
            self._answers.start(answer, self._drafting.answer(answer.request, Marks()))

    # --- clients that ask for what comes anyway

    def is_claim(self, request: ResponseRequest) -> bool:
        """Whether a bare `response.create` means the response that follows a call by itself: some clients ask for one
        after each call, as OpenAI's server wants it, which would have the result told twice."""
        unclaimed, self._unclaimed = self._unclaimed, None
        own = request.input is not None or request.metadata or request.options != self._options()
        if unclaimed is None or own or not request.in_conversation:
            return False
        until, call_id = unclaimed
        return asyncio.get_running_loop().time() < until and not self._said_since(call_id)

    def _may_be_claimed(self, call: HostedCall) -> None:
        self._unclaimed = (asyncio.get_running_loop().time() + CLAIM_WITHIN, call.id)

    def _said_since(self, call_id: str) -> bool:
        """Whether the client's side said something after a call."""
        for item in reversed(self._history.items):
            if item.id == call_id:
                return False
            if isinstance(item, FunctionOutput) or (isinstance(item, Message) and item.role != "assistant"):
                return True
        return True


def _unforced(options: ReplyOptions, *, last: bool = False) -> ReplyOptions:
    """A tool that had to be called was; the next response may speak. `last`: it has to."""
    if last:
        return replace(options, tool_choice=ToolChoice("none"))
    return options if options.tool_choice.mode == "none" else replace(options, tool_choice=ToolChoice())


async def _just(call: Call) -> AsyncGenerator[Piece, None]:
    yield call
