"""The bench's player must not lose or repeat a sample itself, or it would find the server guilty; and it must see it
when the server does."""

import numpy as np

from vivavoce.cli.bench.barge_in import Outcome, summarise
from vivavoce.cli.bench.managed import RememberingEar


def _ramp(start: int, size: int) -> np.ndarray:
    return (np.arange(start, start + size) / 100_000).astype(np.float32)


def test_playback_goes_on_with_the_sample_at_which_it_was_held() -> None:
    ear = RememberingEar()
    ear.hear("a", _ramp(0, 2400), 10.0)
    ear.hear("a", _ramp(2400, 2400), 10.01)
    ear.hold(10.13)  # in the second chunk
    ear.hear("a", _ramp(4800, 2400), 10.2)  # sent while it waits
    ear.resume(11.0)
    assert np.array_equal(np.concatenate([chunk.samples for chunk in ear.chunks]), _ramp(0, 7200))
    assert ear.unheard() == 0
    assert abs(ear.longest_silence(10.0) - 0.87) < 1e-3


def test_a_sample_heard_out_of_place_is_counted() -> None:
    ear = RememberingEar()
    ear.hear("a", _ramp(0, 2400), 10.0)
    ear.flush(10.05)
    ear.hear("a", _ramp(2400, 2400), 10.05)
    assert ear.unheard() > 0


def test_stops_are_counted_by_kind_and_trials_that_failed_are_not() -> None:
    outcomes = [
        Outcome("noise", "cough", ducked_ms=50.0, stopped_ms=400.0),
        Outcome("noise", "typing", ducked_ms=70.0, resumed_ms=500.0, unheard=0),
        Outcome("noise", "late", problem="the answer was over"),
    ]
    noise = summarise(outcomes)["summary"]["noise"]
    assert (noise["tried"], noise["stopped"], noise["may_stop"]) == (2, 1, False)
    assert (noise["resumed"], noise["resumed_exactly"]) == (1, 1)
