"""The turn-taking bench tells what was heard, by the benchmark's rules and corrected ones; it plays what it says."""

from __future__ import annotations

import asyncio
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.audio.pcm import Pcm
from vivavoce.cli import main
from vivavoce.cli.bench.managed import RememberingEar
from vivavoce.cli.bench.turn_metrics import (
    Heard,
    Spoken,
    behaviour,
    corrected,
    faithful,
    merged,
    stop_latency,
    took_turn,
)
from vivavoce.cli.bench.turn_stimuli import INSERTED, Stimulus, inner_pauses, stimuli, vary, with_pause
from vivavoce.cli.bench.turns import play
from vivavoce.cli.clips import RATE, Clip
from vivavoce.cli.server import reach
from vivavoce.settings import read_settings


def turn(*spoken: Spoken, task="smooth turn", end=4.0, **more) -> Heard:
    return Heard(task, "clip", "clean", spoken, end, **more)


def over(*spoken: Spoken, overlap=(5.0, 6.0)) -> Heard:
    return Heard("interruption", "clip", "clean", spoken, 6.0, overlap=overlap)


def tone(seconds: float, silence: float = 0.3) -> Clip:
    sound = 0.3 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE)) / RATE)
    quiet = np.zeros(round(silence * RATE))
    return Clip.of("tone", Pcm(np.concatenate([quiet, sound, quiet]).astype(np.float32), RATE), "a tone")


# --- metrics


def test_an_early_answer_is_no_quick_one_in_the_corrected_metrics() -> None:
    """Trap: the benchmark clamps a negative latency at 0."""
    early, late = turn(Spoken(2.0, 5.0, "a", 9)), turn(Spoken(5.0, 7.0, "b", 9))
    assert faithful([early, late]) == {"tor": 1.0, "latency": 0.5}
    found = corrected([early, late])
    assert (found["answered_early"], found["signed_gap_p50"]) == (0.5, -0.5)


def test_a_latency_stands_beside_the_share_it_is_of() -> None:
    """Trap: a latency over the turns that were taken alone."""
    assert faithful([turn(), turn(Spoken(4.2, 6.0, "a", 5))]) == {"tor": 0.5, "latency": 0.2}
    assert corrected([turn(), turn(Spoken(4.2, 6.0, "a", 5))])["answered"] == 0.5


def test_only_what_begins_in_a_pause_takes_it_over() -> None:
    """Trap: what is said behind the end of the turn, or before the pause, is no takeover of the pause."""
    pauses = ((1.0, 1.6), (2.0, 2.6))
    one = turn(Spoken(1.2, 3.9, "a", 9), task="pause handling", pauses=pauses)
    other = turn(Spoken(4.4, 6.0, "b", 9), task="pause handling", pauses=pauses)
    assert faithful([one, other])["tor"] == 0.5
    assert corrected([one, other])["pauses_taken_over"] == 0.25


@given(st.floats(0, 0.9), st.integers(0, 3))
def test_a_few_words_in_less_than_a_second_take_no_turn(seconds: float, words: int) -> None:
    assert not took_turn([Spoken(1.0, 1.0 + seconds, "a", words)])
    assert took_turn([Spoken(1.0, 2.1, "a", words)])
    assert took_turn([Spoken(1.0, 1.5, "a", 4)])


def test_the_last_piece_decides_about_backchannels_as_in_the_script() -> None:
    """Trap: `eval_backchannel.py` overwrites its verdict; the corrected one does not."""
    one = turn(Spoken(1.0, 2.5, "a", 6), Spoken(4.0, 4.4, "b", 1), task="backchannel", end=10.0)
    assert faithful([one]) == {"tor": 0.0, "per_second": 0.2}
    assert corrected([one]) == {"taken_over": 1.0, "nods_per_minute": 6.0}
    assert faithful([turn(Spoken(1.0, 4.5, "a", 6), task="backchannel", end=10.0)])["tor"] == 1.0


def test_what_became_of_an_overlapped_answer() -> None:
    stopped = over(Spoken(1.0, 5.2, "a", 20), Spoken(6.5, 8.0, "b", 9))
    resumed = over(Spoken(1.0, 5.2, "a", 20), Spoken(6.3, 9.0, "a", 20))
    through, silent = over(Spoken(1.0, 9.0, "a", 20)), over(Spoken(1.0, 5.1, "a", 20))
    assert [behaviour(one) for one in (stopped, resumed, through, silent)] == ["respond", "resume", "resume", "silent"]
    assert stop_latency(stopped.spoken, 5.0) == pytest.approx(0.2)
    assert stop_latency(stopped.spoken, 6.0) is None
    found = faithful([stopped, silent])
    assert (found["tor"], found["response_latency"], found["respond"]) == (0.5, 0.5, 0.5)
    assert corrected([stopped])["signed_gap_p50"] == 0.5


