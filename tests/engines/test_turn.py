"""The contract of ports.TurnDetector, kept by Smart Turn."""

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest

from tests.engines.sounds import clips, models, museum, quiet
from vivavoce.audio.pcm import Pcm, join
from vivavoce.engines.turn_detection import smart_turn
from vivavoce.errors import ModelUnavailable, TurnError
from vivavoce.ports import HEARING_RATE, TurnDetector


@pytest.fixture(scope="module")
def detector() -> Iterator[TurnDetector]:
    loaded = smart_turn.load(smart_turn.Options(), models)
    yield loaded
    loaded.close()


def p_done(detector: TurnDetector, speech: Pcm) -> float:
    return asyncio.run(detector.p_done(speech))


def test_a_whole_sentence_is_done_and_a_broken_off_one_is_not(detector):
    speech = museum()
    hush = quiet(0.2)
    assert p_done(detector, join([speech, hush], HEARING_RATE)) > 0.5
    assert p_done(detector, join([speech.cut(0, 2.4), hush], HEARING_RATE)) < 0.5


def test_ends_are_told_from_cuts(detector, recordings):
    """Finished prompts score higher than the same prompts cut in the middle, nearly always."""
    pairs = []
    for speech, _, _ in list(clips(recordings, "ivr_en"))[4:16]:
        pairs.append((p_done(detector, speech), p_done(detector, speech.cut(0, speech.seconds * 0.55))))
    assert np.mean([whole > part for whole, part in pairs]) > 0.75


def test_only_the_last_eight_seconds_count(detector):
    """The beginning of a long turn changes nothing, and so costs nothing."""
    last = join([quiet(4), museum(), quiet(0.6)], HEARING_RATE)
    longer = join([museum(), quiet(40), last], HEARING_RATE)
    assert p_done(detector, longer.cut(longer.seconds - 8)) == pytest.approx(p_done(detector, longer), abs=1e-4)


@pytest.mark.parametrize("speech", [Pcm.silence(0, HEARING_RATE), Pcm.silence(2, HEARING_RATE)])
def test_silence_has_a_probability_too(detector, speech):
    assert 0 <= p_done(detector, speech) <= 1


def test_features_have_mean_zero_and_variance_one_before_the_mel():
    """As in training: loudness must not matter."""
    loud = smart_turn.features(museum().samples)
    soft = smart_turn.features(museum().samples * 0.1)
    assert loud.shape == (80, 800) and loud.dtype == np.float32
    assert np.abs(loud - soft).max() < 0.02


def test_another_rate_is_refused(detector):
    with pytest.raises(TurnError, match="16000 Hz"):
        p_done(detector, Pcm.silence(1, 8000))


def test_a_broken_file_says_which_model_and_what_to_do(tmp_path):
    (tmp_path / smart_turn.Options().file).write_bytes(b"not a network")
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        smart_turn.load(smart_turn.Options(), lambda id: tmp_path)
