"""One response, told top to bottom: it starts, its pieces are sent as items, it ends in exactly one way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from vivavoce.audio.pcm import Pcm, Samples
from vivavoce.conversation.config import ResponseRequest
from vivavoce.conversation.events import (
    Ending,
    Event,
    OutputEnded,
    OutputStarted,
    Reason,
    ReplyAudio,
    ReplyText,
    ResponseEnded,
    ResponseStarted,
)
from vivavoce.conversation.history import History
from vivavoce.conversation.items import FunctionCall, Item, Message, Speech, Status, Text, new_id
from vivavoce.errors import EngineTooSlow, TurnError
from vivavoce.ports import Call, Done
from vivavoce.session.accounts import Account
from vivavoce.session.ledger import Ledger
from vivavoce.session.mouth import Mouth
from vivavoce.session.prepared import Stream
from vivavoce.session.reply import Piece, Spoken, Written

ANSWER_WITHIN = 12.0
"""Seconds within which the first piece of an answer has to come, or an opener before it."""
BEHIND_AN_OPENER = 20.0
"""Seconds from an opener to the answer itself: whoever has heard one waits longer."""


class HostedCalls(Protocol):
    """The calls of hosted tools in one answer."""

    async def take(self, call: Call) -> bool:
        """Run the call, or ask whether it may; False: it is the client's."""
        ...

    async def settle(self) -> None:
        """After the model's last word: wait for the results, as long as a listener waits."""
        ...

    async def conclude(self) -> None:
        """Close what is open, however the answer ends."""
        ...

    def follow(self) -> None:
        """The answer has come to its end, and what follows from its calls may begin."""
        ...


@dataclass(slots=True)
class _Open:
    """The message that is being sent."""

    item: Message
    index: int
    written: str = ""


@dataclass(slots=True)
class _Sound:
    """What was sent of one spoken message. `began`: seconds of the response's sound before it.

    The pieces are bare arrays, which Python's garbage collector does not look through: minutes of speech in hundreds
    of sessions would make each of its collections longer."""

    began: float
    rate: int = 0
    seconds: float = 0.0
    pieces: list[Samples] = field(default_factory=list[Samples])

    def add(self, sound: Pcm) -> None:
        self.rate = sound.rate
        self.seconds += sound.seconds
        self.pieces.append(sound.samples)

    def whole(self) -> Pcm | None:
        return Pcm(np.concatenate(self.pieces), self.rate) if self.pieces else None


