"""One response from its request to its end: what it goes on from is read, the answer is made, told and kept."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from vivavoce.api.problems import Trouble, trouble_of
from vivavoce.api.rest.replies import thoughts_of, tokens_of
from vivavoce.api.rest.responses_compact import shortened
from vivavoce.api.rest.responses_jobs import Job
from vivavoce.api.rest.responses_reading import EMPTY, Means, Read, Reading, Recent
from vivavoce.api.rest.responses_request import ResponseAsked
from vivavoce.api.rest.responses_wire import Telling
from vivavoce.conversation.config import wanted_route
from vivavoce.conversation.hosted import readable
from vivavoce.errors import RequestError, StorageError, TurnError
from vivavoce.ports import LanguageModel, Prompt, Sampling, Thought, ToolContext, Urgency
from vivavoce.session.text_answer import TextAnswer
from vivavoce.storage.bodies import Body
from vivavoce.storage.responses import StoredResponse, response_id

FULL = 0.75
"""Share of the mind's context from which a talk that may be made short is, whatever the client's threshold."""
STORAGE_TROUBLE = Trouble(503, "The database cannot be used now. Try again in a moment.", "storage_unavailable")
STOPPED = Trouble(503, "The server was stopped while this response was made.", "server_stopped")
SAVING = 10.0
"""Seconds that a response under cancellation may take to be kept."""


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
        self._telling = Telling(
            self.id, asked.model or mind.name, self._created, asked.echo, asked.custom, seal=self._sealing()
        )
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
        prompt = await self._made_short(prompt)
        context = ToolContext(self._owner, session=self.id, conversation=asked.conversation or "")
        answer = TextAnswer(self._think, self._means.tooling, context, most_calls=asked.max_tool_calls)
        await answer.run(prompt, options, self._read.items, lambda step: self.job.tell(self._telling.of(step)))

    async def _made_short(self, prompt: Prompt) -> Prompt:
        """The prompt, after what was said was made short if that is asked for and due. Raises TurnError."""
        if self._asked.compact_above is None:
            return prompt
        items = tuple(readable(self._read.items, {}))
        length = await tokens_of(self._mind, replace(prompt, items=items, tools=self._asked.options.tools))
        if length <= min(self._asked.compact_above, round(FULL * self._mind.context)):
            return prompt
        self.job.tell(self._telling.compacting())
        try:
            short = await shortened(self._mind, self._read)
        except BaseException:
            self._telling.not_compacted()
            raise
        self._read = short.read
        content = self._means.seals.seal(short.whole, self._owner, "compaction")
        self.job.tell([*self._telling.of(short.usage), *self._telling.compacted(content)])
        return replace(prompt, instructions=self._read.instructions)

    def _sealing(self) -> Callable[[str], str] | None:
        """How thinking is sealed, for clients that want to have it so."""
        if not self._asked.sealed_thinking:
            return None
        return partial(self._means.seals.seal, owner=self._owner, kind="reasoning")

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
