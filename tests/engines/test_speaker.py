"""The contract of ports.SpeakerEncoder, kept by the d-vectors."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest

from tests.engines.sounds import models
from vivavoce.audio.files import read_sound
from vivavoce.audio.pcm import Pcm
from vivavoce.engines.speaker import dvector
from vivavoce.engines.speaker.dvector import BANDS, FRAMES, SHORTEST, windows_of
from vivavoce.ports import HEARING_RATE, SpeakerEncoder


@pytest.fixture(scope="module")
def encoder() -> Iterator[SpeakerEncoder]:
    loaded = dvector.load(dvector.Options(), models)
    yield loaded
    loaded.close()


def noise(seconds: float, seed: int = 1) -> Pcm:
    samples = np.random.default_rng(seed).normal(0, 0.1, round(seconds * HEARING_RATE))
    return Pcm(samples.astype(np.float32), HEARING_RATE)


def test_windows_have_the_shape_that_the_network_takes() -> None:
    for samples, count in ((0, 1), (SHORTEST - 1, 1), (SHORTEST, 1), (SHORTEST + 40 * 160, 2), (5 * HEARING_RATE, 11)):
        windows = windows_of(noise(samples / HEARING_RATE).samples[:samples])
        assert windows.shape == (count, FRAMES, BANDS) and windows.dtype == np.float32
    assert np.isfinite(windows_of(np.zeros(20_000, np.float32))).all(), "digital silence has a logarithm, too"


def test_a_voice_has_length_one_and_is_the_same_in_any_company(encoder: SpeakerEncoder) -> None:
    sounds = [noise(seconds, seed) for seed, seconds in enumerate((0.3, 1.6, 90.0, 1.6))]
    together = asyncio.run(encoder.voices(sounds))
    assert all(np.linalg.norm(vector) == pytest.approx(1, abs=1e-4) for vector in together)
    alone = [asyncio.run(encoder.voices([sound]))[0] for sound in sounds]
    assert all(one @ other > 0.999 for one, other in zip(together, alone, strict=True))
    assert asyncio.run(encoder.voices([])) == []


def test_one_speaker_is_more_like_herself_than_like_others(encoder: SpeakerEncoder, recordings: Path) -> None:
    def voice(path: Path) -> np.ndarray:
        sound = read_sound(path.read_bytes(), HEARING_RATE, longest=60)
        return asyncio.run(encoder.voices([sound]))[0]

    linda = [voice(path) for path in sorted((recordings / "audio" / "ljspeech").glob("*.flac"))]
    others = [voice(path) for path in sorted((recordings / "audio" / "librispeech").glob("*.flac"))[:8]]
    same = np.mean([one @ other for one, other in combinations(linda, 2)])
    different = np.mean([one @ other for one, other in product(linda, others)])
    assert same > different + 0.15
