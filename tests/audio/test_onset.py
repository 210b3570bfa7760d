"""A sound over the assistant's voice is noticed within frames; the room's noise is not, nor twice what was nobody."""

import numpy as np

from vivavoce.audio.onset import FRAME, RATE, OnsetDetector
from vivavoce.audio.pcm import Samples

QUIET_DB, USUAL_DB = -60.0, -22.0


def noise(seconds: float, db: float) -> Samples:
    sound = np.random.default_rng(3).normal(0.0, 10 ** (db / 20), round(seconds * RATE) // FRAME * FRAME)
    return sound.astype(np.float32)


def onsets(detector: OnsetDetector, sound: Samples, usual: float | None = USUAL_DB) -> list[int]:
    """Frames in which a sound began, heard two at a time, as clients send them."""
    found, step = [], 2 * FRAME
    for end in range(step, len(sound) + 1, step):
        if (ago := detector.hear(sound[end - step : end], usual)) is not None:
            found.append((end - ago) // FRAME)
    return found


def test_a_sound_is_placed_where_it_began():
    sound = np.concatenate([noise(0.5, QUIET_DB), noise(0.3, USUAL_DB)])
    assert onsets(OnsetDetector(), sound) == [50]


def test_neither_a_click_nor_what_is_far_below_the_speaker_is_one():
    click = np.concatenate([noise(0.5, QUIET_DB), noise(0.01, USUAL_DB), noise(0.3, QUIET_DB)])
    assert onsets(OnsetDetector(), click) == []
    far = np.concatenate([noise(0.5, QUIET_DB), noise(0.3, USUAL_DB - 25)])
    assert onsets(OnsetDetector(), far) == []
    assert onsets(OnsetDetector(), far, usual=None)[0] == 50  # it may be a soft speaker


def test_a_loud_room_hides_what_is_no_louder():
    sound = np.concatenate([noise(0.5, -30), noise(0.3, -22)])
    assert onsets(OnsetDetector(), sound) == []


def test_after_a_false_alarm_only_what_is_louder_is_one():
    detector = OnsetDetector()
    keys = np.concatenate([noise(0.3, QUIET_DB), noise(0.05, -35), noise(0.1, QUIET_DB)])
    assert len(onsets(detector, keys)) == 1
    detector.mistaken()
    assert onsets(detector, keys) == []
    assert len(onsets(detector, np.concatenate([keys, noise(0.1, USUAL_DB)]))) == 1


def test_it_forgives():
    detector = OnsetDetector()
    keys = np.concatenate([noise(0.3, QUIET_DB), noise(0.05, -35), noise(0.1, QUIET_DB)])
    assert onsets(detector, keys)
    detector.mistaken()
    detector.note(noise(30.0, QUIET_DB))
    assert onsets(detector, keys)
