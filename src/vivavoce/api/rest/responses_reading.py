"""What a response goes on from: what came before is found, attachments are opened, and what was made short is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from vivavoce.api.fields import Fields
from vivavoce.api.rates import Rates
from vivavoce.api.realtime.prompts import Prompts, no_prompts
from vivavoce.api.rest.attachments import Document, Opener, RawMessage, Reader
from vivavoce.api.rest.chat_messages import PLAIN
from vivavoce.api.rest.responses_items import SO_FAR, raw_item, read_already, resolved, unsealed
from vivavoce.api.rest.responses_jobs import Jobs
from vivavoce.api.rest.responses_request import ResponseAsked
from vivavoce.assistant.minds import Minds
from vivavoce.conversation.items import ApprovalRequest, FunctionCall, Item, Message, Text, new_id
from vivavoce.errors import RequestError
from vivavoce.ports import Engines, LanguageModel
from vivavoce.session.tooling import NO_TOOLS, Tooling
from vivavoce.storage.archive import Archive
from vivavoce.storage.bodies import Body
from vivavoce.storage.responses import StoredResponse
from vivavoce.storage.seals import Seals

MOST_BEFORE = 2000
"""Items of a conversation that are read."""
Recent = Mapping[str, StoredResponse]
EMPTY: Recent = {}
UNDER_WAY = ("queued", "in_progress")
GONE = "[Something that was attached here cannot be opened any more.]"


@dataclass(frozen=True, slots=True)
class Means:
    """What responses are made with. `minds`, `engines`: None while they are not warm. `answered(owner, conversation)`:
    something was answered there. `helped`: a mind that has the assistant's own rules before it; `rates`:
    of responses that come by WebSocket; `seals`: of what clients keep for us."""

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
    seals: Seals = field(default_factory=Seals)


@dataclass(frozen=True, slots=True)
class Before:
    """What a response goes on from. `root`: the first response of its chain."""

    bodies: tuple[Body, ...] = ()
    root: str | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """What the mind is to read. `given`: the new items, as they are kept; `summary`: of what was made short."""

    before: Before
    given: tuple[Body, ...]
    told: str
    items: tuple[Item, ...]
    summary: str = ""

    @property
    def instructions(self) -> str:
        return "\n\n".join(text for text in (self.told, self.summary and f"{SO_FAR}\n{self.summary}") if text) or PLAIN


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
        told, items = _told(self._asked.options.instructions, _since_compaction(read))
        return Read(before, tuple(kept), told, tuple(items), self._summary(before.bodies, kept))

    def _summary(self, before: Sequence[Body], given: Sequence[Body]) -> str:
        """Of the last time that it was made short. Raises RequestError for what is not ours."""
        summary = ""
        for body, path in (
            *((body, "input") for body in before),
            *((body, f"input.{n}") for n, body in enumerate(given)),
        ):
            if body["type"] == "compaction":
                summary = unsealed(Fields(body, path), self._means.seals, self._owner)
            elif body["type"] == "reasoning" and body.get("encrypted_content") is not None:
                unsealed(Fields(body, path), self._means.seals, self._owner)
        return summary

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


def _told(instructions: str, items: list[Item]) -> tuple[str, list[Item]]:
    """What the mind is told first: the instructions, then what the system says before all others; and the rest."""
    first = next((place for place, item in enumerate(items) if not _is_system(item)), len(items))
    told = [instructions, *(item.text for item in items[:first] if isinstance(item, Message))]
    return "\n\n".join(text for text in told if text), items[first:]
