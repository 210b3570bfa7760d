"""The command line itself: light, clear about mistakes, and quiet about secrets."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from vivavoce.cli import COMMANDS, main

HEAVY = {"numpy", "pydantic", "onnxruntime", "ctranslate2", "openai", "httpx", "rich", "asyncio", "websockets"}


def test_help_loads_next_to_nothing() -> None:
    """Help is for people who wait: what is slow to import must not be imported for it."""
    code = "import sys; from vivavoce.cli import _parser; _parser().format_help(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & set(done.stdout.split())


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    told = capsys.readouterr().out
    assert ended.value.code == 0
    assert all(f"    {name} " in told for name in COMMANDS)


@pytest.mark.parametrize("arguments", [[], ["models"], ["sing"], ["serve", "--port", "many"], ["bench", "stt"]])
def test_a_wrong_command_line_shows_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: vivavoce" in capsys.readouterr().err


def test_an_option_that_a_command_does_not_know_shows_that_command_s_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["serve", "--prot", "3"])
    said = capsys.readouterr().err
    assert end.value.code == 2 and said.startswith("usage: vivavoce serve") and "did you mean --port?" in said


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([name, "--help"])
    _, about, *_ = capsys.readouterr().out.split("\n\n")
    assert about[0].isupper() and about[-1] in ".:" and not about.startswith("Usage"), about


def test_settings_show_values_sources_and_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VIVAVOCE_HOME", str(tmp_path))
    monkeypatch.setenv("VIVAVOCE_API_KEYS", "open-sesame")
    monkeypatch.setenv("VIVAVOCE_API_KEY", "open-sesame")
    (tmp_path / "vivavoce.toml").write_text('[server]\nport = 9123\n[engines.llm]\napi_key = "sk-hidden"\n')
    assert main(["settings", "--json"]) == 0
    listed = {entry["key"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert listed["server.port"]["value"] == 9123
    assert listed["server.port"]["source"] == str(tmp_path / "vivavoce.toml")
    assert listed["server.host"]["source"] == "default"
    assert main(["settings"]) == 0
    told = capsys.readouterr().out + json.dumps(listed)
    assert "open-sesame" not in told and "sk-hidden" not in told


def test_a_setting_nobody_knows_ends_the_command_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VIVAVOCE_SERVER__PROT", "9000")
    assert main(["settings"]) == 2
    told = capsys.readouterr().err
    assert "There is no setting server.prot (VIVAVOCE_SERVER__PROT)." in told
    assert "Did you mean server.port?" in told
