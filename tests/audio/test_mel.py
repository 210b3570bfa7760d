"""Log-mel features against values that the reference extractor of Whisper gave."""

import numpy as np
import pytest

from vivavoce.audio.mel import log_mel

BANDS = (0, 5, 10, 20, 30, 40, 50)


def chirp() -> np.ndarray:
    """A second from 100 Hz up to 4 kHz, loudest in the middle, over a hum."""
    t = np.arange(16_000) / 16_000
    sweep = 0.5 * np.sin(2 * np.pi * (100 * t + 1950 * t * t)) * np.sin(np.pi * t)
    return (sweep + 0.01 * np.sin(2 * np.pi * 200 * t) + 0.001 * np.sign(np.sin(2 * np.pi * 313 * t))).astype(
        np.float32
    )


REFERENCE = {
    0: [0.4419, 0.3763, 0.1271, -0.3695, -0.3977, -0.4664, -0.5908],
    10: [-0.6119, 0.5339, 0.8165, -0.3235, -0.6119, -0.6119, -0.6119],
    50: [-0.6119, 0.5334, -0.6119, -0.6119, -0.6119, -0.1669, -0.442],
    75: [-0.6119, 0.534, -0.6119, -0.6119, -0.6119, -0.6119, -0.4759],
    90: [-0.6119, 0.5342, -0.6119, -0.6119, -0.6119, -0.6119, -0.6119],
}


def test_features_are_the_references():
    features = log_mel(chirp())
    for frame, expected in REFERENCE.items():
        assert features[list(BANDS), frame] == pytest.approx(expected, abs=1e-3)


def test_one_frame_every_ten_milliseconds():
    assert log_mel(np.zeros(16_000, np.float32)).shape == (80, 100)
    assert log_mel(np.zeros(16_000, np.float32), 128).shape == (128, 100)


def test_silence_is_finite_and_flat():
    assert np.allclose(log_mel(np.zeros(8_000, np.float32)), -1.5)


def test_padding_changes_no_frame_of_the_speech():
    """A shorter window has the features of the longer one: only then may the encoder take it."""
    sound = chirp()
    short, long = (log_mel(np.pad(sound, (0, seconds * 16_000))) for seconds in (1, 29))
    assert np.array_equal(short[:, :198], long[:, :198])
