"""What follows from calls of hosted tools: yes or no of the person, the next response, results that come late.

the model calls ─▶ approval? ─▶ ApprovalRequest … ApprovalResponse ─▶ a response that runs it
                       └─ no ─▶ run ─▶ result in time ─▶ the model is asked again, in a following response
                                  └─ takes long ─▶ "one moment" … an errand ─▶ a response of its own, unprompted
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace

from vivavoce.conversation.config import ReplyOptions, ResponseRequest, SessionConfig, ToolChoice
from vivavoce.conversation.events import ItemAdded, Reason
from vivavoce.conversation.items import (
    ApprovalRequest,
    ApprovalResponse,
    FunctionOutput,
    Message,
    new_id,
)
from vivavoce.ports import Call
from vivavoce.session.accounts import Marks
from vivavoce.session.answer import Answer
from vivavoce.session.answers import Answers
from vivavoce.session.calls import Calls, Kit
from vivavoce.session.draft import Drafting
from vivavoce.session.errands import Errand, Errands
from vivavoce.session.parts import Parts
from vivavoce.session.prepared import Prepared, Stream
from vivavoce.session.reply import Piece
from vivavoce.session.responder import Responder
from vivavoce.session.toolbox import Toolbox
from vivavoce.session.unprompted import Begun, Unprompted
from vivavoce.text.yes_no import yes_or_no

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
        config: Callable[[], SessionConfig],
    ) -> None:
        """`config()`: of the session, now."""
        self._tasks, self._history = parts.tasks, parts.history
        self._answers: Answers = parts.answers
        self._drafting: Drafting = parts.drafting
        self._send, self._config, self._toolbox = parts.send, config, toolbox
        self._kit = Kit(
            parts.history,
            toolbox,
            errands,
            responder.one_moment,
            responder.may_i,
            self._asks,
            lambda: config().manners.spoken_approval,
            self._follow,
            lambda call: self._may_be_claimed(call.id),
        )
        self._unprompted = Unprompted(parts.floor, parts.answers)
        self._asked: dict[str, ReplyOptions] = {}
        """Options of the responses that asked for an approval."""
        self._unclaimed: tuple[float, str] | None = None
        """Until when a bare `response.create` means the response that follows this item."""
        errands.on_result = self._came_late
        responder.consent = self._consent
        responder.is_waiting = lambda: bool(toolbox.running)
        parts.answers.calls_of = lambda answer: Calls(self._kit, answer)
        parts.answers.on_change = self._unprompted.stir

    async def run(self) -> None:
        """Say what comes late, for ever."""
        await self._unprompted.run()

    def stir(self) -> None:
        """The floor may be free now."""
        self._unprompted.stir()

    def heard(self, by_somebody: bool) -> None:
        """Whether anybody hears what is said."""
        self._unprompted.heard(by_somebody)

    @property
    def is_heard(self) -> bool:
        return self._unprompted.is_heard

    # --- what follows

    def _follow(self, calls: Calls) -> None:
        """Ask the model again, now that the results are there; or say what answers as it stands."""
        old = calls.answer
        request = replace(old.request, options=_unforced(old.request.options, last=calls.round >= ROUNDS))
        if request.input is not None:
            request = replace(request, input=(*request.input, *(errand.item for errand in calls.settled)))
        answer, following = self._prepare(request, old.reason)
        answer.apologise = old.apologise
        answer.account.since = old.account.since
        following.round = calls.round + 1
        following.foreign = calls.foreign
        self._answers.start(answer, self._told(answer, calls.settled))

    async def _came_late(self, errand: Errand) -> None:
        """The result of an errand: told when the floor is free, whatever is talked about then."""
        if not errand.place.in_conversation:
            self._toolbox.running.pop(errand.item.id, None)
            return
        self._may_be_claimed(errand.item.id)

        def begin() -> Begun | None:
            self._toolbox.running.pop(errand.item.id, None)
            if not self._history.has(errand.item.id):
                return None
            request = ResponseRequest(_unforced(errand.options, last=errand.round >= ROUNDS))
            answer, calls = self._prepare(request, "errand")
            calls.round, calls.foreign = errand.round + 1, errand.item.foreign
            return answer, self._answers.start(answer, self._told(answer, [errand]))

        await self._unprompted.say(begin)

    async def speak_up(self, words: str) -> None:
        """Say these words as soon as the floor is free."""

        def begin() -> Begun:
            answer, _ = self._prepare(ResponseRequest(_unforced(self._config().reply)), "speak_up")
            reciting = self._drafting.recite(words, answer.request.options, answer.account.marks)
            return answer, self._answers.start(answer, reciting)

        await self._unprompted.say(begin)

    def _told(self, answer: Answer, errands: Sequence[Errand]) -> Stream[Piece]:
        words = [errand.spoken for errand in errands if errand.spoken]
        if len(words) == len(errands):
            return self._drafting.recite(" ".join(words), answer.request.options, answer.account.marks)
        about = [errand.item.id for errand in errands]
        return self._drafting.answer(answer.request, answer.account.marks, last=about)

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
        """The client said yes or no: run the call, or have the model take note."""
        asked = self._history.get(response.request_id)
        if not isinstance(asked, ApprovalRequest):
            return
        self._may_be_claimed(response.id)
        options = self._asked_under(asked)
        answer, _ = self._prepare(ResponseRequest(_unforced(options)), "approval")
        if response.approve:
            self._answers.start(answer, self._approved(answer, [asked]))
        else:
            self._answers.start(answer, self._drafting.answer(answer.request, answer.account.marks))

    async def _consent(self, answer: Answer, words: str) -> Stream[Piece] | None:
        """What a turn of the user leads to that says yes or no to what was asked just before; None: it says neither."""
        asked = self._just_asked() if self._config().manners.spoken_approval else []
        verdict = yes_or_no(words) if asked else None
        if verdict is None:
            return None
        for request in asked:
            item = ApprovalResponse(new_id("mcpa"), request.id, verdict, None if verdict else words)
            await self._send(ItemAdded(item, self._history.add(item)))
        answer.account.marks = Marks(opener=answer.account.marks.opener)  # the draft of the turn is not what is said
        return self._approved(answer, asked) if verdict else self._drafting.answer(answer.request, answer.account.marks)

    def _approved(self, answer: Answer, asked: Sequence[ApprovalRequest]) -> Stream[Piece]:
        answer.calls = calls = Calls(self._kit, answer)
        calls.approved = [(request, self._asked_under(request)) for request in asked]
        calls_made = [Call(request.name, request.arguments) for request in asked]
        return Prepared(self._tasks, _just(calls_made), 1)

    def _asked_under(self, request: ApprovalRequest) -> ReplyOptions:
        return self._asked.get(request.id, self._config().reply)

    def _just_asked(self) -> list[ApprovalRequest]:
        """What waits for a yes and was asked in the assistant's last words, before the turn that just ended."""
        asked: list[ApprovalRequest] = []
        turns = 0
        answered = {item.request_id for item in self._history.items if isinstance(item, ApprovalResponse)}
        for item in reversed(self._history.items):
            turns += isinstance(item, Message) and item.role == "user"
            if turns > 1:
                break
            if isinstance(item, ApprovalRequest) and item.id not in answered:
                asked.insert(0, item)
        return asked

    # --- clients that ask for what comes anyway

    def is_claim(self, request: ResponseRequest) -> bool:
        """Whether a bare `response.create` means the response that follows a call by itself: some clients ask for one
        after each call or approval, as OpenAI's server wants it, which would have the result told twice."""
        own = request.input is not None or request.metadata or request.options != self._config().reply
        if self._unclaimed is None or own or not request.in_conversation:
            return False
        until, item_id = self._unclaimed
        if asyncio.get_running_loop().time() > until or self._said_since(item_id):
            return False
        self._unclaimed = None
        return True

    def _may_be_claimed(self, item_id: str) -> None:
        self._unclaimed = (asyncio.get_running_loop().time() + CLAIM_WITHIN, item_id)

    def _said_since(self, item_id: str) -> bool:
        """Whether the client's side said something after an item."""
        for item in reversed(self._history.items):
            if item.id == item_id:
                return False
            if isinstance(item, FunctionOutput) or (isinstance(item, Message) and item.role != "assistant"):
                return True
        return True


def _unforced(options: ReplyOptions, *, last: bool = False) -> ReplyOptions:
    """A tool that had to be called was; the next response may speak. `last`: it has to."""
    if last:
        return replace(options, tool_choice=ToolChoice("none"))
    return options if options.tool_choice.mode == "none" else replace(options, tool_choice=ToolChoice())


async def _just(calls: Sequence[Call]) -> AsyncGenerator[Piece, None]:
    for call in calls:
        yield call
