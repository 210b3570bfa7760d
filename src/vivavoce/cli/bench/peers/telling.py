"""What `vivavoce bench peers` measured, as numbers and a table."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from vivavoce.cli.bench.figures import Report, about, drawn, spread
from vivavoce.cli.bench.peers.asking import Turn


def summarise(turns: dict[tuple[str, str], list[Turn]]) -> Report:
    """Everything measured, ready for JSON. Ratios are of medians, over the turns that were not cut in on."""
    rows = [{"system": name, "settings": kind, **_figures(heard)} for (name, kind), heard in turns.items()]
    ours = {row["settings"]: row["first_sound_ms"] for row in rows if row["system"] == "vivavoce"}
    for row in rows:
        row["to_vivavoce"] = _ratio(row["first_sound_ms"], ours.get("defaults"))
        row["to_vivavoce_without_openers"] = _ratio(row["first_sound_ms"], ours.get("openers off"))
    return {
        "kind": "peers",
        **about(),
        "systems": rows,
        "turns": [
            {"system": name, "settings": kind, **asdict(turn)}
            for (name, kind), heard in turns.items()
            for turn in heard
        ],
    }


def _figures(turns: list[Turn]) -> dict[str, Any]:
    clean = [turn for turn in turns if turn.first_sound_ms is not None and not turn.cut_in]
    return {
        "turns": len(turns),
        "answered": len(clean),
        "cut_in": sum(turn.cut_in for turn in turns),
        "unanswered": sum(turn.first_sound_ms is None and not turn.cut_in for turn in turns),
        "first_sound_ms": spread([turn.first_sound_ms for turn in clean]),
        "content_ms": spread([turn.content_ms for turn in clean]),
    }


def _ratio(theirs: dict[str, float] | None, ours: dict[str, float] | None) -> float | None:
    return None if not theirs or not ours else round(theirs["p50"] / ours["p50"], 2)


def show(report: Report) -> None:
    """The table for people."""
    from rich.console import Console
    from rich.table import Table

    heads = ("system", "settings", "first sound p50", "p95", "answer p50", "turns", "cut in", "unanswered")
    table = Table(*heads, "× vivavoce", "× without openers", box=None)
    for row in report["systems"]:
        sound, content = row["first_sound_ms"] or {}, row["content_ms"] or {}
        times = [f"{one:.0f}" if one is not None else "–" for one in (sound.get("p50"), sound.get("p95"))]
        answer = f"{content['p50']:.0f}" if content else "–"
        counts = [str(row[key]) for key in ("turns", "cut_in", "unanswered")]
        ratios = [f"{row[key]:.2f}" if row[key] else "–" for key in ("to_vivavoce", "to_vivavoce_without_openers")]
        table.add_row(row["system"], row["settings"], *times, answer, *counts, *ratios)
    Console(highlight=False, width=140).print(table)


def plot(report: Report, path: Path) -> None:
    """Draw for each system how long one waits for a first sound and for the answer: the median, and each turn."""
    rows = [row for row in report["systems"] if row["first_sound_ms"]][::-1]
    with drawn(path, figsize=(9, 0.5 * len(rows) + 1.5)) as (_, axes):
        for place, row in enumerate(rows):
            times = [turn["first_sound_ms"] for turn in report["turns"] if _of(turn, row)]
            axes.barh(place, (row["content_ms"] or row["first_sound_ms"])["p50"], color="lightgrey")
            axes.barh(place, row["first_sound_ms"]["p50"], height=0.5, color="tab:blue")
            axes.plot(times, [place] * len(times), "k|", markersize=8)
        axes.set_yticks(range(len(rows)), [f"{row['system']}, {row['settings']}" for row in rows])
        axes.set_xlabel(
            "ms after the last voiced sample: first sound (blue), the answer itself (grey), each turn (lines)"
        )


def _of(turn: dict[str, Any], row: dict[str, Any]) -> bool:
    """Whether a turn is one of those that a system's figures are of."""
    theirs = (turn["system"], turn["settings"]) == (row["system"], row["settings"])
    return theirs and not turn["cut_in"] and turn["first_sound_ms"] is not None
