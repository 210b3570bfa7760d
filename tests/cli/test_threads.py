"""`vivavoce threads` and `vivavoce db`, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.api.test_transfer import CHATGPT

from vivavoce.cli import main


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VIVAVOCE_HOME", str(tmp_path))
    for name in ("VIVAVOCE_API_KEYS", "VIVAVOCE_STORAGE__URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_threads_are_imported_listed_found_exported_and_deleted(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*words: str, code: int = 0) -> str:
        assert main(words) == code
        return capsys.readouterr().out

    (home / "conversations.json").write_text(json.dumps([CHATGPT]))
    assert "1 conversations are new" in run("threads", "import", str(home / "conversations.json"))
    (line,) = run("threads", "list").splitlines()
    assert line.endswith("Roman weather")
    name = line.split()[0]
    assert "E a [Napoli]?" in run("threads", "search", "napo")
    assert "You: Weather in Rome?" in run("threads", "export", name)
    assert run("threads", "export", name, "--format", "markdown").startswith("# Roman weather")
    (home / "all.json").write_text(run("threads", "export"))
    assert "is deleted" in run("threads", "delete", name)
    assert run("threads", "list") == "No conversations are kept.\n"
    assert run("threads", "search", "napo") == "Nothing is found.\n"
    assert "1 conversations are new" in run("threads", "import", str(home / "all.json"))
    assert run("threads", "--key", "another", "list") == "No conversations are kept.\n"
    run("threads", "delete", "conv_nowhere", code=2)
    run("threads", "import", str(home / "nowhere.json"), code=2)


def test_the_database_says_whether_it_is_up_to_date(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["db", "status"]) == 0 and "not there yet" in capsys.readouterr().out
    assert main(["db", "upgrade"]) == 0 and (home / "vivavoce.db").exists()
    assert main(["db", "status"]) == 0 and capsys.readouterr().out.endswith("up to date\n")
    monkeypatch.setenv("VIVAVOCE_STORAGE__URL", "postgresql://anna:hush@127.0.0.1:1/x")
    assert main(["db", "upgrade"]) == 2
    told = capsys.readouterr()
    assert "storage.url" in told.err and "hush" not in told.out + told.err
