"""The asyncio shell of one conversation: owns its tasks and its parts.

    hearing ─▶ turns ─▶ responder ─▶ answers ─▶ mouth ─▶ send

What a façade may ask for are the public methods; what happens comes back through `send`, in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from vivavoce.audio.pcm import Pcm
from vivavoce.conversation.config import ResponseRequest, SessionConfig
from vivavoce.conversation.events import (
    Event,
    ItemAdded,
    ItemDeleted,
    ItemTruncated,
)
from vivavoce.conversation.floor import Floor
from vivavoce.conversation.history import History
from vivavoce.conversation.items import ApprovalResponse, Item, Message, new_id, without_pictures
from vivavoce.errors import RequestError, SessionError
from vivavoce.ports import Engines, ToolContext
from vivavoce.session.answers import Answers
from vivavoce.session.draft import Drafting
from vivavoce.session.errands import Errands
from vivavoce.session.hosting import Hosting
from vivavoce.session.overhearing import Overhearing
from vivavoce.session.parts import Parts
from vivavoce.session.phrases import Phrasebook
from vivavoce.session.prepared import Later
from vivavoce.session.responder import Responder
from vivavoce.session.toolbox import Toolbox
from vivavoce.session.tooling import NO_TOOLS, Tooling
from vivavoce.session.transcripts import Transcripts, hint_of
from vivavoce.session.turns import Turns
from vivavoce.session.voices import wants_voices


class _Closed(Exception):
    """Ends the task group of a session that was closed."""


class Session:
    def __init__(
        self,
        engines: Engines,
        config: SessionConfig,
        send: Callable[[Event], Awaitable[None]],
        *,
        on_close: Callable[[], None] = lambda: None,
        phrases: Phrasebook | None = None,
        tooling: Tooling = NO_TOOLS,
        owner: str = "",
    ) -> None:
        """`phrases`: shared with the other sessions, so that they are rendered once. `owner`: for whom tools run."""
        self.id = new_id("sess")
        self.config = config
        self.history = History()
        self._engines, self._send, self._on_close, self._owner = engines, send, on_close, owner
        self._closing = asyncio.Event()
        self._running = False
        self._tasks = asyncio.TaskGroup()
        self._toolbox = Toolbox(self._tasks, self.history, send, tooling)
        self._phrases = phrases or Phrasebook(engines.tts)
        parts = self._parts()
        self._transcripts, self._drafting, self._answers = parts.transcripts, parts.drafting, parts.answers
        self._transcripts.tells_speakers = wants_voices(config.transcription)
        responder = Responder(
            self._tasks, self._answers, self._drafting, self._transcripts, self._phrases, parts.decided
        )
        self._turns = Turns(parts, responder, config)
        self._errands = Errands(self._tasks, self.history, self._toolbox, send, self._tool_context)
        self._hosting = Hosting(parts, responder, self._toolbox, self._errands, lambda: self.config)

    def _parts(self) -> Parts:
        tasks, history, engines, send = self._tasks, self.history, self._engines, self._send
        floor = Floor(self.config.turn, self.config.manners.idle_timeout_ms)
        overhearing, transcripts = Overhearing(), Transcripts(tasks, history, engines, send)
        drafting = Drafting(self.id, tasks, history, engines, transcripts, self._toolbox)
        answers = Answers(tasks, history, floor, send, overhearing.played)
        return Parts(
            tasks, history, engines, send, floor, transcripts, drafting, overhearing, answers,
            stir=lambda: self._hosting.stir(),  # it is made last
        )  # fmt: skip

    # --- life

    async def run(self) -> None:
        """Serve until `close()`; every task started here has ended on return. Raises SessionError."""
        try:
            async with self._tasks:
                self._running = True
                self._tasks.create_task(self._turns.hearing.listen(), name=f"{self.id} ear")
                self._tasks.create_task(self._phrases.render(self.config.reply, "en"))
                self._tasks.create_task(self._hosting.run(), name=f"{self.id} unprompted")
                self._toolbox.name(self.config.reply.servers)
                if self.history.items:
                    self._drafting.warm(self.config.reply)
                await self._closing.wait()
                raise _Closed
        except ExceptionGroup as group:
            _raise_trouble(group)
        finally:
            self._engines.llm.forget(self.id)
            self._on_close()
            await self._toolbox.close()

    async def close(self) -> None:
        self._closing.set()

    # --- what a façade may ask for

    async def hear(self, sound: Pcm) -> None:
        """Take the next sound of the user, at any rate. Waits while the ear is behind."""
        await self._turns.hearing.hear(sound)

    def hear_now(self, sound: Pcm) -> bool:
        """Take the next sound of the user without waiting; False: the ear is behind, and has not taken it."""
        return self._turns.hearing.hear_now(sound)

    async def commit(self) -> None:
        """Make what was heard since the last turn an item, whatever the floor thinks. Raises RequestError.

        The reply, if one is wanted, is asked for with `respond`.
        """
        await self._turns.commit()

    async def clear(self) -> None:
        """Throw away the sound that is not committed yet."""
        await self._turns.clear()

    async def configure(self, config: SessionConfig) -> None:
        """Behave differently from the next decision on."""
        old, self.config = self.config, config
        self._turns.configure(config)
        self._transcripts.tells_speakers = wants_voices(config.transcription)
        self._toolbox.name(config.reply.servers, again=True)
        if config.manners.profile != old.manners.profile and config.reply == old.reply:
            self._drafting.warm(config.reply)
        if config.reply != old.reply:
            self._drafting.warm(config.reply)
            self._tasks.create_task(self._phrases.render(config.reply, self._transcripts.language or "en"))

    async def add(self, item: Item, after: str | None = None) -> None:
        """Put an item the client made into the conversation; speech in it is recognised. Raises RequestError."""
        self._check_pictures((item,), "item.content")
        previous = self.history.add(item, after)
        await self._send(ItemAdded(item, previous))
        if isinstance(item, Message):
            self._transcripts.hear_item(item, hint_of(self.config.transcription))
        elif isinstance(item, ApprovalResponse):
            self._hosting.approval_came(item)

    def restore(self, items: Sequence[Item]) -> None:
        """Go on from items of before, as far as the model can take them. Nothing must have been said yet."""
        for item in items:
            with suppress(RequestError):  # the result of a call that is too long ago
                self.history.add(item if self._engines.llm.sees else without_pictures(item))
        if self._running:
            self._drafting.warm(self.config.reply)

    async def delete(self, item_id: str) -> None:
        """Raises RequestError."""
        self.history.delete(item_id)
        self._answers.forget(item_id)
        self._errands.drop(item_id)
        await self._send(ItemDeleted(item_id))

    async def truncate(self, item_id: str, content_index: int, audio_end_ms: int) -> None:
        """Forget what the user did not hear of a spoken answer. Raises RequestError."""
        self._answers.truncate(item_id, content_index, audio_end_ms)
        await self._send(ItemTruncated(item_id, audio_end_ms))

    def item(self, item_id: str) -> Item:
        """An item with its sound, as far as that is kept. Raises RequestError."""
        return self.history.get(item_id)

    @property
    def items(self) -> tuple[Item, ...]:
        """All that was said, in order."""
        return self.history.items

    def fall_silent(self) -> None:
        """Nobody hears what is being said any more: stop it, and remember what was heard."""
        self._hosting.heard(False)
        self._answers.yield_floor("client_cancelled")

    def be_heard(self) -> None:
        """Somebody hears again what is said."""
        self._hosting.heard(True)

    async def respond(self, request: ResponseRequest) -> str:
        """Start a response, after the one that writes to the conversation now; returns its id, "" where it comes by
        itself already. Raises RequestError when too many wait already."""
        if self._hosting.is_claim(request):
            return ""
        self._check_pictures(request.input or (), "response.input")
        self._answers.refuse_excess(request)
        answer = self._answers.prepare(request, "requested")
        self._answers.start(answer, Later(lambda: self._drafting.answer(request, answer.account.marks)))
        return answer.id

    async def speak_up(self, words: str) -> None:
        """Say these words, unasked, as soon as the floor is free. Raises SessionError when nobody is there to hear
        them."""
        if self._closing.is_set() or not self._hosting.is_heard:
            raise SessionError("Nobody is there.")
        await self._hosting.speak_up(words)

    def _tool_context(self) -> ToolContext:
        return ToolContext(
            self._owner,
            self.id,
            self.config.conversation,
            temporary=self.config.temporary,
            language=self._transcripts.language,
            history=self.history.items,
            speak_up=self.speak_up,
        )

    def _check_pictures(self, items: Sequence[Item], param: str) -> None:
        if not self._engines.llm.sees and any(isinstance(item, Message) and item.pictures for item in items):
            raise RequestError(
                f"The model here, {self._engines.llm.name}, does not see pictures: describe them in words, or have the "
                "operator choose a model that sees.",
                param=param,
                code="image_not_supported",
            )

    async def cancel(self, response_id: str | None = None) -> None:
        """Stop a response (None: those of the conversation) and wait for its end; none may be running."""
        await self._answers.cancel(response_id)


def _raise_trouble(group: ExceptionGroup[Exception]) -> None:
    """A session that was closed ends quietly; one that failed, with its own error."""
    _, rest = group.split(_Closed)
    if rest is None:
        return
    trouble, bugs = rest.split(SessionError)
    if trouble is None or bugs is not None:
        raise rest
    error: BaseException = trouble
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    raise error
