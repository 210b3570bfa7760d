"""What came of the trials of `bench barge-in`, by kind."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from vivavoce.cli.bench.barge_in_stimuli import EITHER, STOPS
from vivavoce.cli.bench.barge_in_words import HeldOut
from vivavoce.cli.bench.figures import Report, about, drawn, share, spread, wilson
from vivavoce.errors import StartupError

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
    held_out: HeldOut = ""
    language: str = ""


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
            "parts": _parts(tried),
            "ducked": sum(outcome.ducked_ms is not None for outcome in tried),
            "held": sum(outcome.held_ms is not None for outcome in tried),
            "false_ducks": sum(outcome.false_ducks for outcome in tried),
            "resumed": len(resumed),
            "resumed_exactly": sum(outcome.unheard == 0 for outcome in resumed),
            **{name: spread(getattr(outcome, name) for outcome in tried) for name in TIMES},
        }
    trials = [asdict(outcome) for outcome in outcomes]
    return about() | {"kind": "barge-in", "summary": kinds, "all": _all(outcomes), "trials": trials}


def _parts(tried: Sequence[Outcome]) -> dict[str, Report]:
    """How many of those stopped it by which nothing was chosen, and how many of each language."""
    parts = {
        "held out": [one for one in tried if one.held_out],
        "words held out": [one for one in tried if one.held_out == "voices and words"],
    }
    languages = sorted({one.language for one in tried})
    if len(languages) > 1:
        parts |= {language: [one for one in tried if one.language == language] for language in languages}
    return _stops(parts)


def _all(outcomes: Sequence[Outcome]) -> dict[str, Report]:
    """The two rates that count, over all kinds; "to others", which may go either way, is in neither."""
    tried = [one for one in outcomes if not one.problem and one.kind not in EITHER]
    must, must_not = [one for one in tried if one.kind in STOPS], [one for one in tried if one.kind not in STOPS]
    return _stops(
        {
            "interruptions": must,
            "interruptions, held out": [one for one in must if one.held_out],
            "no interruptions": must_not,
            "no interruptions, held out": [one for one in must_not if one.held_out],
        }
    )


def _stops(groups: Mapping[str, Sequence[Outcome]]) -> dict[str, Report]:
    return {
        name: found
        for name, group in groups.items()
        if (found := share([outcome.stopped_ms is not None for outcome in group])) is not None
    }


def read(path: Path) -> list[Outcome]:
    """What an earlier run wrote; nothing where there is no such file. Raises StartupError."""
    if not path.exists():
        return []
    try:
        return [Outcome(**trial) for trial in json.loads(path.read_bytes())["trials"]]
    except (ValueError, KeyError, TypeError) as error:
        raise StartupError(
            f"{path} is no report of `bench barge-in`: {error}",
            "Name another file with --json, or leave --resume away.",
        ) from error


def show(report: dict[str, Any]) -> None:
    print(
        f"{'kind':26}{'stopped':>9}{'95 %':>14}{'exact':>10}{'held':>6}"
        f"{'duck p50/p95':>14}{'hold p50/p95':>14}{'stop p50/p95':>14}  ms"
    )
    for kind, found in report["summary"].items():
        times = "".join(f"{_pair(found[name]):>14}" for name in TIMES[:3])
        low, high = found["stopped_share"]
        exact, interval = f"{found['resumed_exactly']}/{found['resumed']}", f"{low:.1%}–{high:.1%}"
        print(f"{kind:26}{found['stopped']:>5}/{found['tried']:<4}{interval:>14}{exact:>9}{found['held']:>6}{times}")
        _show_shares(found["parts"], "  ")
    _show_shares(report["all"], "")
    failed = [trial for trial in report["trials"] if trial["problem"]]
    if failed:
        print(f"{len(failed)} could not be judged: {', '.join(sorted({trial['problem'] for trial in failed}))}")


def _show_shares(shares: dict[str, Report], indent: str) -> None:
    for name, each in shares.items():
        low, high = each["between"]
        interval = f"{low:.1%}–{high:.1%}"
        print(f"{indent + name:26}{each['hits']:>5}/{each['of']:<4}{interval:>14}{each['share']:>8.1%}")


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
