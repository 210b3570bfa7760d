"""What all benches have in common: shares with their intervals, and the machine that the figures are of."""

from __future__ import annotations

import pytest

from vivavoce.cli.bench.figures import about, wilson


@pytest.mark.parametrize(
    ("hits", "tried", "low", "high"),
    [(0, 10, 0.0, 0.2775), (2, 10, 0.0567, 0.5098), (10, 100, 0.0552, 0.1744), (6, 6, 0.610, 1.0), (0, 0, 0.0, 1.0)],
)
def test_intervals_are_wilsons(hits: int, tried: int, low: float, high: float) -> None:
    """Against the figures of Agresti and Coull (1998)."""
    assert wilson(hits, tried) == pytest.approx((low, high), abs=1e-3)


def test_a_report_says_on_which_machine_it_was_measured() -> None:
    machine = about()["machine"]
    assert machine["processor"] and machine["cores"] >= 1 and machine["system"] and machine["python"]
    assert isinstance(machine["instructions"], list)
