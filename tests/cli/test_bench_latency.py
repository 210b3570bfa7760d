"""The bench reads what a clock would: against a scripted server whose delay is known."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from mock_server import RATE, Script, mock_server
from tests.waiting import measured

from vivavoce.audio.pcm import Pcm
from vivavoce.cli import main
from vivavoce.cli.bench.latency import ask_all, session_settings
from vivavoce.cli.bench.latency_report import plot, report_on, show_timeline, timeline
from vivavoce.cli.bench.questions import ASKED
from vivavoce.cli.clips import Clip
from vivavoce.cli.dialogue import Exchange
from vivavoce.cli.server import Address

TOLERANCE_MS = 30


def spoken(seconds: float = 0.6) -> Clip:
    """A tone between silences; its last loud sample is known."""
    times = np.arange(round(seconds * RATE)) / RATE
    tone = 0.3 * np.sin(2 * np.pi * 220 * times)
    samples = np.concatenate([np.zeros(RATE // 4), tone, np.zeros(RATE // 3)]).astype(np.float32)
    return Clip.of("tone", Pcm(samples, RATE))


@measured
@pytest.mark.parametrize("delay", [0.35, 0.8])
def test_the_bench_reads_a_known_delay(delay: float) -> None:
    """Leading silence of the answer counts as silence, the client's own framing as part of the wait."""
    script = Script(delay=delay)
    with mock_server(script) as url:
        [exchange] = asyncio.run(ask_all(Address.of(url), session_settings("semantic_vad"), [spoken()]))
    assert exchange.voice_to_voice_ms == pytest.approx(script.truth_ms[0], abs=TOLERANCE_MS)
    assert script.truth_ms[0] == pytest.approx(delay * 1000, abs=10 * TOLERANCE_MS)
    assert (exchange.heard, exchange.answer) == ("What time is it?", "It is noon.")
    assert not exchange.cut_in and not exchange.problem


@measured
def test_sessions_at_once_are_all_measured() -> None:
    script = Script(delay=0.5)
    with mock_server(script) as url:
        exchanges = asyncio.run(ask_all(Address.of(url), session_settings("server_vad"), [spoken()], sessions=4))
    assert [one.voice_to_voice_ms for one in exchanges] == pytest.approx(script.truth_ms, abs=TOLERANCE_MS)


@measured
def test_an_answer_before_the_last_word_is_a_cut_in_and_no_quick_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vivavoce.cli.dialogue.LINGER", 0.5)
    with mock_server(Script(early=0.3)) as url:
        [exchange] = asyncio.run(ask_all(Address.of(url), session_settings("semantic_vad"), [spoken(1.0)]))
    assert exchange.cut_in
    assert exchange.voice_to_voice_ms is None
    assert exchange.gap_ms is not None and exchange.gap_ms < 0  # signed: people also begin before the end


@measured
def test_sessions_that_stay_ask_all_in_one_conversation() -> None:
    script = Script(delay=0.35)
    with mock_server(script) as url:
        talk = ask_all(Address.of(url), session_settings("semantic_vad"), [spoken()] * 2, stay=True)
        exchanges = asyncio.run(talk)
    assert [one.voice_to_voice_ms for one in exchanges] == pytest.approx(script.truth_ms, abs=TOLERANCE_MS)
    assert script.sessions == 1


@measured
def test_the_command_writes_what_it_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = spoken()
    soundfile.write(tmp_path / "question.wav", clip.samples, RATE)
    script = Script(delay=0.5)
    with mock_server(script) as url:
        arguments = [
            "bench",
            "latency",
            "--url",
            url,
            "--recordings",
            str(tmp_path),
            "--json",
            str(tmp_path / "out.json"),
        ]
        assert main(arguments) == 0
    report = json.loads((tmp_path / "out.json").read_text())
    assert report["summary"]["voice_to_voice_ms"]["p50"] == pytest.approx(script.truth_ms[0], abs=TOLERANCE_MS)
    assert report["summary"]["stages_ms"]["first_token"]["p50"] == 300
    assert "voice to voice" in capsys.readouterr().out


def test_no_server_is_said_with_its_remedy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    soundfile.write(tmp_path / "question.wav", spoken().samples, RATE)
    assert main(["bench", "latency", "--url", "127.0.0.1:9", "--recordings", str(tmp_path)]) == 2
    assert "No vivavoce server answers at http://127.0.0.1:9" in capsys.readouterr().err


CLASSES = {"question", "short answer", "statement", "long dictation", "with hesitations"}


def lasting(text: str, seconds: float) -> Clip:
    return Clip(text, np.zeros(round(seconds * RATE), np.float32), 0.0, seconds, text)


def test_without_recordings_every_class_of_turn_is_asked_within_a_few() -> None:
    """At the pace of the slowest and of the quickest voice, in words a second."""
    for pace in (2.2, 3.5):
        assert {lasting(text, len(text.split()) / pace).turn for text in ASKED[:8]} == CLASSES


def test_the_first_sound_and_the_answer_itself_are_told_by_class_of_turn(tmp_path: Path) -> None:
    def turn(text: str, seconds: float, first: float, content: float) -> Exchange:
        return Exchange(lasting(text, seconds), "", "", first, False, first, {}, content_ms=content)

    turns = [turn("Why?", 1.0, 300, 300), turn("How far?", 1.0, 500, 900), turn("Um, tea.", 1.0, 400, 1200)]
    exchanges = [*turns, Exchange(lasting("When?", 1.0), "", "", None, True, -200, {})]
    measured = {"exchanges": exchanges, "turn_detection": "semantic_vad", "sessions": 1}
    report = report_on(measured)
    summary = report["summary"]
    assert summary["by_turn_ms"]["question"]["p50"] == 400 and summary["by_turn_ms"]["with hesitations"]["n"] == 1
    assert summary["content_by_turn_ms"]["question"]["p50"] == 600
    assert summary["content_by_turn_ms"]["with hesitations"]["p50"] == 1200
    assert summary["signed_gap_ms"]["min"] == -200 and summary["cut_in"] == 1
    plot(report, tmp_path / "latency.png")
    assert (tmp_path / "latency.png").read_bytes().startswith(b"\x89PNG")


def test_a_turn_is_told_on_one_clock(capsys: pytest.CaptureFixture[str]) -> None:
    """The server counts from where its voice detector hears the last voice, a listener from the last voiced sample."""
    served = {"endpoint": 320.0, "transcript": 290.0, "first_token": 500.0, "first_sound": 900.0}
    known = Exchange(lasting("Why?", 1.0), "", "", 410, False, 410, served, content_ms=1000, heard_on_ms=90.0)
    unknown = Exchange(lasting("How?", 1.0), "", "", 410, False, 410, served, content_ms=410)
    report = report_on({"exchanges": [known, unknown], "turn_detection": "semantic_vad", "sessions": 1})
    first, second = map(timeline, report["turns"])
    assert first == [90, 410, 380, None, 590, None, 990, 410, 1000]
    assert second == [None] * 7 + [410, 410]
    show_timeline(report)
    assert "Why?" in capsys.readouterr().out
