"""The bench's player must not lose or repeat a sample itself, or it would find the server guilty; and it must see it
when the server does."""

import numpy as np
import pytest

from vivavoce.audio.pcm import Pcm
from vivavoce.cli.bench import barge_in_offline as offline
from vivavoce.cli.bench.barge_in_report import Outcome, summarise
from vivavoce.cli.bench.barge_in_stimuli import Trial
from vivavoce.cli.bench.managed import RememberingEar
from vivavoce.cli.clips import RATE, Clip
from vivavoce.engines.scripted import LoudnessVad, ScriptedTranscriber


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


def _tone(seconds: float) -> Clip:
    """With a little quiet around it."""
    wave = 0.2 * np.sin(2 * np.pi * 200 * np.arange(round(seconds * RATE)) / RATE)
    return Clip.of("tone", Pcm(np.pad(wave, 4800).astype(np.float32), RATE))


@pytest.mark.parametrize(("words", "seconds", "stops"), [("wait please", 1.0, True), ("mm-hm", 0.3, False)])
def test_a_trial_in_virtual_time_goes_as_it_would_in_life(words: str, seconds: float, stops: bool) -> None:
    hearing = offline.Hearing(LoudnessVad(), ScriptedTranscriber((words,), takes=0), recogniser_ms=50)
    random = np.random.default_rng(1)
    syllables = np.repeat(random.uniform(0, 0.1, 75), RATE // 5)
    said = Pcm((syllables * random.normal(0, 1, len(syllables))).astype(np.float32), RATE)
    trial = Trial("interruption", words, _tone(seconds), late=0.013)
    (outcome,) = offline.measure(hearing, _tone(1.0), said, [trial])
    assert outcome.problem == ""
    assert outcome.ducked_ms is not None and 0 < outcome.ducked_ms <= 80
    assert (outcome.stopped_ms is not None) is stops
    assert (outcome.unheard == 0 and outcome.reasons == ["backchannel"]) is not stops
