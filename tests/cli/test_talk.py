"""`vivavoce talk` with files, over a scripted server; and what it says where there is no microphone."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile
from mock_server import Script, mock_server
from tests.waiting import measured

from vivavoce.cli import main


def write_question(path: Path, rate: int, channels: int) -> Path:
    times = np.arange(rate // 2) / rate
    tone = np.pad(0.3 * np.sin(2 * np.pi * 220 * times), (rate // 4, rate // 4))
    soundfile.write(path, np.repeat(tone[:, None], channels, axis=1), rate)
    return path


@measured
def test_files_are_the_microphone_and_the_answers_are_written_as_heard(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Any rate, mono or stereo; each file waits for the answer to the one before."""
    first = write_question(tmp_path / "first.wav", 44_100, 2)
    second = write_question(tmp_path / "second.flac", 8_000, 1)
    out = tmp_path / "answers" / "out.wav"
    script = Script(delay=0.4, answer_seconds=0.5)
    with mock_server(script) as url:
        assert main(["talk", "--url", url, "--wav", str(first), str(second), "--out", str(out), "--json"]) == 0
    turns = json.loads(capsys.readouterr().out)["turns"]
    assert [turn["question"] for turn in turns] == ["first", "second"]
    assert all(turn["heard"] == "What time is it?" and turn["answer"] == "It is noon." for turn in turns)
    assert [turn["voice_to_voice_ms"] for turn in turns] == pytest.approx(script.truth_ms, abs=40)
    samples, rate = soundfile.read(out)
    loud = np.abs(samples) > 0.05
    assert rate == 24_000
    assert loud.sum() / rate == pytest.approx(1.0, abs=0.15)  # two answers of half a second
    assert len(samples) / rate > 1.9  # with the second question's time between them


def test_options_reach_the_session(tmp_path: Path) -> None:
    script = Script(delay=0.3)
    with mock_server(script) as url:
        options = ["--voice", "cedar", "--language", "it", "--eagerness", "high", "--idle-prompt", "7"]
        assert main(["talk", "--url", url, "--text", "Che ore sono?", *options]) == 0
    session = next(event for event in script.events if event["type"] == "session.update")["session"]
    assert session["audio"]["output"]["voice"] == "cedar"
    assert session["audio"]["input"]["transcription"]["language"] == "it"
    assert session["audio"]["input"]["turn_detection"] == {"type": "semantic_vad", "eagerness": "high"}
    assert session["vivavoce"]["idle_timeout_ms"] == 7000
    assert session["vivavoce"]["listening_signals"] is False  # unless asked for
    said = next(event for event in script.events if event["type"] == "conversation.item.create")["item"]
    assert said["content"] == [{"type": "input_text", "text": "Che ore sono?"}]


def test_a_failed_answer_is_told_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("vivavoce.cli.dialogue.LINGER", 0.5)
    question = write_question(tmp_path / "q.wav", 16_000, 1)
    with mock_server(Script(refuse="The model is ill.")) as url:
        assert main(["talk", "--url", url, "--wav", str(question)]) == 1
    assert "The model is ill." in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, b"", b"not sound at all"])
def test_what_is_no_sound_is_refused_by_name(
    tmp_path: Path, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "strange.wav"
    if content is not None:
        path.write_bytes(content)
    assert main(["talk", "--url", "127.0.0.1:9", "--wav", str(path)]) == 2
    assert "strange.wav" in capsys.readouterr().err


def test_no_portaudio_names_the_remedy(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class Finder:
        def find_spec(self, name: str, *_: Any) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    assert main(["talk"]) == 2
    told = capsys.readouterr().err
    assert "libportaudio2" in told and "--wav" in told


def test_no_microphone_names_the_remedy(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class PortAudioError(Exception):
        pass

    def query_devices(kind: str) -> None:
        raise PortAudioError("Error querying device -1")

    fake = SimpleNamespace(
        PortAudioError=PortAudioError,
        query_devices=query_devices,
        check_input_settings=None,
        check_output_settings=None,
    )
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    assert main(["talk"]) == 2
    told = capsys.readouterr().err
    assert "No microphone found." in told and "--wav" in told
