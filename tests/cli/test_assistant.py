"""`vivavoce tools` and `vivavoce memory`, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vivavoce.cli import main

MY_TOOLS = Path(__file__).parents[1] / "assistant" / "my_tools.py"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIVAVOCE_HOME", str(tmp_path))
    for name in ("VIVAVOCE_API_KEYS", "VIVAVOCE_STORAGE__URL"):
        monkeypatch.delenv(name, raising=False)


def test_tools_are_listed_and_called(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*words: str, code: int = 0) -> str:
        assert main(words) == code
        said = capsys.readouterr()
        return said.out or said.err

    monkeypatch.setenv("VIVAVOCE_TOOLS__FUNCTIONS", str(MY_TOOLS))
    tools = {tool["name"]: tool for tool in json.loads(run("tools", "list", "--json"))}
    assert tools["get_time"]["reads_only"] and tools["delete_all_notes"]["asks_first"] and "price_of" in tools
    assert "asks first" in run("tools", "list")
    assert run("tools", "call", "calculate", '{"expression": "6 times 7"}') == "42.\n"
    assert run("tools", "call", "--language", "it", "add_note", '{"text": "il latte"}') == "Annotato: il latte.\n"
    assert run("tools", "call", "find_notes") == "One note: il latte.\n"
    assert run("tools", "call", "price_of", '{"drink": "tea"}') == "2.00 euros\n"
    assert run("tools", "--key", "another", "call", "find_notes") == "You have no notes.\n"
    assert "There is no function 'nonsense'" in run("tools", "call", "nonsense", code=1)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("6 times 7", "no JSON"),
        ("[1]", "must be an object"),
        ('{"sum": "6 times 7"}', "knows no argument 'sum'; it takes expression"),
        ("{}", "needs the argument 'expression'"),
    ],
)
def test_arguments_that_a_tool_does_not_take_are_told_with_an_example(
    arguments: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tools", "call", "calculate", arguments]) == 2
    said = capsys.readouterr().err
    assert says in said and 'vivavoce tools call calculate \'{"expression"' in said


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (["memory", "forget", "mem_none"], "vivavoce memory list"),
        (["memory", "edit", "mem_none", "x"], "vivavoce memory list"),
        (["threads", "export", "conv_none"], "vivavoce threads list"),
        (["threads", "delete", "conv_none"], "vivavoce threads list"),
    ],
)
def test_an_id_that_is_not_there_is_told_with_where_they_are_listed(
    words: list[str], remedy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "_none'" in said and remedy in said


def test_functions_that_are_not_there_are_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIVAVOCE_TOOLS__FUNCTIONS", "/nowhere/tools.py")
    assert main(["tools", "list"]) == 2
    assert "/nowhere/tools.py, which is not there" in capsys.readouterr().err


def test_memories_are_listed_put_right_and_forgotten(capsys: pytest.CaptureFixture[str]) -> None:
    def run(*words: str, code: int = 0) -> str:
        assert main(words) == code
        said = capsys.readouterr()
        return said.out or said.err

    assert run("memory", "list") == "Nothing is remembered.\n"
    for fact in ("I live in Turin", "my dog is called Rex"):
        run("tools", "call", "remember", json.dumps({"fact": fact}))
    assert [line.split("  ")[1] for line in run("memory", "list").splitlines()] == [
        "my dog is called Rex",
        "I live in Turin",
    ]
    (dog,) = run("memory", "list", "dog").splitlines()
    assert run("memory", "edit", dog.split()[0], "my", "dog", "is", "called", "Max").endswith("my dog is called Max\n")
    assert run("memory", "add", "I sing in a choir").endswith("I sing in a choir\n")
    assert "There is no memory" in run("memory", "edit", "mem_none", "x", code=2)
    assert run("memory", "forget", dog.split()[0]) == "1 forgotten.\n"
    assert "There is no memory" in run("memory", "forget", "mem_none", code=2)
    assert run("memory", "forget", "--all") == "2 forgotten.\n"
    assert run("memory", "list") == "Nothing is remembered.\n"
