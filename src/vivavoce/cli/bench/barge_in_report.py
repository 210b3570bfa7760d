"""What came of the trials of `bench barge-in`, by kind."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from vivavoce.cli.bench.barge_in_stimuli import STOPS
from vivavoce.cli.bench.figures import about, drawn, spread, wilson

TIMES = ("ducked_ms", "held_ms", "stopped_ms", "resumed_ms", "pause_ms")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Times in ms from the first voiced sample; None: did not happen. `false_ducks`: those that were undone before
    anything was said. `unheard`: samples that were sent before the last one heard, and not heard in their place;
    `pause_ms`: the longest silence after the answer went on."""

    kind: str
    name: str
    ducked_ms: float | None = None
    held_ms: float | None = None
    stopped_ms: float | None = None
    resumed_ms: float | None = None
    reasons: list[str] = field(default_factory=list[str])
    unheard: int | None = None
    pause_ms: float | None = None
    problem: str = ""
    false_ducks: int = 0
    words: str = ""


def summarise(outcomes: list[Outcome]) -> dict[str, Any]:
    """By kind: how many stopped the answer, and when it was ducked, held and stopped."""
    kinds = {}
    for kind in dict.fromkeys(outcome.kind for outcome in outcomes):
        tried = [outcome for outcome in outcomes if outcome.kind == kind and not outcome.problem]
        resumed = [outcome for outcome in tried if outcome.resumed_ms is not None and outcome.stopped_ms is None]
        stopped = sum(outcome.stopped_ms is not None for outcome in tried)
        kinds[kind] = {
            "tried": len(tried),
            "stopped": stopped,
            "stopped_share": list(wilson(stopped, len(tried))),
            "may_stop": kind in STOPS,
            "ducked": sum(outcome.ducked_ms is not None for outcome in tried),
            "held": sum(outcome.held_ms is not None for outcome in tried),
            "false_ducks": sum(outcome.false_ducks for outcome in tried),
            "resumed": len(resumed),
            "resumed_exactly": sum(outcome.unheard == 0 for outcome in resumed),
            **{name: spread(getattr(outcome, name) for outcome in tried) for name in TIMES},
        }
    return about() | {"kind": "barge-in", "summary": kinds, "trials": [asdict(outcome) for outcome in outcomes]}


def show(report: dict[str, Any]) -> None:
    print(
        f"{'kind':21}{'stopped':>9}{'95 %':>14}{'exact':>10}{'held':>6}"
        f"{'duck p50/p95':>14}{'hold p50/p95':>14}{'stop p50/p95':>14}  ms"
    )
    for kind, found in report["summary"].items():
        times = "".join(f"{_pair(found[name]):>14}" for name in TIMES[:3])
        low, high = found["stopped_share"]
        exact, interval = f"{found['resumed_exactly']}/{found['resumed']}", f"{low:.1%}–{high:.1%}"
        print(f"{kind:21}{found['stopped']:>5}/{found['tried']:<4}{interval:>14}{exact:>9}{found['held']:>6}{times}")
    failed = [trial for trial in report["trials"] if trial["problem"]]
    if failed:
        print(f"{len(failed)} could not be judged: {', '.join(sorted({trial['problem'] for trial in failed}))}")


def _pair(spread: dict[str, float] | None) -> str:
    return "–" if spread is None else f"{spread['p50']:.0f}/{spread['p95']:.0f}"


def plot(outcomes: list[Outcome], path: Path) -> None:
    kinds = list(dict.fromkeys(outcome.kind for outcome in outcomes))
    with drawn(path, figsize=(8, 0.7 * len(kinds) + 1.5)) as (_, axes):
        for name, shape in (("ducked_ms", "."), ("held_ms", "|"), ("stopped_ms", "x"), ("resumed_ms", ">")):
            points = [(at, kinds.index(one.kind)) for one in outcomes if (at := getattr(one, name)) is not None]
            if points:
                axes.plot(*zip(*points, strict=True), shape, label=name.removesuffix("_ms"))
        axes.set_yticks(range(len(kinds)), kinds)
        axes.set_xlabel("ms after the first voiced sample")
        axes.legend()