@given(st.lists(st.tuples(st.floats(0, 20), st.floats(0.01, 3)), max_size=12))
def test_merging_neither_loses_nor_overlaps_speech(pieces: list[tuple[float, float]]) -> None:
    whole = merged([Spoken(start, start + length, "a", 3) for start, length in pieces])
    assert all(a.end + 0.499 < b.start for a, b in zip(whole, whole[1:], strict=False))
    assert all(any(one.start <= start and start + length <= one.end for one in whole) for start, length in pieces)


# --- stimuli


def test_a_pause_is_inserted_where_it_says_and_found_again() -> None:
    paused = with_pause(tone(5.0))
    assert paused is not None
    clip, [(start, end)] = paused
    assert end - start == pytest.approx(INSERTED)
    assert not clip.samples[round(start * RATE) + 1 : round(end * RATE) - 1].max() > 0.01
    [found] = inner_pauses(clip)
    assert found == pytest.approx((start, end), abs=0.03)
    assert with_pause(clip) == (clip, (found,))  # its own pause now


@pytest.mark.parametrize("variant", ["clean", "noise", "telephone", "echo"])
def test_every_variant_keeps_the_times_and_is_the_same_again(variant: str) -> None:
    stimulus = Stimulus("smooth turn", "tone", "clean", tone(4.0))
    one, other = vary(stimulus, variant, None), vary(stimulus, variant, None)
    assert np.array_equal(one.clip.samples, other.clip.samples)
    assert len(one.clip.samples) == len(stimulus.clip.samples)
    assert (one.clip.end, one.variant) == (stimulus.clip.end, variant)
    heard = Clip.of("again", Pcm(one.clip.samples, RATE))
    assert heard.end == pytest.approx(stimulus.clip.end, abs=0.05) or variant == "noise"


def test_tasks_get_what_fits_them() -> None:
    people, said = [tone(6.0), tone(1.0)], {"user backchannel": [tone(0.4)] * 5}
    chosen = stimuli(people, said, None, 2, ["clean", "noise"])
    tasks = [(one.task, one.variant) for one in chosen]
    assert tasks.count(("user backchannel", "noise")) == 2
    assert tasks.count(("pause handling", "clean")) == tasks.count(("smooth turn", "clean")) == 1
    assert {one.over for one in chosen if one.task == "user backchannel"} == {True}


# --- over the wire


def test_an_answer_flows_from_its_last_rest_on() -> None:
    """An opener and a long silence before the answer: who speaks then speaks over nothing."""
    ear = RememberingEar()
    for start, seconds in ((1.0, 0.5), (3.0, 1.0), (4.1, 1.0)):
        ear.hear("a", np.zeros(round(seconds * RATE), np.float32), start)
    for at, flowing in ((0.5, 0.0), (1.4, 0.4), (2.5, 0.0), (3.5, 0.5), (4.05, 0.0), (5.0, 2.0), (5.2, 0.0)):
        assert ear.flowing(at) == pytest.approx(flowing), at


def test_a_scripted_server_is_heard_as_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vivavoce.cli.bench.turns.AFTERWARDS", 2.0)

    async def both() -> list[Heard]:
        async with reach(read_settings(), None, "--demo", fresh=True) as running:
            question = tone(1.2)
            smooth = Stimulus("smooth turn", "tone", "clean", tone(1.5))
            hum = Stimulus("background speech", "tone", "clean", tone(0.2))
            return [await play(running.address, question, each) for each in (smooth, hum)]

    smooth, hum = asyncio.run(both())
    assert smooth.spoken and 0 < smooth.spoken[0].start - smooth.end < 2.0
    if hum.overlap is None:
        assert hum.problem == "no answer to speak over"  # so the bench has to say on a machine that cannot keep up
    else:
        assert hum.problem in ("", "the answer was over")


def test_unknown_tasks_are_named_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "turns", "--tasks", "chess"]) == 2
    assert "there is no 'chess'" in capsys.readouterr().err


def test_what_was_measured_is_json() -> None:
    assert json.loads(json.dumps(faithful([over(Spoken(1.0, 5.2, "a", 20))])))["silent"] == 1.0
