"""The playout: every sample of the assistant's goes out once and in order, and is counted."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from vivavoce.webrtc.playout import FRAME, LONGEST, RATE, Item, Notice, Playout, Started, Stopped


def ramp(start: int, count: int) -> np.ndarray:
    return (np.arange(start, start + count) / 1e6 + 0.001).astype(np.float32)


def emptied(playout: Playout) -> np.ndarray:
    frames = []
    while playout.active and (frame := playout.take()) is not None:
        frames.append(frame)
    return np.concatenate(frames) if frames else np.zeros(0, np.float32)


@given(st.lists(st.integers(0, 3 * FRAME), max_size=12), st.integers(0, 20))
@example([0], 1)
def test_what_was_heard_is_known_to_the_sample(sizes: list[int], frames: int) -> None:
    playout = Playout(lambda _: None)
    for size in sizes:
        playout.push(Item("r", "i"), ramp(0, size))
    went_out = 0
    for _ in range(frames):
        frame = playout.take()
        went_out += 0 if frame is None else int(np.count_nonzero(frame))
    assert went_out == min(sum(sizes), frames * FRAME)
    cut = playout.clear()
    assert (cut is not None) == (went_out > 0)
    if cut is not None:
        assert cut == (Item("r", "i"), went_out * 1000 // RATE)
    assert playout.take() is None and not playout.active


def test_a_response_starts_and_stops_once_and_in_order() -> None:
    told: list[Notice] = []
    playout = Playout(told.append)
    playout.push(Item("r1", "a"), ramp(0, FRAME + 7))
    playout.push(Item("r1", "b"), ramp(0, 5))
    assert playout.take() is not None and told == [Started("r1")]
    playout.end("r1")
    playout.push(Item("r2", "c"), ramp(0, 5))
    playout.end("r2")
    emptied(playout)
    assert told == [Started("r1"), Stopped("r1"), Started("r2"), Stopped("r2")]


def test_a_pause_in_a_response_is_not_its_end() -> None:
    told: list[Notice] = []
    playout = Playout(told.append)
    playout.push(Item("r", "a"), ramp(0, FRAME))
    playout.take()
    assert playout.take() is None and told == [Started("r")]
    playout.push(Item("r", "a"), ramp(0, FRAME))
    playout.take()
    playout.end("r")
    assert playout.take() is None and told == [Started("r"), Stopped("r")]
    assert playout.clear() is None


def test_held_speech_goes_on_at_the_very_next_sample() -> None:
    sound = ramp(0, 10 * FRAME)
    playout = Playout(lambda _: None)
    playout.push(Item("r", "a"), sound)
    before = [playout.take() for _ in range(3)]
    playout.duck(-20)
    assert np.allclose(playout.take()[-1], sound[4 * FRAME - 1] * 0.1, rtol=1e-4)
    playout.hold()
    fading = playout.take()
    assert fading[-1] == 0 and playout.take() is None and playout.take() is None
    playout.resume()
    rest = emptied(playout)
    assert np.array_equal(np.concatenate(before), sound[: 3 * FRAME])
    assert rest[0] > 0 and np.array_equal(rest[FRAME // 2 :], sound[5 * FRAME + FRAME // 2 :])


def test_nobody_fills_the_memory() -> None:
    playout = Playout(lambda _: None)
    for _ in range(100):
        playout.push(Item("r", "a"), ramp(0, RATE))
    assert len(emptied(playout)) == LONGEST
