"""`vivavoce models` as a user or a script meets it, on a cache of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from vivavoce.cli import main

SMALLEST = "silero-vad-v6"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VIVAVOCE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("VIVAVOCE_CACHE", str(tmp_path))
    return tmp_path / "models"


def plant(cache: Path, id: str, name: str, size: int) -> None:
    """A file of the right size with the wrong content."""
    (cache / id).mkdir(parents=True)
    with (cache / id / name).open("wb") as file:
        file.truncate(size)


def test_list_for_people_and_for_scripts(cache, capsys):
    plant(cache, SMALLEST, "silero_vad_16k_op15.onnx", 1289603)
    assert main(["models", "list"]) == 0
    table = capsys.readouterr().out
    assert "whisper-base" in table and "Apache-2.0" in table and "491.4 MB" in table
    assert main(["models", "list", "--json"]) == 0
    listed = {entry["id"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert [id for id, entry in listed.items() if entry["installed"]] == [SMALLEST]
    assert listed[SMALLEST]["path"] == str(cache / SMALLEST)
    assert {"kind", "languages", "size", "licence", "default", "sources"} <= set(listed[SMALLEST])


def test_verify_says_what_is_wrong_and_ends_with_1(cache, capsys):
    plant(cache, SMALLEST, "silero_vad_16k_op15.onnx", 1289603)
    assert main(["models", "verify"]) == 1
    output = capsys.readouterr()
    assert "SHA-256 of silero_vad_16k_op15.onnx is not 7ed98ddb" in output.out
    assert f"models pull {SMALLEST}" in output.err


def test_path_of_all_of_one_and_of_none(cache, capsys):
    assert main(["models", "path"]) == 0
    assert capsys.readouterr().out.strip() == str(cache)
    assert main(["models", "path", SMALLEST]) == 2
    assert f"vivavoce models pull {SMALLEST}" in capsys.readouterr().err


def test_remove_deletes_only_when_every_id_is_known(cache, capsys):
    plant(cache, SMALLEST, "silero_vad_16k_op15.onnx", 1289603)
    assert main(["models", "remove", SMALLEST, "silero-vad-v9"]) == 2
    assert (cache / SMALLEST).exists()
    assert main(["models", "remove", SMALLEST]) == 0
    assert not (cache / SMALLEST).exists()
    assert "1.3 MB freed" in capsys.readouterr().out


@pytest.mark.parametrize("action", ["pull", "verify", "path", "remove"])
def test_an_unknown_model_ends_with_2_and_the_known_ones(cache, capsys, action):
    assert main(["models", action, "whisper-bse"]) == 2
    said = capsys.readouterr().err
    assert "'whisper-bse'" in said and "whisper-base" in said


def test_the_command_is_cheap_to_offer():
    """The help must appear at once, so nothing heavy may be imported for it."""
    code = "import sys, vivavoce.cli.models; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"rich", "huggingface_hub", "filelock", "httpx", "numpy"} & set(loaded)
