"""The tool servers of one session: what they offer is listed once, told, and put before the model."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from vivavoce.conversation.config import ReplyOptions, Tool, ToolChoice
from vivavoce.conversation.consent import must_ask
from vivavoce.conversation.events import Event, ListingEnded, ListingStarted
from vivavoce.conversation.history import History
from vivavoce.conversation.hosted import ApprovalRule, ToolFilter, ToolServer
from vivavoce.conversation.items import ListedTool, ToolListing, new_id
from vivavoce.errors import ToolFailed
from vivavoce.ports import HostedTool, ToolHost
from vivavoce.session.tooling import Tooling

LIST_WITHIN = 15.0
"""Seconds within which a server has to say what it offers."""
WORTH_WAITING = 3.0
"""Seconds that an answer waits for a list: somebody listens."""
CLOSE_WITHIN = 3.0
MOST_SERVERS = 16
MOST_TOOLS = 128
LONGEST_DESCRIPTION = 1024
LONGEST_NAME = 64
LISTED_CHARACTERS = 96 * 1024
"""Of one list: a data channel takes 256 KiB, and a character may be six bytes of JSON."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A tool that the model may call now. `name`: as the model knows it, which differs from the tool's own where two
    have the same."""

    name: str
    server: ToolServer
    host: ToolHost
    hosted: HostedTool

    def must_ask(self, *, read_foreign: bool) -> bool:
        """Whether a call of it waits for the person's yes: see `consent.must_ask`."""
        tool = self.hosted
        why = must_ask(
            self.server.approval.of(tool.tool.name, tool.reads_only),
            reads_only=tool.reads_only,
            asks_first=tool.asks_first,
            read_foreign=read_foreign,
            insists=tool.insists,
        )
        return why is not None


@dataclass(slots=True)
class _Listed:
    host: ToolHost | None = None
    ours: bool = False
    """To be closed with the session."""
    tools: tuple[HostedTool, ...] = ()
    failed: bool = False
    listing: asyncio.Task[None] | None = None


