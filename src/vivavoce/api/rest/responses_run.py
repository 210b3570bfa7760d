"""One response from its request to its end: what came before is found, attachments are opened, the answer is made, told
and kept."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from vivavoce.api.problems import Trouble, trouble_of
from vivavoce.api.rates import Rates
from vivavoce.api.realtime.prompts import Prompts, no_prompts
from vivavoce.api.rest.attachments import Document, Opener, RawMessage, Reader
from vivavoce.api.rest.chat_messages import PLAIN
from vivavoce.api.rest.replies import thoughts_of
from vivavoce.api.rest.responses_items import raw_item, read_already, resolved
from vivavoce.api.rest.responses_jobs import Job, Jobs
from vivavoce.api.rest.responses_request import ResponseAsked
from vivavoce.api.rest.responses_wire import Telling
from vivavoce.assistant.minds import Minds
from vivavoce.conversation.config import wanted_route
from vivavoce.conversation.items import (
    ApprovalRequest,
    FunctionCall,
    Item,
    Message,
    Text,
    new_id,
)
from vivavoce.errors import RequestError, StorageError, TurnError
from vivavoce.ports import Engines, LanguageModel, Prompt, Sampling, Thought, ToolContext, Urgency
from vivavoce.session.text_answer import TextAnswer
from vivavoce.session.tooling import NO_TOOLS, Tooling
from vivavoce.storage.archive import Archive
from vivavoce.storage.bodies import Body
from vivavoce.storage.responses import StoredResponse, response_id

MOST_BEFORE = 2000
"""Items of a conversation that are read."""
Recent = Mapping[str, StoredResponse]
EMPTY: Recent = {}
UNDER_WAY = ("queued", "in_progress")
GONE = "[Something that was attached here cannot be opened any more.]"
STORAGE_TROUBLE = Trouble(503, "The database cannot be used now. Try again in a moment.", "storage_unavailable")
STOPPED = Trouble(503, "The server was stopped while this response was made.", "server_stopped")
SAVING = 10.0
"""Seconds that a response under cancellation may take to be kept."""


@dataclass(frozen=True, slots=True)
class Means:
    """What responses are made with. `minds`, `engines`: None while they are not warm. `answered(owner, conversation)`:
    something was answered there. `helped`: a mind that has the assistant's own rules before it; `rates`:
    of responses that come by WebSocket."""

    minds: Callable[[], Minds | None]
    engines: Callable[[], Engines | None]
    opener: Opener
    archive: Archive
    jobs: Jobs
    tooling: Tooling = NO_TOOLS
    prompts: Prompts = no_prompts
    answered: Callable[[str, str], None] = lambda owner, conversation: None
    helped: Callable[[LanguageModel], LanguageModel] = lambda mind: mind
    rates: Rates = field(default_factory=Rates)


@dataclass(frozen=True, slots=True)
class Before:
    """What a response goes on from. `root`: the first response of its chain."""

    bodies: tuple[Body, ...] = ()
    root: str | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """What the mind is to read. `given`: the new items, as they are kept."""

    before: Before
    given: tuple[Body, ...]
    instructions: str
    items: tuple[Item, ...]


class Reading:
    """Finds what came before, and opens what is attached. `owner`: of all that is read; `recent`: responses that need
    not be looked for."""

    def __init__(
        self,
        means: Means,
        asked: ResponseAsked,
        mind: LanguageModel,
        engines: Engines,
        owner: str,
        recent: Recent = EMPTY,
    ) -> None:
        self._means, self._asked, self._mind, self._owner, self._recent = means, asked, mind, owner, recent
        self._reader = Reader(mind, engines.stt, owner)

    async def read(self) -> Read:
        """Raises RequestError, TurnError and StorageError."""
        before = await self._before()
        given = await self._resolved(before)
        read = [(body, await self._opened_before(body)) for body in before.bodies]
        kept: list[Body] = []
        for place, body in enumerate(given):
            item, body = await self._opened(body, f"input.{place}")
            kept.append(body)
            read.append((body, item))
        _check_links(given, [item for _, item in read if item is not None])
        items = _since_compaction(read)
        instructions, items = _instructions(self._asked.options.instructions, items)
        return Read(before, tuple(kept), instructions, tuple(items))

    async def _before(self) -> Before:
        asked, archive = self._asked, self._means.archive
        if asked.conversation is not None:
            page = await archive.conversations.items(self._owner, asked.conversation, limit=MOST_BEFORE, order="desc")
            return Before(tuple(item.body for item in reversed(page.rows)), asked.conversation)
        if asked.previous is None:
            return Before()
        previous = self._recent.get(asked.previous) or await archive.responses.get(self._owner, asked.previous)
        if previous.status in UNDER_WAY:
            message = f"The response {asked.previous!r} is still being made; wait until it has ended."
            raise RequestError(message, param="previous_response_id", code="response_not_ended")
        return Before((*previous.read, *previous.body["output"]), previous.root)

    async def _resolved(self, before: Before) -> list[Body]:
        """The new items, with those that they refer to."""
        given = self._asked.given
        known = {body["id"]: body for body in before.bodies}
        for place, body in enumerate(given):
            if body["type"] != "item_reference" and body["id"] in known:
                message = f"The id {body['id']!r} is in use already in what came before."
                raise RequestError(message, param=f"input.{place}.id", code="item_id_in_use")
        references = {body["id"] for body in given if body["type"] == "item_reference"}
        if not references <= known.keys():
            known = {**await self._means.archive.responses.items(self._owner), **known}
        there = {body["id"] for body in before.bodies}
        return [body for body in resolved(given, known) if body["id"] not in there]

    async def _opened(self, body: Body, path: str) -> tuple[Item | None, Body]:
        """A new item, and how it is kept. Raises for what cannot be opened."""
        raw = raw_item(body, path)
        if not isinstance(raw, RawMessage):
            return raw, body
        opened = await self._means.opener.message(raw, self._reader)
        if body["type"] != "message":
            return opened, body
        read = [
            part.text
            for part, closed in zip(opened.parts, raw.parts, strict=True)
            if isinstance(closed, Document) and isinstance(part, Text)
        ]
        return replace(opened, id=body["id"]), read_already(body, read)

    async def _opened_before(self, body: Body) -> Item | None:
        """An item from before: what can be opened no more, or not by this mind, is only named."""
        raw = raw_item(body, "input")
        if not isinstance(raw, RawMessage):
            return raw
        try:
            return await self._means.opener.message(raw, self._reader)
        except RequestError:
            parts = tuple(part if isinstance(part, Text) else Text(GONE) for part in raw.parts)
            return Message(new_id("msg"), raw.role, parts)


def _since_compaction(read: Sequence[tuple[Body, Item | None]]) -> list[Item]:
    """What the mind reads: where the conversation was made short, that is all of what came before."""
    last = max((place for place, (body, _) in enumerate(read) if body["type"] == "compaction"), default=0)
    return [item for place, (_, item) in enumerate(read) if item is not None and (place >= last or _is_system(item))]


def _is_system(item: Item) -> bool:
    return isinstance(item, Message) and item.role == "system"


def _check_links(given: Sequence[Body], items: Sequence[Item]) -> None:
    """Results and approvals have to belong to something. Raises RequestError."""
    calls = {item.call_id for item in items if isinstance(item, FunctionCall)}
    requests = {item.id for item in items if isinstance(item, ApprovalRequest)}
    for place, body in enumerate(given):
        if body["type"].endswith("_call_output") and body["call_id"] not in calls:
            message = f"No call has the call_id {body['call_id']!r}."
            raise RequestError(message, param=f"input.{place}.call_id", code="invalid_value")
        if body["type"] == "mcp_approval_response" and body["approval_request_id"] not in requests:
            message = f"Nothing was asked under the id {body['approval_request_id']!r}."
            raise RequestError(message, param=f"input.{place}.approval_request_id", code="invalid_value")


def _instructions(instructions: str, items: list[Item]) -> tuple[str, list[Item]]:
    """What the mind is told first: the instructions, then what the system says before all others; and the rest."""
    first = next((place for place, item in enumerate(items) if not _is_system(item)), len(items))
    told = [instructions, *(item.text for item in items[:first] if isinstance(item, Message))]
    return "\n\n".join(text for text in told if text) or PLAIN, items[first:]


async def prepared(means: Means, asked: ResponseAsked, owner: str, recent: Recent = EMPTY) -> Making:
    """Raises RequestError, TurnError and StorageError."""
    reading, mind = reading_of(means, asked, owner, recent)
    return Making(means, asked, mind, await reading.read(), owner)


def reading_of(means: Means, asked: ResponseAsked, owner: str, recent: Recent = EMPTY) -> tuple[Reading, LanguageModel]:
    """Raises RequestError for a model that is not there."""
    minds, engines = means.minds(), means.engines()
    assert minds is not None and engines is not None  # noqa: S101 - those who call have looked
    mind = minds.choose(asked.model)
    return Reading(means, asked, mind, engines, owner, recent), mind


class Making:
    """One response being made."""

    def __init__(self, means: Means, asked: ResponseAsked, mind: LanguageModel, read: Read, owner: str) -> None:
        self._means, self._asked, self._mind, self._read, self._owner = means, asked, mind, read, owner
        self.id = response_id(after=asked.conversation or asked.previous)
        self._created = int(time.time())
        self._telling = Telling(self.id, asked.model or mind.name, self._created, asked.echo, asked.custom)
        self.job = Job(self.id, owner, self.response, background=asked.background)
        self._steered = False

    @property
    def output(self) -> list[Body]:
        return self._telling.output

    async def steer(self) -> None:
        """End it where it is, so that one that knows more may go on; not while a tool runs."""
        if not (self._telling.at_work or self.job.ended):
            self._steered = True
            await self.job.stop()

    def response(self) -> dict[str, Any]:
        """As it stands."""
        return self._telling.response()

    async def start(self) -> None:
        """Raises EngineBusy and StorageError."""
        self.job.tell([self._telling.began("queued" if self._asked.background else "in_progress")])
        await self._keep()
        self._means.jobs.start(self.job, self._make)

    async def _make(self) -> None:
        telling, job = self._telling, self.job
        if self._asked.background:
            job.tell([telling.queued()])
        try:
            async with self._means.jobs.turn(job):
                job.tell([telling.in_progress()])
                if self._asked.generate:
                    await self._answer()
            await self._remember()
            last = telling.ended(int(time.time()))
        except (TurnError, RequestError, StorageError) as error:
            last = self._failed(trouble_of(error) if not isinstance(error, StorageError) else STORAGE_TROUBLE)
        except asyncio.CancelledError:
            if job.unwanted:
                telling.cancelled()
            elif self._steered:
                job.tell(telling.steered())
            else:
                job.tell(self._failed(STOPPED))
            await self._keep_quickly()
            raise
        await self._keep_or_fail(last)

    async def _answer(self) -> None:
        asked, options = self._asked, self._asked.options
        prompt = Prompt(
            self._read.instructions,
            (),
            session=self._session(),
            max_tokens=options.max_output_tokens,
            temperature=options.temperature,
            truncation=options.truncation,
            effort=options.effort,
            schema=asked.schema,
            top_p=asked.top_p,
            urgency=Urgency.SOON,
            route=wanted_route(asked.echo.get("metadata")),
            sampling=Sampling(logprobs=asked.logprobs),
        )
        context = ToolContext(self._owner, session=self.id, conversation=asked.conversation or "")
        answer = TextAnswer(self._think, self._means.tooling, context, most_calls=asked.max_tool_calls)
        await answer.run(prompt, options, self._read.items, lambda step: self.job.tell(self._telling.of(step)))

    def _think(self, prompt: Prompt) -> AsyncGenerator[Thought, None]:
        return thoughts_of(self._means.helped(self._mind), prompt, parallel=self._asked.options.parallel_tool_calls)

    def _session(self) -> str:
        """Which requests share a prompt cache: those of one conversation, one chain, or one word of the client's."""
        key = self._asked.cache_key or self._read.before.root
        return f"resp {hashlib.sha256(f'{self._owner} {key}'.encode()).hexdigest()[:16]}" if key else ""

    # --- keeping

    async def _remember(self) -> None:
        """Write what was asked and answered into the conversation."""
        if self._asked.conversation is not None:
            bodies = [*self._read.given, *self._telling.output]
            await self._means.archive.conversations.add(self._owner, self._asked.conversation, bodies)
            self._means.answered(self._owner, self._asked.conversation)

    async def _keep(self) -> None:
        if self._asked.store:
            await self._means.archive.responses.keep(self._owner, self.stored())

    def stored(self) -> StoredResponse:
        """As it is kept."""
        body = {**self._telling.response(), "output": list(self._telling.output)}
        before = self._read.before
        read, root = (*before.bodies, *self._read.given), before.root or self.id
        return StoredResponse(self.id, self._created, body["status"], body, read, root, self._asked.conversation)

    async def _keep_or_fail(self, last: list[dict[str, Any]]) -> None:
        """The end is told once it is kept: a client that reads it may go on from it at once."""
        try:
            await self._keep()
        except StorageError:
            last = [] if self.job.trouble else self._failed(STORAGE_TROUBLE)
        self.job.tell(last)

    async def _keep_quickly(self) -> None:
        with suppress(StorageError, TimeoutError):
            async with asyncio.timeout(SAVING):
                await self._keep()

    def _failed(self, trouble: Trouble) -> list[dict[str, Any]]:
        self.job.trouble = trouble
        return self._telling.failed(trouble)
