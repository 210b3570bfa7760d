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


@pytest.mark.parametrize("db", [-10, -20, -30])
def test_an_echo_comes_late_and_at_its_level(db: float) -> None:
    speech = _noise(2.0)
    echo = stimuli.echo_of(speech, db, delay=0.25)
    assert not echo.samples[: RATE // 4].any()
    assert stimuli.level_db(echo) == pytest.approx(stimuli.level_db(speech) + db, abs=0.5)


@pytest.mark.parametrize(("hz", "passes"), [(100, False), (1000, True), (3900, False)])
def test_a_telephone_carries_its_band_only(hz: float, passes: bool) -> None:
    line = stimuli.telephone(_tone(hz))
    assert line.rate == 8000
    assert (stimuli.level_db(line) > stimuli.level_db(_tone(hz)) - 3) is passes
