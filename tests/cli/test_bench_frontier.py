"""The frontier's arithmetic: what counts as cut in on, and what as dead air."""

from __future__ import annotations

from vivavoce.cli.bench.frontier import Pause, frontier
from vivavoce.conversation.endpointing import PATIENCE
from vivavoce.conversation.floor import REOPEN_MS
from vivavoce.conversation.hop import HOP_MS

SURE, DOUBTFUL = 1.0, 0.0


def point(name: str, pauses: list[Pause]):
    return next(each for each in frontier(pauses) if each.name == name)


def test_a_pause_that_lasts_as_long_as_the_wait_is_cut_in_on_and_a_shorter_one_is_not() -> None:
    """Waits end at whole hops: 500 ms is 512, 600 ms is 608."""
    pauses = [Pause("a", 544, 0.5, 0.5, 0.5), Pause("a", None, 0.5, 0.5, 0.5), Pause("b", None, 0.5, 0.5, 0.5)]
    cut, kept = point("silence 500 ms", pauses), point("silence 600 ms", pauses)
    assert (cut.turns_cut, cut.pauses_cut) == (0.5, 1.0)
    assert (kept.turns_cut, kept.pauses_cut) == (0.0, 0.0)


def test_dead_air_is_the_wait_at_true_ends_alone() -> None:
    pauses = [Pause("a", 300, DOUBTFUL, DOUBTFUL, DOUBTFUL), Pause("b", None, SURE, SURE, SURE)]
    ours = point("eagerness auto", pauses)
    assert 0 <= ours.p50_ms - PATIENCE["auto"].quick < HOP_MS and ours.turns_cut == 0.0


def test_dead_air_counts_from_the_last_voiced_sample() -> None:
    heard_on = [Pause("a", None, SURE, SURE, SURE, 100), Pause("b", None, SURE, SURE, SURE)]
    assert point("silence 600 ms", heard_on).mean_ms == 608 + 50


def test_the_words_may_end_a_wait_early_but_not_before_they_are_known() -> None:
    late = [Pause("a", None, DOUBTFUL, DOUBTFUL, SURE)]
    assert PATIENCE["auto"].quick < point("eagerness auto", late).p50_ms < PATIENCE["auto"].slow


def test_a_pause_is_waited_for_again_in_its_turn_alone_also_where_it_was_cut_in_on() -> None:
    end = (None, SURE, SURE, SURE)
    pauses = [Pause("a", 960, SURE, SURE, SURE), Pause("a", *end), Pause("b", *end)]
    ours = point("eagerness auto", pauses)
    assert ours.pauses_cut == 1.0 and ours.turns_cut == 0.5
    assert abs(ours.mean_ms - PATIENCE["auto"].quick - 960 / 2) < HOP_MS
    too_late = point("eagerness auto", [Pause("a", REOPEN_MS + HOP_MS, SURE, SURE, SURE), *pauses[1:]])
    assert too_late.p95_ms - PATIENCE["auto"].quick < HOP_MS


def test_pauses_of_full_duplex_bench_are_told_apart() -> None:
    pauses = [Pause("a", quiet, SURE, SURE, SURE) for quiet in (160, 384, 416, 992, 1024)]
    timer = point("silence 500 ms", pauses)
    assert (timer.pauses_cut, timer.fdb_pauses_cut) == (0.4, 0.5)
