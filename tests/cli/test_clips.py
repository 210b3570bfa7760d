"""Where the voice ends decides what every latency is counted from."""

from __future__ import annotations

import asyncio
import os
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from vivavoce.audio.pcm import Pcm
from vivavoce.audio.resample import resample
from vivavoce.cli.clips import RATE, Clip, choose, first_audible, voiced_span
from vivavoce.cli.ear import Ear
from vivavoce.errors import StartupError
from vivavoce.ports import HEARING_RATE, HOP
from vivavoce.settings import read_settings

RECORDINGS = Path(os.environ.get("VIVAVOCE_RECORDINGS") or Path(__file__).parents[3] / "shared" / "data")


def tone(seconds: float, level: float = 0.3) -> np.ndarray:
    times = np.arange(round(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * 200 * times)).astype(np.float32)


def noise(seconds: float, db: float) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 10 ** (db / 20), round(seconds * RATE)).astype(np.float32)


@pytest.mark.parametrize("floor_db", [-90, -60, -45])
def test_the_last_voiced_sample_is_found_over_any_noise(floor_db: float) -> None:
    samples = noise(2.0, floor_db)
    samples[round(0.5 * RATE) : round(1.2 * RATE)] += tone(0.7)
    onset, end = voiced_span(Pcm(samples, RATE))
    assert onset == pytest.approx(0.5, abs=0.02)
    assert end == pytest.approx(1.2, abs=0.02)


def test_a_click_after_the_last_word_is_no_voice() -> None:
    samples = noise(2.0, -70)
    samples[round(0.5 * RATE) : round(1.2 * RATE)] += tone(0.7)
    samples[round(1.7 * RATE) : round(1.705 * RATE)] = 0.8
    assert voiced_span(Pcm(samples, RATE))[1] == pytest.approx(1.2, abs=0.02)


def test_a_sound_without_a_quiet_part_is_voiced_to_its_end() -> None:
    assert voiced_span(Pcm(tone(1.0), RATE)) == pytest.approx((0.0, 1.0), abs=0.02)


def test_audible_begins_after_the_silence() -> None:
    sound = np.concatenate([noise(0.3, -60), tone(0.2)])
    assert first_audible(Pcm(sound, RATE)) == pytest.approx(0.3, abs=0.011)
    assert first_audible(Pcm(noise(0.3, -60), RATE)) is None


def test_chunks_play_when_they_arrive_or_after_the_one_before() -> None:
    ear = Ear()
    ear.hear("a", tone(0.2), at=1.0)
    ear.hear("a", tone(0.2), at=1.05)  # early: waits
    ear.hear("b", tone(0.2), at=2.0)  # late: a gap
    assert [chunk.start for chunk in ear.chunks] == [1.0, 1.2, 2.0]
    assert ear.starts({"b"}) == pytest.approx(2.0, abs=0.011)
    assert len(ear.recording()) / RATE == pytest.approx(1.2, abs=0.001)


def test_a_flush_keeps_what_was_played() -> None:
    ear = Ear()
    ear.hear("a", tone(0.5), at=1.0)
    ear.hear("a", tone(0.5), at=1.0)
    ear.flush(1.25)
    assert ear.end == pytest.approx(1.25)
    ear.hear("b", tone(0.1), at=1.3)
    assert ear.starts({"b"}) == pytest.approx(1.3, abs=0.011)


def test_the_choice_of_questions_is_the_same_every_time_and_of_many_voices() -> None:
    if not (RECORDINGS / "manifest.jsonl").exists():
        pytest.skip("needs the recordings (VIVAVOCE_RECORDINGS)")
    clips = choose(RECORDINGS, 6)
    assert [clip.name for clip in clips] == [clip.name for clip in choose(RECORDINGS, 6)]
    assert len({clip.name.partition("-")[0] for clip in clips}) > 4
    assert all(0 <= clip.onset < clip.end <= len(clip.samples) / RATE and clip.text for clip in clips)


def test_the_end_of_the_voice_agrees_with_a_voice_detector() -> None:
    """Two methods with nothing in common; the energy's must not be later, which would flatter every latency."""
    models = read_settings().paths.models
    if not (RECORDINGS / "manifest.jsonl").exists() or not (models / "silero-vad-v6").exists():
        pytest.skip("needs the recordings (VIVAVOCE_RECORDINGS) and the model silero-vad-v6")
    clips = choose(RECORDINGS, 12)
    ends = asyncio.run(ends_by_silero(models, clips))
    later = np.array([clip.end - end for clip, end in zip(clips, ends, strict=True)])
    assert -0.15 < np.median(later) < 0.02
    assert np.mean(np.abs(later) < 0.2) > 0.75


async def ends_by_silero(models: Path, clips: list[Clip]) -> list[float]:
    from vivavoce.engines.vad import silero

    with closing(silero.load(silero.Options(), models.joinpath)) as detector:
        ends = []
        for clip in clips:
            heard = resample(Pcm(clip.samples, RATE), HEARING_RATE).samples
            whole = np.concatenate([heard, np.zeros(-len(heard) % HOP + 20 * HOP, np.float32)])
            voice = np.array(await detector.open().voice(whole))
            ends.append((int(np.flatnonzero(voice > 0.5)[-1]) + 1) * HOP / HEARING_RATE)
    return ends


def test_an_empty_folder_holds_no_questions(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="no questions"):
        choose(tmp_path, None)


def test_stereo_of_another_rate_becomes_what_the_wire_takes() -> None:
    clip = Clip.of("x", Pcm(np.zeros(8000, np.float32), 8000))
    assert len(clip.samples) == pytest.approx(RATE, abs=200)
