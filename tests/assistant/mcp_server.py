"""A real MCP server for tests: by standard input and output (`python mcp_server.py`), or over HTTP (`serving`)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator

import uvicorn
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations

server = MCPServer("test")
READS = ToolAnnotations(read_only_hint=True)


@server.tool(annotations=READS)
def get_weather(city: str) -> str:
    """The weather in a city"""
    return f"sunny in {city}"


@server.tool()
def write_note(text: str) -> str:
    """Keeps a note"""
    return f"kept: {text}"


@server.tool(annotations=READS)
def fail() -> str:
    """Fails"""
    raise ToolError("no such thing")


@server.tool(annotations=READS)
def flood() -> str:
    """Answers at length"""
    return "x" * 200_000


@server.tool(annotations=READS)
async def count(context: Context) -> str:
    """Counts, and tells how far it has come"""
    for n in range(3):
        await context.report_progress(n + 1, 3, f"{n + 1} of 3")
        await asyncio.sleep(0.05)
    return "three"


@server.tool()
def die() -> str:
    """Ends the server"""
    os._exit(1)


@contextlib.asynccontextmanager
async def serving(*, sse: bool = False) -> AsyncIterator[str]:
    """Its address on a free port of loopback."""
    app = server.sse_app() if sse else server.streamable_http_app()
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1)
    running = uvicorn.Server(config)
    task = asyncio.create_task(running.serve([listener]))
    try:
        while not running.started:
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/{'sse' if sse else 'mcp'}"
    finally:
        running.should_exit = True
        await task
        listener.close()


if __name__ == "__main__":
    server.run("stdio")
