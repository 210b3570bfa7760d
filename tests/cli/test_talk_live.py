"""What the speakers really played decides what the model remembers having said."""

import numpy as np

from vivavoce.cli.talk_live import Speaker


def ones(size: int) -> np.ndarray:
    return np.ones(size, np.float32)


def test_a_cut_tells_the_item_and_how_much_of_it_was_played() -> None:
    speaker = Speaker()
    speaker.put("a", ones(2400))
    speaker.put("b", ones(4800))
    speaker.take(2400 + 1200)
    assert speaker.flush() == ("b", 50)
    assert not speaker.take(480).any()


def test_a_cut_before_the_item_sounded_is_zero() -> None:
    speaker = Speaker()
    speaker.put("a", ones(480))
    speaker.take(480)
    speaker.put("b", ones(480))
    assert speaker.flush() == ("b", 0)


def test_nothing_is_cut_when_all_was_played() -> None:
    speaker = Speaker()
    speaker.put("a", ones(480))
    speaker.take(960)
    assert speaker.flush() is None


def test_half_duplex_waits_for_the_room() -> None:
    speaker = Speaker()
    assert not speaker.sounding
    speaker.put("a", ones(480))
    assert speaker.sounding
    speaker.take(480)
    assert speaker.sounding
