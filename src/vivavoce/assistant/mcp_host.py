"""Tools of an MCP server: over Streamable HTTP (or the older SSE), or of a program that is started here.

One connection for all who use it, made when it is first needed and again when it broke off. It lives in a task of its
own, because the library wants it closed where it was opened.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, TextIO, TypeVar

import httpx2
import mcp_types as types
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.sse import sse_client
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from pydantic import ValidationError

from vivavoce.assistant.mcp_http import CONNECT_SECONDS, READ_SECONDS, Wire
from vivavoce.conversation.config import Tool
from vivavoce.errors import ToolFailed
from vivavoce.ports import HostedTool, ToolContext, ToolResult

CONNECT_WITHIN = 15.0
CLOSE_WITHIN = 6.0  # a program gets two seconds to end by itself, and two more to be ended
MOST_PAGES = 20
MOST_TOOLS = 256
LONGEST_TEXT = 64 * 1024
"""Characters of a result: more than any model here reads."""
LONGEST_ERROR = 500

T = TypeVar("T")
Transport = AbstractAsyncContextManager[Any]
Approval = Literal["always", "never", "auto"] | tuple[str, ...]
"""Which tools of an operator's server wait for a yes: all, none, these; "auto": those that are not read-only."""


@dataclass(frozen=True, slots=True)
class Address:
    """A server on the network. `guarded`: named by a client, so only the public internet is gone to."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    guarded: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """A server that is started here and spoken with by its standard input and output."""

    command: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


class McpHost:
    """A ToolHost."""

    def __init__(
        self, label: str, server: Address | Program, *, approval: Approval = "auto", slow: Sequence[str] = ()
    ) -> None:
        """`slow`: tools that run in the background at once."""
        self.label = label
        self._server, self._approval, self._slow = server, approval, frozenset(slow)
        self._connecting = asyncio.Lock()
        self._connection: _Connection | None = None
        self._harmless: frozenset[str] = frozenset()
        """Tools that may be called again when nobody knows whether the first call arrived."""

    async def tools(self) -> Sequence[HostedTool]:
        found: list[types.Tool] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = await self._asked(_page(cursor), again=True)
            found += page.tools
            cursor = page.next_cursor
            if cursor is None or len(found) >= MOST_TOOLS:
                break
        tools = [self._hosted(tool) for tool in found[:MOST_TOOLS]]
        self._harmless = frozenset(hosted.tool.name for hosted in tools if hosted.reads_only)
        return tools

    async def call(self, name: str, arguments: str, context: ToolContext) -> ToolResult:
        given = _object(arguments)

        async def progressed(progress: float, total: float | None, message: str | None) -> None:
            context.progress(message or _share(progress, total))

        result = await self._asked(
            lambda client: client.call_tool(name, given, progress_callback=progressed), again=name in self._harmless
        )
        text = _text(result)
        if result.is_error:
            raise ToolFailed(text[:LONGEST_ERROR] or f"{name} failed.")
        return ToolResult(text)

    async def close(self) -> None:
        async with self._connecting:
            await self._disconnect()

    async def _asked(self, ask: Callable[[Client], Awaitable[T]], *, again: bool) -> T:
        """What `ask` gets from the server. A connection that had been lost is made anew, and where it does no harm
        (`again`) the question is asked once more. Raises ToolFailed."""
        for last in (not again, True):
            connection = await self._connected()
            try:
                return await ask(connection.client)
            except (MCPError, ValidationError, RuntimeError, OSError, httpx2.HTTPError) as error:
                lost = connection.lost(error)
                if lost:
                    await self._drop(connection)
                if last or not lost:
                    raise connection.failure(error) from error
        raise AssertionError("the last try ends it")

    async def _connected(self) -> _Connection:
        async with self._connecting:
            if self._connection is not None and self._connection.broken:
                await self._disconnect()
            if self._connection is None:
                self._connection = await self._opened()
            return self._connection

    async def _opened(self) -> _Connection:
        """A connection; to a server that does not know Streamable HTTP, by SSE. Raises ToolFailed."""
        connection = _Connection(self.label, self._server)
        try:
            await connection.open()
            return connection
        except ToolFailed:
            if not isinstance(self._server, Address) or not connection.understood_nothing:
                raise
        older = _Connection(self.label, self._server, sse=True)
        await older.open()
        return older

    async def _drop(self, connection: _Connection) -> None:
        async with self._connecting:
            if self._connection is connection:
                await self._disconnect()

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    def _hosted(self, tool: types.Tool) -> HostedTool:
        reads_only = bool(tool.annotations and tool.annotations.read_only_hint)
        match self._approval:
            case "always" | "never" as word:
                asks = word == "always"
            case "auto":
                asks = not reads_only
            case names:
                asks = tool.name in names
        title = tool.description or tool.title or ""
        described = Tool(tool.name, title, dict(tool.input_schema))
        insists = asks and self._approval != "auto"  # said by the operator, and no guess of ours
        return HostedTool(described, reads_only, asks_first=asks, insists=insists, slow=tool.name in self._slow)


class _Connection:
    def __init__(self, label: str, server: Address | Program, *, sse: bool = False) -> None:
        self._label, self._server, self._sse = label, server, sse
        self._wire = Wire(guarded=isinstance(server, Address) and server.guarded)
        self._open: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        self._closing = asyncio.Event()
        self._living: asyncio.Task[None] | None = None
        self.understood_nothing = False
        """It answered that it does not know such requests."""

    @property
    def client(self) -> Client:
        return self._open.result()

    @property
    def broken(self) -> bool:
        return self._living is None or self._living.done()

    async def open(self) -> None:
        """Raises ToolFailed."""
        self._living = asyncio.create_task(self._live(), name=f"tools of {self._label}")
        try:
            async with asyncio.timeout(CONNECT_WITHIN):
                await asyncio.shield(self._open)
        except TimeoutError:
            await self.close()
            message = f"The tool server {self._label!r} did not answer within {CONNECT_WITHIN:g} s."
            raise ToolFailed(message, kind="protocol") from None
        except asyncio.CancelledError:
            await self.close()
            raise

    async def close(self) -> None:
        """Wait until it is closed; whoever does not end in time is cut off."""
        self._closing.set()
        if self._living is None:
            return
        _, still = await asyncio.wait([self._living], timeout=CLOSE_WITHIN)
        if still:
            self._living.cancel()
            await asyncio.wait([self._living], timeout=CLOSE_WITHIN)
        if self._open.done() and not self._open.cancelled():
            self._open.exception()  # seen

    def lost(self, error: Exception) -> bool:
        """Whether the connection is of no use any more."""
        if isinstance(error, MCPError):
            return error.code == types.CONNECTION_CLOSED or "Session terminated" in error.message
        return not isinstance(error, ValidationError)

    def failure(self, error: BaseException) -> ToolFailed:
        """What went wrong, without what the library says of its own insides."""
        if self._wire.trouble is not None:
            return self._wire.trouble
        who = f"The tool server {self._label!r}"
        status, self._wire.refused = self._wire.refused, None
        if status is not None:
            return ToolFailed(f"{who} answered with the HTTP status {status}.", kind="http", code=status)
        if isinstance(error, MCPError) and error.code != types.CONNECTION_CLOSED:
            return ToolFailed(error.message[:LONGEST_ERROR] or f"{who} failed.", kind="protocol", code=error.code)
        if isinstance(error, ValidationError):
            return ToolFailed(f"{who} answered with something that is not MCP.", kind="protocol")
        return ToolFailed(f"{who} cannot be reached.", kind="protocol")

    async def _live(self) -> None:
        try:
            async with _transport(self._server, self._wire, sse=self._sse) as transport:
                async with Client(transport, cache=None) as client:
                    self._open.set_result(client)
                    await self._closing.wait()
        except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - told to whoever waits for the connection
            first = _first(error)
            unknown = isinstance(first, MCPError) and first.code == types.METHOD_NOT_FOUND
            self.understood_nothing = unknown or self._wire.refused in (400, 404, 405)
            if not self._open.done():
                self._open.set_exception(self.failure(first))
        finally:
            if not self._open.done():
                self._open.cancel()


@asynccontextmanager
async def _transport(server: Address | Program, wire: Wire, *, sse: bool) -> AsyncGenerator[Transport, None]:
    if isinstance(server, Program):
        with await asyncio.to_thread(open, os.devnull, "w") as nowhere:  # what it writes there may hold what was said
            yield _program(server, nowhere)
        return
    headers = dict(server.headers)
    if sse:
        yield sse_client(
            server.url,
            headers,
            timeout=CONNECT_SECONDS,
            sse_read_timeout=READ_SECONDS,
            httpx_client_factory=lambda headers=None, timeout=None, auth=None: wire.client(headers or {}),
        )
        return
    async with wire.client(headers) as client:
        yield streamable_http_client(server.url, http_client=client)


def _program(server: Program, errors: TextIO) -> Transport:
    parameters = StdioServerParameters(command=server.command, args=list(server.args), env=dict(server.env))
    return stdio_client(parameters, errlog=errors)


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _page(cursor: str | None) -> Callable[[Client], Awaitable[types.ListToolsResult]]:
    return lambda client: client.list_tools(cursor=cursor)


def _object(arguments: str) -> dict[str, Any]:
    try:
        given = json.loads(arguments or "{}")
    except ValueError:
        raise ToolFailed("The arguments are not JSON.") from None
    if not isinstance(given, dict):
        raise ToolFailed("The arguments are not a JSON object.")
    return given


def _share(progress: float, total: float | None) -> str:
    return f"{progress:g}" if not total else f"{round(100 * progress / total)} %"


def _text(result: types.CallToolResult) -> str:
    parts = [_part(block) for block in result.content]
    if not any(parts) and result.structured_content is not None:
        parts = [json.dumps(result.structured_content, ensure_ascii=False)]
    text = "\n".join(part for part in parts if part)
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"


def _part(block: types.ContentBlock) -> str:
    match block:
        case types.TextContent():
            return block.text
        case types.ResourceLink():
            return f"{block.name}: {block.uri}"
        case types.EmbeddedResource():
            inner = block.resource
            return inner.text if isinstance(inner, types.TextResourceContents) else f"[{inner.uri}]"
        case _:
            return f"[{block.type}]"
