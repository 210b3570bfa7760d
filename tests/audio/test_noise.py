"""Noise reduction: what hums and hisses goes, what speaks stays, nothing is lost or shifted."""

from __future__ import annotations

import numpy as np
import pytest

from tests.engines.sounds import museum
from vivavoce.audio.noise import BLOCK, NoiseSuppressor
from vivavoce.audio.pcm import Samples


def through(kind: str, sound: Samples, strength: float | None = None, step: int = 320) -> Samples:
    suppressor = NoiseSuppressor(kind, strength)
    return np.concatenate([suppressor.push(sound[at : at + step]) for at in range(0, len(sound), step)])


def level(sound: Samples) -> float:
    return float(np.sqrt((sound.astype(np.float64) ** 2).mean()))


@pytest.mark.parametrize("kind", ["near_field", "far_field"])
def test_noise_falls_and_speech_stays(kind: str) -> None:
    hiss = np.random.default_rng(1).normal(0, 0.01, 3 * 16_000).astype(np.float32)
    speech = museum().samples
    noise, voice = through(kind, hiss), through(kind, speech)
    assert level(noise[-16_000:]) < 0.5 * level(hiss)
    assert level(voice) > 0.6 * level(speech)


def test_strength_is_how_much() -> None:
    hiss = np.random.default_rng(1).normal(0, 0.01, 3 * 16_000).astype(np.float32)
    weak, strong = (level(through("near_field", hiss, strength)[-16_000:]) for strength in (0.25, 1.0))
    assert strong < weak


@pytest.mark.parametrize("step", [1, 100, 160, 4000])
def test_pieces_of_any_size_come_out_whole(step: int) -> None:
    sound = museum().samples[: 16_000 + 50]
    assert len(through("near_field", sound, step=step)) == len(sound) // BLOCK * BLOCK
    assert np.array_equal(through("near_field", sound, step=step), through("near_field", sound))
