"""The doctor finds what is missing, says how to get it, and is not struck down by it."""

from __future__ import annotations

import json
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.waiting import PATIENCE

from vivavoce.cli import main
from vivavoce.cli.doctor.added import added
from vivavoce.cli.doctor.engines import needed_models
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


def test_what_the_settings_add_is_looked_at_and_told_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vivavoce.cli.doctor.added.PATIENCE", PATIENCE)  # a tool server is a program to be started
    (tmp_path / "good.py").write_text(
        'def bus_times(stop: str) -> str:\n    """When the next bus leaves."""\n    return ""\n'
    )
    (tmp_path / "bad.py").write_text("import nothing_of_this_name\n")
    server = Path(__file__).parent.parent / "assistant" / "mcp_server.py"
    (tmp_path / "vivavoce.toml").write_text(f"""
        [minds.away]
        name = "remote"
        base_url = "http://127.0.0.1:9/v1"
        [tools]
        functions = [{str(tmp_path / "good.py")!r}, {str(tmp_path / "bad.py")!r}, {str(tmp_path / "none.py")!r}]
        [tools.servers.docs]
        command = {sys.executable!r}
        args = [{str(server)!r}]
        [tools.servers.gone]
        command = "no-such-program"
    """)
    settings = read_settings(environment={"VIVAVOCE_HOME": str(tmp_path)})
    told = list(added(settings))
    found = {one.what: one for one in told}
    assert "not there yet" in found["database"].found
    assert (found["minds.away"].level, "minds.away.base_url" in found["minds.away"].remedy) == ("wrong", True)
    assert found["tools.servers.docs"].level == "fine" and "tools" in found["tools.servers.docs"].found
    assert found["tools.servers.gone"].level == "wrong" and "[tools.servers.gone]" in found["tools.servers.gone"].remedy
    functions = [(one.level, one.found, one.remedy) for one in told if one.what == "tools.functions"]
    assert functions[0] == ("fine", "bus_times", "")
    assert functions[1][0] == "wrong" and "bad.py" in functions[1][2]
    assert functions[2][0] == "wrong" and "none.py" in functions[2][1]


@pytest.mark.parametrize(("model", "level", "told"), [("ok", "fine", "which answers"), ("refused", "wrong", "key")])
def test_a_server_elsewhere_is_asked_whether_it_takes_the_key(
    tmp_path: Path, model: str, level: str, told: str
) -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if model == "ok" else 401)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Not into the tests' output."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        environment = {
            "VIVAVOCE_HOME": str(tmp_path),
            "VIVAVOCE_MINDS__BIG__NAME": "remote",
            "VIVAVOCE_MINDS__BIG__BASE_URL": f"http://127.0.0.1:{server.server_port}/v1",
            "VIVAVOCE_MINDS__BIG__API_KEY": "plum-five",
        }
        finding = next(one for one in added(read_settings(environment=environment)) if one.what == "minds.big")
        server.shutdown()
    assert (finding.level, told in finding.found + finding.remedy) == (level, True)
    assert "plum" not in repr(finding)


def test_a_model_of_a_further_mind_is_needed_too(tmp_path: Path) -> None:
    environment = {"VIVAVOCE_HOME": str(tmp_path), "VIVAVOCE_MINDS__CODER__MODEL": "qwen2.5-coder-1.5b-instruct"}
    assert "qwen2.5-coder-1.5b-instruct" in needed_models(read_settings(environment=environment))
