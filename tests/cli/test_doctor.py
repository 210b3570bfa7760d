"""The doctor finds what is missing, says how to get it, and is not struck down by it."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from vivavoce.cli import main
from vivavoce.cli.doctor import needed_models
from vivavoce.settings import read_settings


def test_missing_models_are_wrong_and_come_with_their_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VIVAVOCE_HOME", str(tmp_path))
    monkeypatch.setenv("VIVAVOCE_CACHE", str(tmp_path / "cache"))
    assert main(["doctor", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    findings = {one["what"]: one for one in told["findings"]}
    assert not told["fine"]
    assert findings["model whisper-base"]["level"] == "wrong"
    assert findings["model whisper-base"]["remedy"] == "Run `vivavoce models pull whisper-base`."
    assert findings["self-check"]["level"] == "warning"
    assert {"cores", "disk", "port", "libraries"} <= findings.keys()


def test_a_port_in_use_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VIVAVOCE_HOME", str(tmp_path))
    monkeypatch.setenv("VIVAVOCE_CACHE", str(tmp_path / "cache"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("VIVAVOCE_SERVER__PORT", str(taken.getsockname()[1]))
        main(["doctor", "--json"])
    findings = {one["what"]: one for one in json.loads(capsys.readouterr().out)["findings"]}
    assert findings["port"]["level"] == "warning"


def test_only_models_that_the_chosen_engines_load_are_needed(tmp_path: Path) -> None:
    environment = {"VIVAVOCE_HOME": str(tmp_path), "VIVAVOCE_ENGINES__STT__MODEL": "whisper-tiny.en"}
    needed = needed_models(read_settings(environment=environment))
    assert "whisper-tiny.en" in needed and "whisper-base" not in needed
