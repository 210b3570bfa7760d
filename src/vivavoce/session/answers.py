"""The responses of one session that are running or still audible: at most one writes to the conversation."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from vivavoce.conversation.config import ResponseRequest
from vivavoce.conversation.events import Event, Reason, ReplyAudio
from vivavoce.conversation.floor import Floor
from vivavoce.conversation.history import History
from vivavoce.conversation.items import Message, new_id
from vivavoce.errors import RequestError
from vivavoce.session.answer import Answer
from vivavoce.session.prepared import Prepared
from vivavoce.session.reply import Piece

OUT_OF_BAND = 4
SPOKEN_KEPT = 16
"""Spoken answers whose sound and word times are kept for `truncate`."""


class Answers:
    """Starts, stops and remembers answers; tells the floor when the assistant is audible."""

    def __init__(
        self, tasks: asyncio.TaskGroup, history: History, floor: Floor, send: Callable[[Event], Awaitable[None]]
    ) -> None:
        self._tasks, self._history, self._floor, self._send_out = tasks, history, floor, send
        self._running: dict[asyncio.Task[None], Answer] = {}
        self._spoken: OrderedDict[str, Answer] = OrderedDict()

    @property
    def busy(self) -> bool:
        """A response that writes to the conversation is running, or waits to; one being stopped is not."""
        return any(answer.request.in_conversation and not answer.stopping for answer in self._running.values())

    def refuse_second(self, request: ResponseRequest) -> None:
        """Raises RequestError when `request` has to wait for another response to end."""
        if request.in_conversation and self.busy:
            raise RequestError(
                "The conversation has an active response already. Wait for response.done or cancel it first.",
                code="conversation_already_has_active_response",
            )
        if sum(not answer.request.in_conversation for answer in self._running.values()) >= OUT_OF_BAND:
            raise RequestError(
                f"{OUT_OF_BAND} responses out of band are running already. Wait for one of them to end.",
                code="too_many_responses",
            )

    def prepare(self, request: ResponseRequest, reason: Reason) -> Answer:
        """A new answer, not started yet."""
        if not request.in_conversation:
            return Answer(new_id("resp"), request, None, self._send, reason)
        due = max((other.mouth.due for other in self._spoken.values()), default=0.0)
        return Answer(new_id("resp"), request, self._history, self._send, reason, not_before=due)

    def start(
        self, answer: Answer, pieces: Prepared[Piece], wanted: Callable[[], Awaitable[bool]] | None = None
    ) -> None:
        """Send `pieces` once they are `wanted` (None: they are) and the conversation's last answer ended."""
        in_conversation = answer.request.in_conversation
        before = [task for task, other in self._running.items() if other.request.in_conversation and in_conversation]

        async def run() -> None:
            answer.started = True
            try:
                if wanted is not None and not await wanted():
                    return
                if before:
                    await asyncio.wait(before)
                await answer.run(pieces)
            finally:
                await pieces.drop()
                del self._running[task]
            if in_conversation and answer.mouth.sent:
                await self._play_out(answer.mouth.due)

        task = self._tasks.create_task(run(), name=answer.id)
        self._running[task] = answer

    async def cancel(self, response_id: str | None) -> None:
        """Stop a response (None: the conversation's) and wait for its end. Raises RequestError."""
        chosen = [
            task
            for task, answer in self._running.items()
            if (answer.id == response_id if response_id else answer.request.in_conversation)
        ]
        if not chosen:
            raise RequestError(
                "There is no response to cancel: it has ended, or none was started.",
                param="response_id" if response_id else None,
                code="response_cancel_not_active",
            )
        for task in chosen:
            self._stop(task, "client_cancelled")
        await asyncio.wait(chosen)

    def yield_floor(self) -> None:
        """The user speaks: stop what is being said, and forget what was sent but not heard."""
        for task, answer in self._running.items():
            if answer.request.in_conversation:
                self._stop(task, "barge_in")
        if not self._floor.assistant_audible:
            return
        self._floor.assistant_ended()
        last = next(reversed(self._spoken.values()), None)
        if (
            last is not None
            and last not in self._running.values()
            and last.mouth.due > asyncio.get_running_loop().time()
        ):
            last.mouth.stop()
            if last.item_id and self._history.has(last.item_id):
                self._truncate(last, last.item_id, last.mouth.heard_seconds())

    def truncate(self, item_id: str, content_index: int, audio_end_ms: int) -> None:
        """Keep of a spoken answer what was heard until `audio_end_ms`. Raises RequestError."""
        self._history.get(item_id)
        answer = self._spoken.get(item_id)
        if answer is None:
            raise RequestError("Only the assistant's recent speech can be truncated.", param="item_id")
        if content_index != 0:
            raise RequestError("A spoken item has one part: use content_index 0.", param="content_index")
        length_ms = round(answer.mouth.sent * 1000)
        if not 0 <= audio_end_ms <= length_ms:
            raise RequestError(
                f"audio_end_ms is {audio_end_ms}, but the audio of this item is {length_ms} ms long.",
                param="audio_end_ms",
                code="invalid_value",
            )
        self._truncate(answer, item_id, audio_end_ms / 1000)

    def forget(self, item_id: str) -> None:
        self._spoken.pop(item_id, None)

    def _truncate(self, answer: Answer, item_id: str, seconds: float) -> None:
        item = self._history.get(item_id)
        answer.truncated = seconds
        if isinstance(item, Message):
            self._history.replace(answer.heard_item(item, seconds))

    def _stop(self, task: asyncio.Task[None], reason: Reason) -> None:
        answer = self._running[task]
        answer.stop(reason)
        if answer.started:  # else it stops itself: a task cancelled before its first step cleans nothing up
            task.cancel()

    async def _play_out(self, due: float) -> None:
        """The assistant is audible until the last sample that was sent is played."""
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
        if not self.busy and self._floor.assistant_audible:
            self._floor.assistant_ended()

    async def _send(self, event: Event) -> None:
        if isinstance(event, ReplyAudio):
            self._note_speech(event)
        await self._send_out(event)

    def _note_speech(self, event: ReplyAudio) -> None:
        answer = next(answer for answer in self._running.values() if answer.id == event.response_id)
        if not answer.request.in_conversation:
            return
        if not self._floor.assistant_audible:
            self._floor.assistant_started()
        self._spoken[event.item_id] = answer
        while len(self._spoken) > SPOKEN_KEPT:
            self._spoken.popitem(last=False)
