"""The conditions of a measurement are what their names say, or the measurement is of something else."""

import numpy as np
import pytest

from vivavoce.audio.pcm import Pcm
from vivavoce.cli.bench import stimuli

RATE = 16_000


def _tone(hz: float, seconds: float = 1.0) -> Pcm:
    return Pcm(np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE).astype(np.float32) * 0.1, RATE)


def _noise(seconds: float, seed: int = 1) -> Pcm:
    return Pcm(np.random.default_rng(seed).normal(0, 0.1, round(seconds * RATE)).astype(np.float32), RATE)


def test_a_room_makes_nothing_louder_and_goes_on_ringing() -> None:
    speech = _noise(2.0)
    heard = stimuli.in_room(speech)
    assert len(heard) == len(speech)
    assert stimuli.level_db(heard) == pytest.approx(stimuli.level_db(speech), abs=0.5)
    click = Pcm(np.eye(1, RATE, dtype=np.float32)[0], RATE)
    rings = np.square(stimuli.in_room(click).samples)
    assert 0 < rings[RATE // 5 :].sum() < 0.001 * rings.sum()  # 40 dB below after 0.2 s


@pytest.mark.parametrize(("hz", "passes"), [(100, False), (1000, True), (3900, False)])
def test_a_telephone_carries_its_band_only(hz: float, passes: bool) -> None:
    line = stimuli.telephone(_tone(hz))
    assert line.rate == 8000
    assert (stimuli.level_db(line) > stimuli.level_db(_tone(hz)) - 3) is passes
