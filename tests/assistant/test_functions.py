"""Functions of the operator become tools; whatever they do, the server goes on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from vivavoce.assistant.tools.functions import FunctionTools
from vivavoce.assistant.tools.host import AssistantTools
from vivavoce.assistant.tools.signatures import Unfit, arguments_for, schema_of
from vivavoce.errors import StartupError, ToolFailed
from vivavoce.ports import ToolContext

FILE = Path(__file__).parent / "my_tools.py"


def with_host(story: Callable[[AssistantTools], Awaitable[None]], *files: Path, deadline: float = 20.0) -> None:
    async def run() -> None:
        host = AssistantTools([], FunctionTools(files or [FILE], deadline))
        try:
            await story(host)
        finally:
            await host.close()

    asyncio.run(run())


async def call(host: AssistantTools, name: str, **arguments: Any) -> str:
    return (await host.call(name, json.dumps(arguments), ToolContext())).text


def test_signatures_and_docstrings_say_what_a_tool_is() -> None:
    async def story(host: AssistantTools) -> None:
        tools = {one.tool.name: one for one in await host.tools()}
        assert set(tools) == {"price_of", "order", "hang", "crash", "trouble", "shout", "secrets", "flood"}
        assert tools["price_of"].tool.description == "What a drink costs at our café."
        assert tools["price_of"].tool.parameters == {
            "type": "object",
            "properties": {
                "drink": {"enum": ["espresso", "tea"]},
                "cups": {"type": "integer", "default": 1},
            },
            "required": ["drink"],
            "additionalProperties": False,
        }
        assert tools["price_of"].reads_only and not tools["price_of"].asks_first
        assert tools["order"].asks_first and not tools["order"].reads_only

    with_host(story)


def test_functions_are_called_sync_and_async() -> None:
    async def story(host: AssistantTools) -> None:
        assert await call(host, "price_of", drink="tea", cups="3") == "6.00 euros"
        assert json.loads(await call(host, "order", drink="tea", notes=["hot"])) == {"ordered": "tea", "notes": "hot"}
        assert await call(host, "shout") == "said"
        assert await call(host, "secrets") == "[]"

    with_host(story)


@pytest.mark.parametrize(
    ("name", "arguments", "why"),
    [
        ("trouble", {"what": "no milk"}, "trouble failed: ValueError: no milk"),
        ("trouble", {}, "what is missing"),
        ("price_of", {"drink": "wine"}, "drink must be one of espresso, tea"),
        ("price_of", {"drink": "tea", "cups": "many"}, "cups must be integer"),
        ("price_of", {"drink": "tea", "sugar": 1}, "there is no argument sugar"),
        ("crash", {}, "process ended"),
        ("flood", {}, "answered too much"),
        ("_private", {}, "There is no function"),
    ],
)
def test_failures_are_told_and_the_next_call_works(name: str, arguments: dict[str, Any], why: str) -> None:
    async def story(host: AssistantTools) -> None:
        with pytest.raises(ToolFailed, match=why):
            await call(host, name, **arguments)
        assert await call(host, "price_of", drink="tea") == "2.00 euros"

    with_host(story)


def test_a_function_that_hangs_is_ended() -> None:
    async def story(host: AssistantTools) -> None:
        await host.tools()
        with pytest.raises(ToolFailed, match="took longer"):
            await call(host, "hang")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):  # the person changed their mind
                await call(host, "hang")

    with_host(story, deadline=0.5)


def test_a_file_that_cannot_be_imported_costs_only_itself(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "broken.py").write_text("import nothing_of_that_name")
    (tmp_path / "untyped.py").write_text("def f(x):\n    return x")
    (tmp_path / "fine.py").write_text("def f() -> str:\n    'Says hello.'\n    return 'hello'")

    async def story(host: AssistantTools) -> None:
        assert [one.tool.name for one in await host.tools()] == ["f"]
        assert await call(host, "f") == "hello"

    with_host(story, tmp_path)
    assert "broken.py" in caplog.text and "say what kind x is" in caplog.text


def test_a_path_that_is_not_there_is_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="not there"):
        FunctionTools([tmp_path / "missing.py"], 1.0)


def test_signatures_that_models_cannot_fill_are_refused() -> None:
    def takes_anything(*many: str) -> None: ...
    def takes_bytes(data: bytes) -> None: ...

    for function in (takes_anything, takes_bytes):
        with pytest.raises(Unfit):
            schema_of(function)


def test_arguments_are_what_the_signature_says() -> None:
    def f(a: int, b: float = 0.5, c: bool = False, d: dict[str, int] | None = None) -> None: ...

    assert arguments_for(f, '{"a": "3", "b": 2, "c": "true", "d": {"x": "1"}}') == {
        "a": 3,
        "b": 2.0,
        "c": True,
        "d": {"x": 1},
    }
    for wrong in ('{"a": 1.5}', '{"a": true}', '{"a": [1]}', "[1]", "{", '{"a": 1, "d": 5}', '{"a": 1e999}'):
        with pytest.raises(Unfit):
            arguments_for(f, wrong)
