"""Replies prepared from the conversation: on request, or as a draft for one pause of the user.

A draft is made before anybody knows that the pause is the end of the turn. It is inaudible and without
effect until the floor gives the turn, and dropped as a whole when the user goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from vivavoce.conversation.config import ReplyOptions, ResponseRequest
from vivavoce.conversation.history import History
from vivavoce.conversation.items import Item, Message, Speech
from vivavoce.errors import TurnError
from vivavoce.ports import Engines, Prompt
from vivavoce.session.prepared import Prepared
from vivavoce.session.reply import Marks, Piece, reply
from vivavoce.session.transcripts import Heard, Transcripts

PIECES_AHEAD = 3


@dataclass(frozen=True, slots=True)
class Basis:
    """What a draft was built on; another basis makes it stale."""

    version: int
    options: ReplyOptions


@dataclass(slots=True)
class Draft:
    """`pieces` is None where only the words are wanted."""

    hearing: asyncio.Task[Heard]
    basis: Basis
    pieces: Prepared[Piece] | None = None
    marks: Marks = field(default_factory=Marks)

    async def drop(self) -> None:
        """Stop everything this draft started, and wait until it has stopped."""
        self.hearing.cancel()
        await asyncio.wait([self.hearing])
        await self.drop_reply()

    async def drop_reply(self) -> None:
        """Keep the words, throw away the reply."""
        if self.pieces is not None:
            await self.pieces.drop()
            self.pieces = None


class Drafting:
    """Makes prompts of the history and has the engines reply to them, a bounded step ahead."""

    def __init__(
        self, session_id: str, tasks: asyncio.TaskGroup, history: History, engines: Engines, transcripts: Transcripts
    ) -> None:
        self._id, self._tasks, self._history, self._engines = session_id, tasks, history, engines
        self._transcripts = transcripts

    def basis(self, options: ReplyOptions) -> Basis:
        return Basis(self._history.version, options)

    def draft(self, hearing: asyncio.Task[Heard], options: ReplyOptions, *, reply_too: bool) -> Draft:
        """Prepare the reply to what `hearing` will have heard, if that were the end of the turn."""
        draft = Draft(hearing, self.basis(options))
        if reply_too:
            draft.pieces = self._prepare(self._to_pause(draft))
        return draft

    def answer(self, request: ResponseRequest, marks: Marks) -> Prepared[Piece]:
        """Prepare the reply to the conversation as it stands once all its words are known."""
        return self._prepare(self._to_conversation(request, marks))

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

    async def _to_pause(self, draft: Draft) -> AsyncGenerator[Piece, None]:
        items = self._history.items
        heard = await asyncio.shield(draft.hearing)
        if heard.trouble is not None:
            raise heard.trouble
        if not heard.words.text:
            return
        said = Message("draft", "user", (Speech(heard.words.text),))
        request = ResponseRequest(draft.basis.options)
        async with aclosing(self._reply(request, (*items, said), draft.marks, heard.words.language)) as pieces:
            async for piece in pieces:
                yield piece

    async def _to_conversation(self, request: ResponseRequest, marks: Marks) -> AsyncGenerator[Piece, None]:
        await self._transcripts.all_known()
        items = self._history.items if request.input is None else request.input
        async with aclosing(self._reply(request, items, marks, self._transcripts.language)) as pieces:
            async for piece in pieces:
                yield piece

    def _reply(
        self, request: ResponseRequest, items: tuple[Item, ...], marks: Marks, language: str | None
    ) -> AsyncGenerator[Piece, None]:
        return reply(self._tasks, self._engines, self._prompt(request, items), request.options, marks, language)

    def _prompt(self, request: ResponseRequest, items: tuple[Item, ...]) -> Prompt:
        options = request.options
        return Prompt(
            options.instructions,
            tuple(item for item in items if not _wordless(item)),
            self._id if request.in_conversation else "",
            options.tools,
            options.tool_choice,
            options.max_output_tokens,
            options.temperature,
        )


def _wordless(item: Item) -> bool:
    """Speech in which nothing was said, or of which nothing was heard."""
    return isinstance(item, Message) and not item.text and all(isinstance(part, Speech) for part in item.parts)
