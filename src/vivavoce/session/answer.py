"""One response, told top to bottom: it starts, its pieces are sent as items, it ends in exactly one way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace

from vivavoce.audio.pcm import Pcm, join
from vivavoce.conversation.config import ResponseRequest
from vivavoce.conversation.events import (
    DraftAccount,
    Ending,
    Event,
    Latency,
    OutputEnded,
    OutputStarted,
    Reason,
    ReplyAudio,
    ReplyText,
    ResponseEnded,
    ResponseStarted,
    Usage,
)
from vivavoce.conversation.history import History
from vivavoce.conversation.items import FunctionCall, Item, Message, Speech, Status, Text, new_id
from vivavoce.errors import EngineTooSlow, TurnError
from vivavoce.ports import Call, Done
from vivavoce.session.mouth import Mouth
from vivavoce.session.prepared import Stream
from vivavoce.session.reply import Piece, Spoken, Written

TOKENS_PER_SECOND_OUT = 20
ANSWER_WITHIN = 12.0
"""Seconds within which the first piece of an answer has to come."""


@dataclass(slots=True)
class _Open:
    """The message that is being sent."""

    item: Message
    index: int
    written: str = ""


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
        self.id = response_id
        self.request = request
        self.stopped_by: Reason = "client_cancelled"
        self.started = self.stopping = False
        self.reason = reason
        self.latency: Callable[[], Latency | None] = lambda: None
        """Asked when the response ends."""
        self.draft: Callable[[], DraftAccount | None] = lambda: None
        """Asked when the response ends."""
        self.apologise: Callable[[], AsyncGenerator[Piece, None]] | None = None
        """What to say when nothing else could be: a turn that was taken is never left without a sound."""
        self.input_audio_tokens = 0
        lead = {} if history is not None else {"lead": float("inf")}
        self.mouth = Mouth(self._send_speech, not_before=not_before, **lead)
        self.truncated: float | None = None
        """Seconds after which the client says nothing was heard."""
        self.item_id: str | None = None
        """The last spoken item."""
        self._history = history
        self._send = send
        self._open: _Open | None = None
        self.interrupted = False
        self._outputs = 0
        self._done = Done()
        self._sound: list[Pcm] = []

    async def run(self, pieces: Stream[Piece]) -> None:
        """Send every piece, then the end; when cancelled, what was heard, then the end. Where nothing comes
        within ANSWER_WITHIN, or only an error, apologise aloud before the failed end."""
        how: Ending = "failed"
        reason, error = self.reason, None
        try:
            await self._send(ResponseStarted(self.id, self.request))
            if self.stopping:
                raise asyncio.CancelledError
            try:
                async with aclosing(_watched(pieces)) as watched:
                    async for piece in watched:
                        await self._send_piece(piece)
            except TurnError:
                await self._apologise()
                raise
            how = "incomplete" if self._done.cut_short else "finished"
            reason = "max_output_tokens" if self._done.cut_short else reason
        except asyncio.CancelledError:
            how, reason, self.interrupted = "interrupted", self.stopped_by, True
            raise
        except TurnError as trouble:
            reason, error = "error", str(trouble)
        finally:
            try:
                await self._close_message(whole=how == "finished")
                await self._send(self._ended(how, reason, error))
            finally:
                await pieces.drop()

    def stop(self, reason: Reason) -> None:
        """Note who stops this response, and what was heard by now; the task is then cancelled."""
        self.stopped_by, self.stopping = reason, True
        self.mouth.stop()

    def heard_item(self, item: Message, seconds: float | None = None) -> Message:
        """`item` with only the words and the sound that were played within `seconds` (None: by now)."""
        until = self.mouth.heard_seconds() if seconds is None else seconds
        sound = join(self._sound, self._sound[0].rate).cut(0, until) if self._sound else None
        words = "" if self.stopped_by == "reopened" else self.mouth.heard(until)  # a slip of the tongue is no answer
        return replace(item, parts=(Speech(words, sound),), status="incomplete")

    async def _apologise(self) -> None:
        if self._outputs or self.apologise is None:
            return
        with suppress(TurnError):  # the voice itself is out of order: the error is all there is to tell
            async with aclosing(self.apologise()) as pieces:
                async for piece in pieces:
                    await self._send_piece(piece)

    async def _send_piece(self, piece: Piece) -> None:
        match piece:
            case Spoken(text, sound):
                await self._open_message()
                await self.mouth.play(text, sound)
            case Written(text):
                opened = await self._open_message()
                opened.written += text
                await self._send(ReplyText(self.id, opened.item.id, opened.index, text))
            case Call():
                await self._close_message(whole=True)
                await self._send_call(piece)
            case Done():
                self._done = piece

    async def _send_speech(self, text: str, sound: Pcm) -> None:
        opened = await self._open_message()
        if text:
            opened.written += text
            await self._send(ReplyText(self.id, opened.item.id, opened.index, text))
        self._sound.append(sound)
        await self._send(ReplyAudio(self.id, opened.item.id, opened.index, sound))

    async def _open_message(self) -> _Open:
        if self._open is None:
            spoken = self.request.options.modality == "audio"
            part = Speech("") if spoken else Text("")
            item = Message(new_id("item"), "assistant", (part,), "in_progress")
            self._open = _Open(item, self._outputs)
            self.item_id = item.id if spoken else self.item_id
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
        if self.truncated is not None:
            return self.heard_item(opened.item, self.truncated)
        if self.interrupted:
            return self.heard_item(opened.item)
        sound = join(self._sound, self._sound[0].rate) if self._sound else None
        return replace(opened.item, parts=(Speech(opened.written.strip(), sound),), status=status)

    async def _send_call(self, call: Call) -> None:
        item = FunctionCall(new_id("item"), new_id("call"), call.name, call.arguments)
        index = self._outputs
        await self._announce(replace(item, status="in_progress"))
        if self._history is not None:
            self._history.replace(item)
        await self._send(OutputEnded(self.id, index, item, ""))

    async def _announce(self, item: Item) -> None:
        previous = self._history.add(item) if self._history is not None else None
        index, self._outputs = self._outputs, self._outputs + 1
        await self._send(OutputStarted(self.id, index, item, previous))

    def _ended(self, how: Ending, reason: Reason, error: str | None) -> ResponseEnded:
        done = self._done
        return ResponseEnded(
            self.id,
            how,
            reason,
            self._usage(),
            error,
            self.latency(),
            self.draft(),
            mind=done.mind,
            mind_reason=done.reason,
        )

    def _usage(self) -> Usage:
        return Usage(
            input_text=self._done.prompt_tokens,
            input_audio=self.input_audio_tokens,
            cached=self._done.cached_tokens,
            output_text=self._done.completion_tokens,
            output_audio=round(self.mouth.sent * TOKENS_PER_SECOND_OUT),
        )


async def _watched(pieces: Stream[Piece]) -> AsyncGenerator[Piece, None]:
    """The pieces. Raises EngineTooSlow when the first of them does not come in time."""
    coming = aiter(pieces)
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            first = await anext(coming, None)
    except TimeoutError:
        raise EngineTooSlow(f"No answer was made within {ANSWER_WITHIN:g} s.") from None
    if first is not None:
        yield first
    async for piece in coming:
        yield piece
