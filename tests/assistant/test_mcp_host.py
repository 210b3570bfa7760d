"""MCP servers as tool hosts: a real one, by its standard input and output and over HTTP, whole and broken."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import pytest
from mcp_types import Tool, ToolAnnotations

from tests.assistant.mcp_server import serving
from vivavoce.assistant.mcp_host import LONGEST_TEXT, Address, Approval, McpHost, Program
from vivavoce.errors import ToolFailed
from vivavoce.ports import ToolContext

PROGRAM = Program(sys.executable, (str(Path(__file__).parent / "mcp_server.py"),))
NOBODY = ToolContext()


async def check(host: McpHost) -> None:
    """What every transport has to carry."""
    tools = {hosted.tool.name: hosted for hosted in await host.tools()}
    weather = tools["get_weather"]
    assert weather.tool.description == "The weather in a city"
    assert weather.tool.parameters["properties"]["city"]["type"] == "string"
    assert weather.reads_only and not weather.asks_first and weather.foreign
    assert not tools["write_note"].reads_only and tools["write_note"].asks_first
    assert (await host.call("get_weather", '{"city": "Rome"}', NOBODY)).text == "sunny in Rome"
    with pytest.raises(ToolFailed, match="no such thing"):
        await host.call("fail", "{}", NOBODY)
    assert len((await host.call("flood", "{}", NOBODY)).text) == LONGEST_TEXT + 1
    told: list[str] = []
    assert (await host.call("count", "", ToolContext(progress=told.append))).text == "three"
    assert told == ["1 of 3", "2 of 3", "3 of 3"]
    for arguments in ("{", "[]", '"x"'):
        with pytest.raises(ToolFailed, match="JSON"):
            await host.call("get_weather", arguments, NOBODY)
    with pytest.raises(ToolFailed):
        await host.call("nothing_like_it", "{}", NOBODY)
    both = await asyncio.gather(*(host.call("get_weather", f'{{"city": "{n}"}}', NOBODY) for n in range(8)))
    assert [result.text for result in both] == [f"sunny in {n}" for n in range(8)]


def run(scene) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(60):
            await scene()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not [task for task in left if "sse_starlette" not in repr(task)], "the server's own is none of ours"

    asyncio.run(bounded())


def test_a_program_is_spoken_with() -> None:
    async def scene() -> None:
        host = McpHost("test", PROGRAM)
        try:
            await check(host)
        finally:
            await host.close()

    run(scene)


@pytest.mark.parametrize("sse", [False, True], ids=["streamable", "sse"])
def test_a_server_on_the_network_is_spoken_with(sse: bool) -> None:
    async def scene() -> None:
        async with serving(sse=sse) as url:
            host = McpHost("test", Address(url))
            try:
                await check(host)
            finally:
                await host.close()

    run(scene)


def test_a_program_that_dies_is_told_of_and_started_anew() -> None:
    async def scene() -> None:
        host = McpHost("test", PROGRAM)
        try:
            await host.tools()
            with pytest.raises(ToolFailed, match="cannot be reached"):
                await host.call("die", "{}", NOBODY)
            assert (await host.call("get_weather", '{"city": "Rome"}', NOBODY)).text == "sunny in Rome"
        finally:
            await host.close()

    run(scene)


def test_a_server_that_came_back_is_found_again() -> None:
    async def scene() -> None:
        async with serving() as url:
            host = McpHost("test", Address(url))
            await host.tools()
        with pytest.raises(ToolFailed, match="cannot be reached"):
            await host.call("get_weather", '{"city": "Rome"}', NOBODY)
        await host.close()

    run(scene)


@pytest.mark.parametrize(
    ("server", "says"),
    [
        (Program("/nowhere/to/be/found"), "cannot be reached"),
        (Program(sys.executable, ("-c", "print('hello')")), "cannot be reached"),
        (Address("http://127.0.0.1:9/mcp"), "cannot be reached"),
    ],
    ids=["no program", "no server", "nobody listens"],
)
def test_what_is_no_server_is_told_of(server: Program | Address, says: str) -> None:
    async def scene() -> None:
        host = McpHost("test", server)
        with pytest.raises(ToolFailed, match=says):
            await host.tools()
        await host.close()

    run(scene)


def test_a_server_that_refuses_is_told_of_with_its_status() -> None:
    async def forbid(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async def scene() -> None:
        async with await asyncio.start_server(forbid, "127.0.0.1", 0) as listening:
            host = McpHost("test", Address(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/mcp"))
            with pytest.raises(ToolFailed, match="403") as trouble:
                await host.tools()
            assert (trouble.value.kind, trouble.value.code) == ("http", 403)
            await host.close()

    run(scene)


def test_a_call_that_is_cancelled_leaves_the_connection_whole() -> None:
    async def scene() -> None:
        host = McpHost("test", PROGRAM)
        await host.tools()
        calling = asyncio.create_task(host.call("count", "{}", NOBODY))
        await asyncio.sleep(0.05)
        calling.cancel()
        await asyncio.wait([calling])
        assert (await host.call("get_weather", '{"city": "Rome"}', NOBODY)).text == "sunny in Rome"
        began = time.monotonic()
        await host.close()
        assert time.monotonic() - began < 30

    run(scene)


@pytest.mark.parametrize(
    ("approval", "asking"),
    [
        ("always", {"look", "change"}),
        ("never", set()),
        ("auto", {"change"}),
        (("look",), {"look"}),
    ],
)
def test_the_operator_says_which_tools_ask(approval: Approval, asking: set[str]) -> None:
    host = McpHost("test", PROGRAM, approval=approval)
    look = Tool(name="look", input_schema={}, annotations=ToolAnnotations(read_only_hint=True))
    tools = [host._hosted(tool) for tool in (look, Tool(name="change", input_schema={}))]
    assert {hosted.tool.name for hosted in tools if hosted.asks_first} == asking
    insisting = set() if approval == "auto" else asking
    assert {hosted.tool.name for hosted in tools if hosted.insists} == insisting, (
        "a guess of ours is no operator's word"
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "10.0.0.7", "169.254.169.254", "0x7f000001"])
def test_a_client_cannot_have_private_addresses_asked(host: str) -> None:
    async def scene() -> None:
        server = McpHost("test", Address(f"http://{host}:8080/mcp", guarded=True))
        with pytest.raises(ToolFailed, match="cannot be asked"):
            await server.tools()
        await server.close()

    run(scene)


def test_no_secret_of_a_server_is_shown() -> None:
    address = Address("https://example.org/mcp", {"Authorization": "Bearer xyzzy"})
    program = Program("npx", ("-y", "x"), {"TOKEN": "xyzzy"})
    assert "xyzzy" not in repr(address) + repr(program)
