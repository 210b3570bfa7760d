"""The real clients, as far as they can be tried without leaving the machine, and pip for real where it has an index."""

from __future__ import annotations

import errno
import hashlib
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread, Timer

import pytest

from tests.models.fakes import CONFIG, HUB, WEIGHTS, catalog, model
from vivavoce.models import clients as clients_module
from vivavoce.models.clients import OrdinaryClients, SourceFailed
from vivavoce.models.store import Store

FILES = {"/somebody/thing/resolve/abc123def4567890/weights.bin": WEIGHTS}
FILES["/somebody/thing/resolve/abc123def4567890/config.json"] = CONFIG


class Hub(BaseHTTPRequestHandler):
    """As much of a hub as its client needs for files at a revision."""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        data = FILES.get(self.path)
        self.send_response(404 if data is None else 200)
        data = data or b""
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
        self.send_header("X-Repo-Commit", "a" * 40)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    yield
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_hubs_own_client_brings_the_files(hub: None, tmp_path: Path) -> None:
    store = Store(tmp_path, catalog=catalog(model("thing", HUB)))
    store.ensure(["thing"])
    assert (store.path("thing") / "model.bin").read_bytes() == WEIGHTS


def test_a_file_that_the_hub_does_not_have_is_told_in_one_line(
    hub: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FILES, "/somebody/thing/resolve/abc123def4567890/weights.bin", None)
    with pytest.raises(SourceFailed) as failure:
        OrdinaryClients(Event()).hub(HUB, tmp_path)
    assert "404" in str(failure.value) and "\n" not in str(failure.value)


def test_an_unreachable_hub_is_known_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client itself would retry for half a minute, for every model."""
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    began = time.monotonic()
    trouble = OrdinaryClients(Event()).hub_trouble()
    assert trouble and "\n" not in trouble
    assert time.monotonic() - began < 30


def test_a_hub_that_is_switched_off_is_not_asked(hub: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "HF_HUB_OFFLINE" in OrdinaryClients(Event()).hub_trouble()


def test_of_what_pip_says_only_the_last_error_is_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nowhere"))
    with pytest.raises(SourceFailed) as failure:
        OrdinaryClients(Event()).wheel("vivavoce-no-such-thing==1.0", tmp_path)
    assert str(failure.value) == "No matching distribution found for vivavoce-no-such-thing==1.0"


def test_without_npm_the_reason_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceFailed, match="npm is not installed"):
        OrdinaryClients(Event()).npm("thing@1.0", tmp_path)


def test_a_client_that_stands_still_is_ended(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(SourceFailed, match="no data for"):
        OrdinaryClients(Event())._run([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path, patience=0.5)
    assert time.monotonic() - began < 40


def test_a_stop_ends_a_client_at_once(tmp_path: Path) -> None:
    stop = Event()
    began = time.monotonic()
    Timer(0.5, stop.set).start()
    with pytest.raises(SourceFailed, match="interrupted"):
        OrdinaryClients(stop)._run([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path)
    assert time.monotonic() - began < 40


def test_a_client_that_finds_the_disk_full_is_not_taken_for_a_bad_source(tmp_path: Path) -> None:
    """Another source would fill the same disk."""
    code = "raise SystemExit('OSError: [Errno 28] No space left on device')"
    with pytest.raises(OSError) as error:
        OrdinaryClients(Event())._run([sys.executable, "-c", code], tmp_path)
    assert error.value.errno == errno.ENOSPC


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("WARNING: odd\nERROR: first\nERROR: second\n[notice] new pip\n", "second"),
        (
            "npm error code E404\nnpm error 404 Not Found\nnpm error A complete log of this run\n",
            "npm error 404 Not Found",
        ),
        ("ERROR: Exception:\nTraceback\n  File x\nTimeoutError: too slow\n", "TimeoutError: too slow"),
        ("only this\n", "only this"),
        ("", "its client ended with code 7"),
    ],
)
def test_one_line_is_picked_that_says_what_went_wrong(output: str, reason: str) -> None:
    assert clients_module._reason(output, 7) == reason


def test_the_smallest_real_wheel_by_the_real_pip(tmp_path: Path) -> None:
    """Silero VAD: 11 MB."""
    store = Store(tmp_path, prefer="packages")
    try:
        OrdinaryClients(Event()).wheel("silero-vad==6.2.3", _folder(tmp_path / "probe"))
    except SourceFailed as failure:
        pytest.skip(f"pip cannot reach an index: {failure}")
    store.ensure(["silero-vad-v6"])
    assert store.verify("silero-vad-v6") == ()
    assert store.path("silero-vad-v6") == tmp_path / "silero-vad-v6"


def _folder(path: Path) -> Path:
    path.mkdir()
    return path