class Toolbox:
    def __init__(
        self, tasks: asyncio.TaskGroup, history: History, send: Callable[[Event], Awaitable[None]], tooling: Tooling
    ) -> None:
        self._tasks, self._history, self._send, self._tooling = tasks, history, send, tooling
        self._servers: dict[ToolServer, _Listed] = {}
        self.running: dict[str, str] = {}
        """Ids of calls whose results are not to be told yet, and how far each has come."""

    def name(self, servers: Iterable[ToolServer], *, again: bool = False) -> None:
        """Have these servers' tools listed, those that are not yet. `again`: also those that could not be reached."""
        for server in servers:
            known = self._servers.get(_address(server))
            if known is None or (again and known.failed):
                listed = self._servers[_address(server)] = _Listed()
                listed.listing = self._tasks.create_task(self._list(server, listed), name=f"tools of {server.label}")

    async def ready(self, options: ReplyOptions, within: float = WORTH_WAITING) -> None:
        """Wait until it is known what the servers of `options` offer, for as long as a listener may wait."""
        if not options.servers:
            return
        self.name(options.servers)
        lists = [self._servers[_address(server)].listing for server in options.servers]
        under_way = [listing for listing in lists if listing is not None and not listing.done()]
        if under_way:
            await asyncio.wait(under_way, timeout=within)

    def tools(self, options: ReplyOptions) -> tuple[Tool, ...]:
        """All that the model may call, the client's functions first; of one server where one has to be called."""
        hosted = tuple(replace(offer.hosted.tool, name=offer.name) for offer in self._fitting(options))
        return hosted if options.tool_choice.mode == "server" else (*options.tools, *hosted)[:MOST_TOOLS]

    def choice(self, options: ReplyOptions) -> ToolChoice:
        """What the model is told to do about its tools, in the words that engines know."""
        choice = options.tool_choice
        if choice.mode != "server":
            return choice
        names = [offer.name for offer in self._fitting(options)]
        if not names:
            return ToolChoice("none")
        return ToolChoice("required") if choice.name is None else ToolChoice("function", names[0])

    def find(self, options: ReplyOptions, name: str) -> Offer | None:
        """The hosted tool that the model calls `name`."""
        return next((offer for offer in self._offers(options) if offer.name == name), None) or self._silent(name)

    def _silent(self, name: str) -> Offer | None:
        """A tool that the model was not told of."""
        if (known := self._tooling.silent.get(name)) is None:
            return None
        host, hosted = known
        return Offer(name, ToolServer(host.label), host, hosted)

    def find_own(self, options: ReplyOptions, label: str, own_name: str) -> Offer | None:
        """A server's tool by the name that it has there."""
        offers = (offer for offer in self._offers(options) if offer.server.label == label)
        return next((offer for offer in offers if offer.hosted.tool.name == own_name), None)

    async def close(self) -> None:
        """Close the connections that are the session's own. Nothing may be running any more."""
        hosts = [listed.host for listed in self._servers.values() if listed.ours and listed.host is not None]
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_WITHIN):
                await asyncio.gather(*(host.close() for host in hosts), return_exceptions=True)

    async def _list(self, server: ToolServer, listed: _Listed) -> None:
        item = ToolListing(new_id("mcpl"), server.label, status="in_progress")
        previous = self._history.add(item)
        await self._send(ListingStarted(item, previous))
        try:
            async with asyncio.timeout(LIST_WITHIN):
                tools = await self._asked(server, listed)
        except TimeoutError:
            item = replace(item, error=f"The tool server {server.label!r} did not answer within {LIST_WITHIN:g} s.")
        except ToolFailed as error:
            item = replace(item, error=str(error))
        else:
            listed.tools = tuple(tools)
            item = replace(item, tools=_told(_allowed(server, listed.tools)))
        listed.failed = item.error is not None
        item = replace(item, status="incomplete" if listed.failed else "completed")
        self._history.replace(item)
        await self._send(ListingEnded(item, previous))

    async def _asked(self, server: ToolServer, listed: _Listed) -> Sequence[HostedTool]:
        if len(self._servers) > MOST_SERVERS:
            raise ToolFailed(f"A session may name {MOST_SERVERS} tool servers.")
        listed.host, listed.ours = self._tooling.host(server)
        return await listed.host.tools()

    def _fitting(self, options: ReplyOptions) -> list[Offer]:
        choice = options.tool_choice
        if choice.mode != "server":
            return self._offers(options)
        offers = [offer for offer in self._offers(options) if offer.server.label == choice.server]
        return [offer for offer in offers if choice.name in (None, offer.hosted.tool.name)]

    def _offers(self, options: ReplyOptions) -> list[Offer]:
        return list(self._named(options))[: max(0, MOST_TOOLS - len(options.tools))]

    def _named(self, options: ReplyOptions) -> Iterator[Offer]:
        taken = {tool.name for tool in options.tools}
        for server in options.servers:
            listed = self._servers.get(_address(server))
            if listed is None or listed.host is None:
                continue
            for hosted in _allowed(server, listed.tools):
                name = _fit_name(hosted.tool.name)
                name = name if name not in taken else _fit_name(f"{server.label}_{name}")
                if name not in taken:
                    taken.add(name)
                    yield Offer(name, server, listed.host, hosted)


def _address(server: ToolServer) -> ToolServer:
    """What makes it the same connection: not which tools may be called, and how."""
    return replace(server, allowed=ToolFilter(), approval=ApprovalRule(), description="")


def _allowed(server: ToolServer, tools: Iterable[HostedTool]) -> list[HostedTool]:
    return [_clipped(hosted) for hosted in tools if server.allowed.fits(hosted.tool.name, hosted.reads_only)]


def _clipped(hosted: HostedTool) -> HostedTool:
    """A description must not fill the model's memory."""
    if len(hosted.tool.description) <= LONGEST_DESCRIPTION:
        return hosted
    return replace(hosted, tool=replace(hosted.tool, description=f"{hosted.tool.description[:LONGEST_DESCRIPTION]}…"))


def _told(tools: Iterable[HostedTool]) -> tuple[ListedTool, ...]:
    """As they are listed: what would be more than one event may carry is told without its parameters."""
    told, room = list[ListedTool](), LISTED_CHARACTERS
    for hosted in tools:
        tool, parameters = hosted.tool, hosted.tool.parameters
        room -= len(json.dumps(parameters)) + len(tool.description)
        told.append(
            ListedTool(tool.name, tool.description, parameters if room > 0 else {"type": "object"}, hosted.reads_only)
        )
    return tuple(told)


def _fit_name(name: str) -> str:
    """As engines take names."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", name)[:LONGEST_NAME]
