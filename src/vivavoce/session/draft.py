"""Replies prepared from the conversation: on request, or as a draft for one pause of the user.

A draft is made before anybody knows that the turn is over: in a pause, so that it is ready when the pause is long
enough, or before the voice stops, for words that sound like the last. It is inaudible and without effect until the
floor gives the turn, and dropped as a whole when the user goes on. One made early is played only if the final pass
hears the same words; else it is made again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from vivavoce.conversation.config import ReplyOptions, ResponseRequest, wanted_route
from vivavoce.conversation.events import DraftAccount
from vivavoce.conversation.history import History
from vivavoce.conversation.hosted import readable
from vivavoce.conversation.items import Item, Message, Speech, Text
from vivavoce.errors import TurnError
from vivavoce.ports import Engines, Prompt, Transcription, Urgency
from vivavoce.session.accounts import Marks
from vivavoce.session.prepared import Prepared
from vivavoce.session.reply import Piece, phrase_aloud, recital, reply
from vivavoce.session.toolbox import Toolbox
from vivavoce.session.transcripts import Heard, Transcripts

PIECES_AHEAD = 3


@dataclass(frozen=True, slots=True)
class Basis:
    """What a draft was built on; another basis makes it stale."""

    version: int
    options: ReplyOptions


class Draft:
    """A reply being prepared for one turn; read it as a `Prepared`."""

    def __init__(self, item_id: str, basis: Basis, guess: str | None = None) -> None:
        self.item_id = item_id
        """The item that the turn is going to be."""
        self.basis = basis
        self.guess = guess
        """The words it was made for before they were final; None: it waits for the final pass."""
        self.began = asyncio.get_running_loop().time()
        self.replying: float | None = None if guess is None else self.began
        """Loop time at which the reply was begun."""
        self.lost = 0.0
        """Seconds for which it kept the engines at work before it was made again."""
        self.made_again = False
        """It was begun for words that were not the final ones."""
        self.worth = asyncio.Event()
        """The turn may be found to be over soon: it is time to reply."""
        self.wanted = asyncio.Event()
        """The reply is going to be heard: more is made of it than its first clause."""
        self.marks = Marks()
        self.hearing: asyncio.Task[Heard] | None = None
        self.pieces: Prepared[Piece] | None = None
        """None where only the words are wanted."""
        self.confirming: asyncio.Task[None] | None = None

    async def __aiter__(self) -> AsyncIterator[Piece]:
        if self.confirming is not None:
            await asyncio.wait([self.confirming])
        if self.pieces is not None:
            async for piece in self.pieces:
                yield piece

    @property
    def ready(self) -> bool:
        """Whether its first piece is there, and need not be made again."""
        confirmed = self.confirming is None or self.confirming.done()
        return confirmed and self.pieces is not None and self.pieces.ready

    def under_way(self) -> float:
        """Seconds for which it has kept the engines at work."""
        now, replying = asyncio.get_running_loop().time(), self.replying
        hearing = 0.0
        if self.hearing is not None and self.guess is None:
            done = self.hearing.done() and not self.hearing.cancelled() and self.hearing.exception() is None
            hearing = (self.hearing.result().at if done else now) - self.began
        resting = self.marks.rested if not self.wanted.is_set() else None
        return self.lost + hearing + (0.0 if replying is None else (resting or now) - replying)

    async def drop(self) -> None:
        """Stop everything this draft started, and wait until it has stopped."""
        if self.hearing is not None:
            self.hearing.cancel()
            await asyncio.wait([self.hearing])
        await self.drop_reply()

    async def drop_reply(self) -> None:
        """Keep the words, throw away the reply."""
        if self.confirming is not None:
            self.confirming.cancel()
            await asyncio.wait([self.confirming])
        if self.pieces is not None:
            await self.pieces.drop()
            self.pieces = None


@dataclass(slots=True)
class Tally:
    """The drafts of one turn that were dropped: how many replies were begun, and the seconds they kept the engines at
    work."""

    replies: int = 0
    wasted: float = 0.0

    def drop(self, draft: Draft) -> None:
        """Count a draft that is thrown away."""
        self.replies += draft.replying is not None
        self.wasted += draft.under_way()

    def account(self, played: Draft, ended: float) -> DraftAccount:
        """`ended`: loop time at which the turn was found to be over."""
        return DraftAccount(
            made=self.replies + 1,
            anticipated=played.guess is not None,
            content_valid=not played.made_again,
            head_start_ms=round(max(0.0, ended - played.began) * 1000, 1),
            wasted_ms=round((self.wasted + played.lost) * 1000, 1),
        )


class Drafting:
    """Makes prompts of the history and has the engines reply to them, a bounded step ahead."""

    def __init__(
        self,
        session_id: str,
        tasks: asyncio.TaskGroup,
        history: History,
        engines: Engines,
        transcripts: Transcripts,
        toolbox: Toolbox,
    ) -> None:
        self._id, self._tasks, self._history, self._engines = session_id, tasks, history, engines
        self._transcripts, self._toolbox = transcripts, toolbox

    def basis(self, options: ReplyOptions) -> Basis:
        return Basis(self._history.version, options)

    def anticipate(self, item_id: str, words: str, options: ReplyOptions) -> Draft:
        """Prepare the reply to `words`, in case they are the user's last."""
        draft = Draft(item_id, self.basis(options), words)
        draft.pieces = self._prepare(self._to_words(draft, Transcription(words, self._transcripts.language)))
        return draft

    def draft(self, item_id: str, hearing: asyncio.Task[Heard], options: ReplyOptions, *, reply_too: bool) -> Draft:
        """Prepare the reply to what `hearing` will have heard, if that were the end of the turn."""
        draft = Draft(item_id, self.basis(options))
        draft.hearing = hearing
        if reply_too:
            draft.pieces = self._prepare(self._to_pause(draft, hearing))
        return draft

    def confirm(self, draft: Draft, hearing: asyncio.Task[Heard]) -> None:
        """Hold an early draft against the final words: where they mean something else, it is made again."""

        async def confirm() -> None:
            heard = await asyncio.shield(hearing)
            if heard.trouble is None and same_words(heard.words.text, draft.guess or ""):
                return
            if draft.pieces is not None:
                await draft.pieces.drop()
            draft.marks.reset()
            draft.made_again = True
            draft.lost = draft.under_way()
            draft.guess, draft.replying, draft.began = None, None, asyncio.get_running_loop().time()
            draft.pieces = self._prepare(self._to_pause(draft, hearing))

        draft.hearing = hearing
        draft.confirming = self._tasks.create_task(confirm())

    def answer(
        self, request: ResponseRequest, marks: Marks, cue: str | None = None, last: Sequence[str] = ()
    ) -> Prepared[Piece]:
        """Prepare the reply to the conversation as it stands once all its words are known. `cue`: why the assistant
        speaks now, told to the model alone. `last`: ids of what the reply is about, wherever it stands."""
        return self._prepare(self._to_conversation(request, marks, cue, last))

    def recite(self, text: str, options: ReplyOptions, marks: Marks) -> Prepared[Piece]:
        """Prepare to say these words as they stand."""
        return self._prepare(recital(self._tasks, self._engines, text, options, marks, self._transcripts.language))

    def say(self, phrase: str, options: ReplyOptions, language: str) -> AsyncGenerator[Piece, None]:
        """A phrase of our own, rendered now."""
        return phrase_aloud(self._engines, phrase, options, language)

    def warm(self, options: ReplyOptions) -> None:
        """Read instructions and history into the model's cache while nobody waits for it."""

        async def warm() -> None:
            try:
                await self._engines.llm.warm(self._prompt(ResponseRequest(options), self._history.items))
            except TurnError:
                pass  # a cold cache costs time, nothing else

        self._tasks.create_task(warm())

    def _prepare(self, source: AsyncGenerator[Piece, None]) -> Prepared[Piece]:
        return Prepared(self._tasks, source, PIECES_AHEAD)

    async def p_end(self, item_id: str, words: str, options: ReplyOptions, urgency: Urgency) -> float | None:
        """What the model thinks of `words` as a whole turn; it has read them then, which the reply gains from."""
        said = Message(item_id, "user", (Speech(words),))
        prompt = self._prompt(ResponseRequest(options), (*self._before(item_id), said))
        try:
            return await self._engines.llm.p_end(replace(prompt, open=True, urgency=urgency))
        except TurnError:
            return None  # a cold cache costs time, nothing else

    async def _to_pause(self, draft: Draft, hearing: asyncio.Task[Heard]) -> AsyncGenerator[Piece, None]:
        heard = await asyncio.shield(hearing)
        if heard.trouble is not None:
            raise heard.trouble
        if not heard.words.text:
            return
        await draft.worth.wait()
        draft.replying = asyncio.get_running_loop().time()
        async with aclosing(self._to_words(draft, heard.words)) as pieces:
            async for piece in pieces:
                yield piece

    async def _to_words(self, draft: Draft, words: Transcription) -> AsyncGenerator[Piece, None]:
        if self._transcripts.pending(but=draft.item_id):  # of a turn that is being reopened, for instance
            await self._transcripts.all_known(but=draft.item_id)
            draft.basis = self.basis(draft.basis.options)
        said = Message(draft.item_id, "user", (Speech(words.text),))
        request = ResponseRequest(draft.basis.options)
        items = (*self._before(draft.item_id), said)
        async with aclosing(self._reply(request, items, draft.marks, words.language, draft.wanted)) as pieces:
            async for piece in pieces:
                yield piece

    def _before(self, item_id: str) -> tuple[Item, ...]:
        """The conversation without the turn itself, which may have become an item meanwhile."""
        return tuple(item for item in self._history.items if item.id != item_id)

    async def _to_conversation(
        self, request: ResponseRequest, marks: Marks, cue: str | None, last: Sequence[str]
    ) -> AsyncGenerator[Piece, None]:
        await self._transcripts.all_known()
        items = self._history.items if request.input is None else request.input
        items = tuple(sorted(items, key=lambda item: item.id in last))  # each kind stays in order
        if cue is not None:
            items = (*items, Message("cue", "system", (Text(cue),)))
        async with aclosing(self._reply(request, items, marks, self._transcripts.language)) as pieces:
            async for piece in pieces:
                yield piece

    async def _reply(
        self,
        request: ResponseRequest,
        items: tuple[Item, ...],
        marks: Marks,
        language: str | None,
        wanted: asyncio.Event | None = None,
    ) -> AsyncGenerator[Piece, None]:
        await self._toolbox.ready(request.options)
        prompt = self._prompt(request, items)
        made = reply(self._tasks, self._engines, prompt, request.options, marks, language, wanted)
        async with aclosing(made) as pieces:
            async for piece in pieces:
                yield piece

    def _prompt(self, request: ResponseRequest, items: tuple[Item, ...]) -> Prompt:
        options = request.options
        return Prompt(
            options.instructions,
            tuple(item for item in readable(items, self._toolbox.running) if not _wordless(item)),
            self._id if request.in_conversation else "",
            self._toolbox.tools(options),
            self._toolbox.choice(options),
            options.max_output_tokens,
            options.temperature,
            truncation=options.truncation,
            effort=options.effort,
            route=wanted_route(request.metadata),
        )


def _wordless(item: Item) -> bool:
    """Speech in which nothing was said, or of which nothing was heard."""
    return isinstance(item, Message) and not item.text and all(isinstance(part, Speech) for part in item.parts)


def same_words(one: str, other: str) -> bool:
    """Whether two transcripts say the same: case, punctuation and spacing are no meaning."""
    return _plain(one) == _plain(other)


def _plain(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())