class Answer:
    """Sends one response. To interrupt it, `stop()` it and cancel its task."""

    def __init__(
        self,
        response_id: str,
        request: ResponseRequest,
        history: History | None,
        send: Callable[[Event], Awaitable[None]],
        reason: Reason,
        *,
        not_before: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """`history`: where the items go; None for a response out of band. `not_before`: see Mouth."""
        self.id, self.request, self.reason = response_id, request, reason
        self.stopped_by: Reason = "client_cancelled"
        self.started = self.stopping = self.interrupted = False
        self.account = Account(asyncio.get_running_loop().time())
        self.apologise: Callable[[], AsyncGenerator[Piece, None]] | None = None
        """What to say when no answer could be: a turn that was taken is never left without one."""
        lead = {} if history is not None else {"lead": float("inf")}
        self.mouth = Mouth(self._send_speech, not_before=not_before, **lead)
        self.truncated: dict[str, float] = {}
        """Seconds of a message after which the client says nothing was heard."""
        self.item_id: str | None = None
        """The last spoken item."""
        self.calls: HostedCalls | None = None
        self.called_client = False
        """It holds a call that the client has to answer."""
        self.words = 0
        """How many were said."""
        self.ended: Ending | None = None
        self._history, self._send = history, send
        self._open: _Open | None = None
        self._outputs = 0
        self.answered = False
        """Something was said or called that is no mere opener."""
        self._done: Done | None = None
        """The model's own account, once the reply was sent to its end."""
        self._called = False
        self._sounds: dict[str, _Sound] = {}

    async def run(self, pieces: Stream[Piece]) -> None:
        """Send every piece, then the end; when cancelled, what was heard, then the end. Where no answer comes
        within ANSWER_WITHIN, or only an error, apologise aloud before the failed end."""
        how: Ending = "failed"
        reason, error = self.reason, None
        try:
            await self._send(ResponseStarted(self.id, self.request, self.reason))
            if self.stopping:
                raise asyncio.CancelledError
            try:
                async with aclosing(_watched(pieces)) as watched:
                    async for piece in watched:
                        await self._send_piece(piece)
                if self.calls is not None:
                    await self._close_message(whole=not self._cut_short)
                    await self.calls.settle()
            except TurnError:
                await self._apologise()
                raise
            how = "incomplete" if self._cut_short else "finished"
            reason = "max_output_tokens" if self._cut_short else reason
        except asyncio.CancelledError:
            how, reason, self.interrupted = "interrupted", self.stopped_by, True
            raise
        except TurnError as trouble:
            reason, error = "error", str(trouble)
        finally:
            try:
                self.ended = how
                await self._close_message(whole=how == "finished")
                if self.calls is not None:
                    await self.calls.conclude()
                await self._send(self._ended(how, reason, error))
            finally:
                await pieces.drop()

    def stop(self, reason: Reason) -> None:
        """Note who stops this response, and what was heard by now; the task is then cancelled."""
        self.stopped_by, self.stopping = reason, True
        self.mouth.stop()

    def ledger(self, item_id: str) -> Ledger:
        """When the words of a message sounded that were sent by now."""
        sound = self._sounds[item_id]
        return Ledger.between(self.mouth.lines, sound.began, sound.began + sound.seconds)

    def heard_seconds(self, item_id: str) -> float:
        """How much of a message was played by now."""
        return max(0.0, self.mouth.heard_seconds() - self._sounds[item_id].began)

    def heard_item(self, item: Message, seconds: float | None = None) -> Message:
        """`item` with only the words and the sound that were played within its first `seconds` (None: by now)."""
        ledger = self.ledger(item.id)
        until = min(self.heard_seconds(item.id) if seconds is None else seconds, ledger.seconds)
        if self.stopped_by == "reopened":  # a slip of the tongue is no answer
            ledger = replace(ledger, lines=())
        return ledger.cut(replace(item, parts=(Speech("", self._sounds[item.id].whole()),)), until)

    # --- for hosted calls

    async def open_item(self, item: Item) -> tuple[int, str | None]:
        """Begin an item of this response; its index in it, and the item before it in the conversation."""
        index = self._outputs
        return index, await self._announce(item)

    async def close_item(self, index: int, item: Item) -> None:
        if self._history is not None:
            self._history.replace(item)
        await self._send(OutputEnded(self.id, index, item, ""))

    async def say(self, pieces: AsyncGenerator[Piece, None]) -> None:
        """A message of its own, of these pieces."""
        async for piece in pieces:
            await self._send_piece(piece)
        await self._close_message(whole=True)

    async def tell(self, event: Event) -> None:
        await self._send(event)

    # --- what it sends

    async def _apologise(self) -> None:
        if self.answered or self.apologise is None:
            return
        behind = "" if self._open is None else " "  # an opener
        with suppress(TurnError):  # the voice itself is out of order: the error is all there is to tell
            async with aclosing(self.apologise()) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Spoken | Written):
                        piece, behind = replace(piece, text=behind + piece.text), ""
                    await self._send_piece(piece)

    async def _send_piece(self, piece: Piece) -> None:
        self.answered |= _answers(piece)
        match piece:
            case Spoken(text, sound):
                await self._open_message()
                await self.mouth.play(text, sound)
            case Written(text):
                await self._send_text(await self._open_message(), text)
            case Call():
                await self._close_message(whole=True)
                await self._take_call(piece)
            case Done():
                self._done = piece

    async def _send_text(self, opened: _Open, text: str) -> None:
        opened.written += text
        self.words += len(text.split())
        await self._send(ReplyText(self.id, opened.item.id, opened.index, text))

    async def _send_speech(self, text: str, sound: Pcm) -> None:
        opened = await self._open_message()
        if text:
            await self._send_text(opened, text)
        self._sounds[opened.item.id].add(sound)
        await self._send(ReplyAudio(self.id, opened.item.id, opened.index, sound))

    async def _open_message(self) -> _Open:
        if self._open is None:
            spoken = self.request.options.modality == "audio"
            part = Speech("") if spoken else Text("")
            item = Message(new_id("item"), "assistant", (part,), "in_progress")
            self._open = _Open(item, self._outputs)
            self.item_id = item.id if spoken else self.item_id
            self._sounds[item.id] = _Sound(self.mouth.sent)
            await self._announce(item)
        return self._open

    async def _close_message(self, *, whole: bool) -> None:
        if self._open is None:
            return
        opened, self._open = self._open, None
        item = self._final(opened, whole=whole)
        if self._history is not None:
            self._history.replace(item)
        await self._send(OutputEnded(self.id, opened.index, item, opened.written))

    def _final(self, opened: _Open, *, whole: bool) -> Message:
        status: Status = "completed" if whole else "incomplete"
        if self.request.options.modality == "text":
            return replace(opened.item, parts=(Text(opened.written),), status=status)
        if opened.item.id in self.truncated:
            return self.heard_item(opened.item, self.truncated[opened.item.id])
        if self.interrupted:
            return self.heard_item(opened.item)
        sound = self._sounds[opened.item.id].whole()
        return replace(opened.item, parts=(Speech(opened.written.strip(), sound),), status=status)

    async def _take_call(self, call: Call) -> None:
        """Of calls side by side only the first counts, where the client wants no others."""
        if self._called and not self.request.options.parallel_tool_calls:
            return
        self._called = True
        if self.calls is not None and await self.calls.take(call):
            return
        self.called_client = True
        item = FunctionCall(new_id("item"), new_id("call"), call.name, call.arguments)
        index, _ = await self.open_item(replace(item, status="in_progress"))
        await self.close_item(index, item)

    async def _announce(self, item: Item) -> str | None:
        previous = self._history.add(item) if self._history is not None else None
        index, self._outputs = self._outputs, self._outputs + 1
        await self._send(OutputStarted(self.id, index, item, previous))
        return previous

    @property
    def _cut_short(self) -> bool:
        return self._done is not None and self._done.cut_short

    def _ended(self, how: Ending, reason: Reason, error: str | None) -> ResponseEnded:
        done = self._done or self.account.marks.spent
        return ResponseEnded(
            self.id,
            how,
            reason,
            self.account.usage(done, self.mouth.sent),
            error,
            self.account.latency(),
            self.account.draft(),
            mind=done.mind,
            mind_reason=done.reason,
        )


async def _watched(pieces: Stream[Piece]) -> AsyncGenerator[Piece, None]:
    """The pieces. Raises EngineTooSlow when the first of them that answers does not come in time."""
    coming, answered, within = aiter(pieces), False, ANSWER_WITHIN
    while not answered:
        try:
            async with asyncio.timeout(within):
                piece = await anext(coming, None)
        except TimeoutError:
            raise too_slow(within) from None
        if piece is None:
            return
        answered, within = _answers(piece), BEHIND_AN_OPENER
        yield piece
    async for piece in coming:
        yield piece


def too_slow(within: float = ANSWER_WITHIN) -> EngineTooSlow:
    return EngineTooSlow(f"No answer was made within {within:g} s.")


def _answers(piece: Piece) -> bool:
    return piece.answers if isinstance(piece, Spoken) else not isinstance(piece, Done)
