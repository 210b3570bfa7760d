"""The responses of one session that are running or still audible: at most one writes to the conversation."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from vivavoce.audio.pcm import Pcm
from vivavoce.conversation.config import ResponseRequest
from vivavoce.conversation.events import Event, PlaybackDucked, PlaybackHeld, PlaybackResumed, Reason, ReplyAudio
from vivavoce.conversation.floor import Floor
from vivavoce.conversation.history import History
from vivavoce.conversation.items import Item, Message, new_id, without_sound
from vivavoce.errors import RequestError
from vivavoce.session.answer import Answer, HostedCalls
from vivavoce.session.ledger import Ledger
from vivavoce.session.prepared import Stream
from vivavoce.session.reply import Piece

OUT_OF_BAND = 4
WAITING = 4
"""Responses that may wait for the one that writes to the conversation."""
ASKING_SECONDS = 1.0
"""Before a question has been said, people know what it asks."""
SPOKEN_KEPT = 16
"""Spoken messages whose sound is kept. Of older ones in the conversation there are the words and their times."""


class Answers:
    """Starts, stops and remembers answers; tells the floor when the assistant is audible."""

    def __init__(
        self,
        tasks: asyncio.TaskGroup,
        history: History,
        floor: Floor,
        send: Callable[[Event], Awaitable[None]],
        on_sound: Callable[[Pcm, float], None] = lambda sound, at: None,
    ) -> None:
        """`on_sound(sound, at)`: what was sent, and the loop time at which it is to be heard."""
        self._tasks, self._history, self._floor, self._send_out = tasks, history, floor, send
        self._on_sound = on_sound
        self._running: dict[asyncio.Task[None], Answer] = {}
        self._spoken: OrderedDict[str, Answer] = OrderedDict()
        self._ledgers: dict[str, Ledger] = {}
        """Of older messages, as long as they are in the conversation."""
        self.calls_of: Callable[[Answer], HostedCalls | None] = lambda answer: None
        """The hosted tools that an answer may call."""
        self.on_change: Callable[[], None] = lambda: None
        """Told when an answer has ended, or is played out."""
        self._quieted: Answer | None = None
        """The answer that was ducked or held."""

    @property
    def busy(self) -> bool:
        """A response that writes to the conversation is running, or waits to; one being stopped is not."""
        return any(answer.request.in_conversation and not answer.stopping for answer in self._running.values())

    @property
    def asks(self) -> bool:
        """What the user hears is the end of a question: what is said over it may be the answer."""
        answer = self._audible()
        return answer is not None and answer.mouth.heard(ASKING_SECONDS).rstrip("\"'”»)").endswith("?")

    def refuse_excess(self, request: ResponseRequest) -> None:
        """Raises RequestError when too many responses like `request` are running or waiting."""
        alike = sum(
            answer.request.in_conversation == request.in_conversation and not answer.stopping
            for answer in self._running.values()
        )
        if request.in_conversation and alike > WAITING:
            raise RequestError(
                f"The conversation has an active response, and {WAITING} wait for its end. Wait for response.done or "
                "cancel it first.",
                code="conversation_already_has_active_response",
            )
        if not request.in_conversation and alike >= OUT_OF_BAND:
            raise RequestError(
                f"{OUT_OF_BAND} responses out of band are running already. Wait for one of them to end.",
                code="too_many_responses",
            )

    def prepare(self, request: ResponseRequest, reason: Reason) -> Answer:
        """A new answer, not started yet."""
        if request.in_conversation:
            answer = Answer(new_id("resp"), request, self._history, self._send, reason, not_before=self._played_out)
        else:
            answer = Answer(new_id("resp"), request, None, self._send, reason)
        answer.calls = self.calls_of(answer)
        return answer

    def start(
        self, answer: Answer, pieces: Stream[Piece], choose: Callable[[], Awaitable[Stream[Piece] | None]] | None = None
    ) -> asyncio.Task[None]:
        """Send `pieces`, or what `choose()` puts in their place (None: nothing at all), once the conversation's
        last answer has ended."""
        in_conversation = answer.request.in_conversation
        before = [task for task, other in self._running.items() if other.request.in_conversation and in_conversation]

        async def run() -> None:
            answer.started = True
            try:
                chosen = pieces if choose is None else await choose()
                if chosen is None:
                    return
                await self._in_turn(answer, before, chosen)
            finally:
                await pieces.drop()
                del self._running[task]
                self.on_change()
            if answer.calls is not None and answer.ended == "finished":
                answer.calls.follow()
            if in_conversation and answer.mouth.sent:
                await self._play_out(answer)

        task = self._tasks.create_task(run(), name=answer.id)
        self._running[task] = answer
        return task

    async def cancel(self, response_id: str | None) -> None:
        """Stop a response (None: the conversation's, and those that wait for it) and wait for its end. One that has
        ended meanwhile, or was never there, is stopped already."""
        chosen = [
            task
            for task, answer in self._running.items()
            if (answer.id == response_id if response_id else answer.request.in_conversation)
        ]
        for task in chosen:
            self._stop(task, "client_cancelled")
        if chosen:
            await asyncio.wait(chosen)

    async def duck(self, at_ms: int, gain_db: float) -> None:
        """Have the client play more softly, in case the user is speaking up. Once: a sound that turns out to be a
        voice was ducked for already."""
        if self._quieted is not None:
            return
        self._quieted = self._audible()
        if self._quieted is not None and self._quieted.item_id:
            await self._send_out(PlaybackDucked(self._quieted.item_id, at_ms, gain_db))

    async def hold(self, at_ms: int) -> None:
        """Have the client pause where it is."""
        answer = self._quieted
        if answer is not None and answer.item_id:
            answer.mouth.hold()
            await self._send_out(PlaybackHeld(answer.item_id, at_ms))

    async def resume(self, at_ms: int, reason: str) -> None:
        """Have the client go on, from the sample at which it was held."""
        answer, self._quieted = self._quieted, None
        if answer is not None and answer.item_id:
            answer.mouth.resume()
            await self._send_out(PlaybackResumed(answer.item_id, at_ms, reason))

    def yield_floor(self, reason: Reason = "barge_in") -> None:
        """The user speaks: stop what is being said, and forget what was sent but not heard."""
        self._quieted = None
        for task, answer in self._running.items():
            if answer.request.in_conversation:
                self._stop(task, reason)
        if not self._floor.assistant_audible:
            return
        self._floor.assistant_ended()
        last = self._audible()
        if last is not None and last not in self._running.values():
            last.mouth.stop()
            if last.item_id and self._history.has(last.item_id):
                self._truncate(last, last.item_id, last.heard_seconds(last.item_id))

    def truncate(self, item_id: str, content_index: int, audio_end_ms: int) -> None:
        """Keep of a spoken answer what was heard until `audio_end_ms`. Raises RequestError."""
        item = self._history.get(item_id)
        ledger = self._ledger(item)
        if ledger is None:
            raise RequestError("Only speech of the assistant can be truncated, and this item is none.", param="item_id")
        if content_index != 0:
            raise RequestError("A spoken item has one part: use content_index 0.", param="content_index")
        length_ms = round(ledger.seconds * 1000)
        if not 0 <= audio_end_ms <= length_ms:
            raise RequestError(
                f"audio_end_ms is {audio_end_ms}, but the audio of this item is {length_ms} ms long.",
                param="audio_end_ms",
                code="invalid_value",
            )
        if (answer := self._spoken.get(item_id)) is not None:
            self._truncate(answer, item_id, audio_end_ms / 1000)
        elif isinstance(item, Message):
            self._history.replace(ledger.cut(item, audio_end_ms / 1000))

    def forget(self, item_id: str) -> None:
        """The item is gone."""
        self._spoken.pop(item_id, None)
        self._ledgers.pop(item_id, None)

    def _ledger(self, item: Item) -> Ledger | None:
        if (answer := self._spoken.get(item.id)) is not None:
            return answer.ledger(item.id)
        known = self._ledgers.get(item.id)
        if known is None and isinstance(item, Message) and (known := Ledger.of(item)) is not None:
            self._ledgers[item.id] = known  # cutting it must not make it shorter
        return known

    def _truncate(self, answer: Answer, item_id: str, seconds: float) -> None:
        item = self._history.get(item_id)
        answer.truncated[item_id] = seconds
        if isinstance(item, Message):
            self._history.replace(answer.heard_item(item, seconds))

    async def _in_turn(self, answer: Answer, before: list[asyncio.Task[None]], pieces: Stream[Piece]) -> None:
        """Run an answer after those before it. One that was asked for and is stopped while it waits is told all the
        same: whoever asked waits to hear of it."""
        try:
            if before:
                await asyncio.wait(before)
        except asyncio.CancelledError:
            if answer.stopping and answer.reason == "requested":
                await answer.run(pieces)
            raise
        await answer.run(pieces)

    def _played_out(self) -> float:
        """Loop time at which all that was sent so far is played."""
        return max((other.mouth.due for other in self._spoken.values()), default=0.0)

    def _stop(self, task: asyncio.Task[None], reason: Reason) -> None:
        answer = self._running[task]
        answer.stop(reason)
        if answer.started:  # else it stops itself: a task cancelled before its first step cleans nothing up
            task.cancel()

    def _audible(self) -> Answer | None:
        """The answer whose sound the user hears now."""
        last = next(reversed(self._spoken.values()), None)
        return last if last is not None and last.mouth.due > asyncio.get_running_loop().time() else None

    async def _play_out(self, answer: Answer) -> None:
        """The assistant is audible until the last sample that was sent is played; held sound waits."""
        await answer.mouth.played_out()
        if not self.busy and self._floor.assistant_audible:
            self._floor.assistant_ended()
        self.on_change()

    async def _send(self, event: Event) -> None:
        if isinstance(event, ReplyAudio):
            self._note_speech(event)
        await self._send_out(event)

    def _note_speech(self, event: ReplyAudio) -> None:
        answer = next(answer for answer in self._running.values() if answer.id == event.response_id)
        now = asyncio.get_running_loop().time()
        sounds = max(answer.mouth.due, now)
        self._on_sound(event.sound, sounds)
        if not answer.request.in_conversation:
            return
        if not self._floor.assistant_audible:
            self._floor.assistant_started()
        if answer.answered:
            self._floor.assistant_answers(sounds - now)
        self._spoken[event.item_id] = answer
        while len(self._spoken) > SPOKEN_KEPT:
            item_id, old = self._spoken.popitem(last=False)
            if self._history.has(item_id):
                self._ledgers[item_id] = old.ledger(item_id)
                self._history.replace(without_sound(self._history.get(item_id)))
