"""The example in docs/tools.md runs as it stands, and its tables name what there is."""

from __future__ import annotations

import asyncio
import json
import re
import tomllib
from pathlib import Path

from tests.assistant.shelves import in_memory
from vivavoce.api.rest.memories import wire_profile
from vivavoce.assistant.home import Home, ToolOptions
from vivavoce.conversation.keepsakes import Profile
from vivavoce.ports import ToolContext
from vivavoce.settings import read_settings

TEXT = (Path(__file__).parents[2] / "docs" / "tools.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_example_of_functions_runs_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "my_tools.py").write_text(block("python"), encoding="utf-8")

    async def story() -> None:
        home = Home(in_memory(), lambda owner, file_id: ("", b""), ToolOptions([tmp_path / "my_tools.py"]))
        try:
            tools = {one.tool.name: one for one in await home.tools.tools()}
            assert tools["price_of"].reads_only and tools["order"].asks_first
            answer = await home.tools.call("price_of", '{"drink": "tea", "cups": 2}', ToolContext())
            assert answer.text == "4.00 euros"
            answer = await home.tools.call("order", '{"drink": "tea", "table": 3}', ToolContext())
            assert json.loads(answer.text) == {"ordered": "tea for table 3"}
        finally:
            await home.tools.close()

    asyncio.run(story())


def test_the_settings_of_the_example_are_settings(tmp_path: Path) -> None:
    written = tomllib.loads(block("toml"))["tools"]
    (tmp_path / "vivavoce.toml").write_text(block("toml"), encoding="utf-8")
    settings = read_settings(environment={"VIVAVOCE_HOME": str(tmp_path)})
    assert settings.tools.function_seconds == written["function_seconds"]
    assert settings.tools.functions == (Path("~/my_tools.py").expanduser(),)


def test_the_tables_name_every_tool_and_field() -> None:
    for tool in Home(in_memory(), lambda owner, file_id: ("", b"")).tools.own:
        assert f"`{tool.name}`" in TEXT, tool.name
    for name in wire_profile(Profile()):
        assert name == "object" or f"| `{name}` |" in TEXT, name
