"""`bench peers`: what is told apart in what was heard, and a scripted peer on the bare wire."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import util
from pathlib import Path
from time import monotonic
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from tests.waiting import measured
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from vivavoce.audio.codecs import from_pcm16, to_pcm16
from vivavoce.cli.bench.peers import asking, known, telling
from vivavoce.cli.bench.peers.asking import Turn
from vivavoce.cli.bench.peers.known import PEERS
from vivavoce.cli.clips import Clip
from vivavoce.cli.ear import Ear
from vivavoce.cli.processes import started
from vivavoce.errors import StartupError
from vivavoce.settings import EngineChoice

RATE = 24_000
TONE = (0.3 * np.sin(2 * np.pi * 300 / RATE * np.arange(RATE // 2))).astype(np.float32)  # 0.5 s
HUSH = np.zeros(RATE // 10, np.float32)


def heard(*chunks: tuple[float, Any]) -> Ear:
    ear = Ear()
    for at, samples in chunks:
        ear.hear("answer", samples, at)
    return ear


# --- what was heard ----------------------------------------------------------------------------------


def test_silence_before_the_answer_counts_as_waiting() -> None:
    assert asking.judge(heard((10.3, HUSH), (10.4, TONE)), 10.0) == (pytest.approx(400, abs=11), False)


def test_sound_before_the_last_word_is_a_cut_in() -> None:
    ms, cut_in = asking.judge(heard((9.0, TONE), (10.9, TONE)), 10.0)
    assert cut_in
    assert ms == pytest.approx(900, abs=11)


def test_nothing_audible_is_no_answer() -> None:
    assert asking.judge(heard((10.3, HUSH)), 10.0) == (None, False)


def test_figures_leave_out_turns_that_were_cut_in_on_and_ratios_are_of_medians(tmp_path: Path) -> None:
    def turns(*ms: float | None) -> list[Turn]:
        return [Turn("q", one, one, cut_in=False) for one in ms]

    report = telling.summarise(
        {
            ("vivavoce", "defaults"): turns(400, 500, 600),
            ("vivavoce", "openers off"): turns(1000),
            ("Peer", "defaults"): [*turns(1500, 1500, None), Turn("q", 5.0, 5.0, cut_in=True)],
            ("Other", "best"): turns(None),
        }
    )
    peer = report["systems"][2]
    assert (peer["turns"], peer["answered"], peer["cut_in"], peer["unanswered"]) == (4, 2, 1, 1)
    assert (peer["to_vivavoce"], peer["to_vivavoce_without_openers"]) == (3.0, 1.5)
    assert report["systems"][3]["to_vivavoce"] is None
    telling.show(report)
    json.dumps(report)
    telling.plot(report, tmp_path / "peers.png")  # also of who never answered
    assert (tmp_path / "peers.png").read_bytes().startswith(b"\x89PNG")


# --- the bare wire -----------------------------------------------------------------------------------


@asynccontextmanager
async def scripted_peer(delay: float) -> AsyncIterator[str]:
    """Answers `delay` seconds after the last loud sample came, with a word of an interruption before it."""

    async def converse(socket: ServerConnection) -> None:
        await socket.send("ready")
        loud_at: float | None = None
        try:
            while True:
                try:
                    async with asyncio.timeout(0.005):
                        sound = from_pcm16(await socket.recv())  # type: ignore[arg-type]
                    loud_at = monotonic() if np.abs(sound).max(initial=0.0) > 0.05 else loud_at
                except TimeoutError:
                    pass
                if loud_at is not None and monotonic() > loud_at + delay:
                    await socket.send("flush")
                    await socket.send(to_pcm16(TONE))
                    loud_at = None
        except ConnectionClosed:
            pass

    async with serve(converse, "127.0.0.1", 0, compression=None) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def asked(url: str) -> Turn:
    return await asking.bare(url)(Clip("tone", TONE, 0.0, len(TONE) / RATE))


@measured
def test_a_peer_is_timed_at_the_ear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "LISTENING", 0.1)

    async def run() -> Turn:
        async with scripted_peer(0.4) as url:
            return await asked(url)

    turn = asyncio.run(run())
    assert turn.first_sound_ms == pytest.approx(400, abs=60)
    assert turn.content_ms == turn.first_sound_ms
    assert not turn.cut_in
    assert not turn.problem


def test_a_peer_that_says_nothing_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "PATIENCE", 0.2)

    async def run() -> Turn:
        async with scripted_peer(60.0) as url:
            return await asked(url)

    assert asyncio.run(run()) == Turn("tone", None, None, cut_in=False, problem="no answer")


def test_a_peer_that_refuses_is_asked_again_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "REFUSED_FOR", 0.3)
    turn = asyncio.run(asked("ws://127.0.0.1:9/"))
    assert "refused" in turn.problem


# --- installing and starting -------------------------------------------------------------------------


def test_an_environment_is_made_once_for_a_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(known, "_command", lambda command, peer: commands.append(command))
    (tmp_path / PEERS[0].name).mkdir()
    known.install(PEERS[0], tmp_path)
    assert commands[0][1:3] == ["-m", "venv"]
    assert len(commands) == 1 + len(PEERS[0].pip)
    known.install(PEERS[0], tmp_path)
    assert len(commands) == 1 + len(PEERS[0].pip)


def test_a_failed_installation_names_the_packages() -> None:
    with pytest.raises(StartupError, match="cannot be installed") as failure:
        known._command([sys.executable, "-c", "raise SystemExit(1)"], PEERS[0])
    assert "pipecat-ai" in failure.value.remedy


def test_only_known_peers_and_settings_and_only_where_their_scripts_are(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="--peers: there is no 'nobody'"):
        known.chosen("pipecat,nobody")
    with pytest.raises(StartupError, match="--settings: there is no 'quickest'"):
        known.settings_of("defaults,quickest")
    with pytest.raises(StartupError, match="--settings names nothing"):
        known.settings_of(",")
    assert known.settings_of("best, best") == ["best"]
    with pytest.raises(StartupError, match="scripts"):
        known.scripts_folder(tmp_path)
    folder = known.scripts_folder(None)
    assert all((folder / peer.script).exists() for peer in PEERS)


def test_a_process_that_ends_at_once_is_an_error() -> None:
    async def never() -> bool:
        return False

    async def run() -> None:
        async with started([sys.executable, "-c", "pass"], never, name="It", within=30, remedy="Look."):
            pass

    with pytest.raises(StartupError, match="did not start"):
        asyncio.run(run())


# --- the server of the models ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model_server() -> ModuleType:
    spec = util.spec_from_file_location("model_server", known.scripts_folder(None) / "model_server.py")
    assert spec is not None and spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_form_is_taken_apart(model_server: ModuleType) -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="language"\r\n\r\nen\r\n'
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n'
        b"RIFF\x00\xff\r\n\x80\r\n--x--\r\n"
    )
    fields = model_server.fields_of("multipart/form-data; boundary=x", body)
    assert fields == {"language": b"en", "file": b"RIFF\x00\xff\r\n\x80"}


def test_a_chat_request_becomes_a_prompt(model_server: ModuleType) -> None:
    prompt = model_server.prompt_of(
        {
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": [{"type": "text", "text": "Hello."}]},
                {"role": "assistant", "content": "Hi."},
            ],
            "max_tokens": 20,
        }
    )
    assert prompt.instructions == "Be brief."
    assert [(item.role, item.text) for item in prompt.items] == [("user", "Hello."), ("assistant", "Hi.")]
    assert (prompt.max_tokens, prompt.temperature) == (20, 0.7)


def test_what_one_peer_had_said_is_not_ready_for_the_next(model_server: ModuleType) -> None:
    assert model_server.without_cache(EngineChoice("kokoro", {"threads": 1})).options == {"threads": 1, "cache": 0}
    assert model_server.without_cache(EngineChoice("piper")).options == {}
