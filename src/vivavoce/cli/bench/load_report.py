"""What `vivavoce bench load` measured, as numbers, a table and a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vivavoce.cli.bench.figures import Report, about, drawn, spread


def report_on(measured: dict[str, Any]) -> Report:
    """Everything measured, ready for JSON."""
    return {
        "kind": "load",
        **about(),
        "listening": [_listening(row) for row in measured["listening"]],
        "talking": [_talking(row) for row in measured["talking"]],
    }


def _listening(row: dict[str, Any]) -> Report:
    cpu = row["cpu"]
    return {
        "sessions": row["sessions"],
        "lost": row["lost"],
        "frame_delay_ms": _tail(row["delays_ms"]),
        "sent_late_ms": row["sent_late_ms"],
        "sessions_per_core": round(row["sessions"] / cpu) if cpu else None,
        **_server(row),
    }


def _talking(row: dict[str, Any]) -> Report:
    told = {key: row[key] for key in ("sessions", "turns", "answered", "cut_in")}
    return {**told, "voice_to_voice_ms": _tail(row["ms"]), **_server(row)}


def _server(row: dict[str, Any]) -> Report:
    return {"cpu": row["cpu"], "loop_lag_ms": _tail(row["loop_lag_ms"]), "memory_mib": row["memory_mib"]}


def _tail(values: Sequence[float]) -> dict[str, float] | None:
    return spread(values, (50, 95, 99))


def show(report: Report) -> None:
    """The tables for people."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    listening = Table("sessions", "frame p50", "p99 ms", "CPU", "sessions/core", "lag p95 ms", "MiB", "lost", box=None)
    for row in report["listening"]:
        delay = [_of(row, "frame_delay_ms", key) for key in ("p50", "p99")]
        tail = (_figure(row["sessions_per_core"]), _of(row, "loop_lag_ms", "p95"), _figure(row["memory_mib"]))
        listening.add_row(str(row["sessions"]), *delay, _share(row), *tail, str(row["lost"]))
    talking = Table("sessions", "answered", "cut in", "p50 ms", "p95 ms", "CPU", "lag p95 ms", "MiB", box=None)
    for row in report["talking"]:
        waits = [_of(row, "voice_to_voice_ms", key) for key in ("p50", "p95")]
        tail2 = (_share(row), _of(row, "loop_lag_ms", "p95"), _figure(row["memory_mib"]))
        talking.add_row(str(row["sessions"]), f"{row['answered']}/{row['turns']}", str(row["cut_in"]), *waits, *tail2)
    for title, table in (("Listening only", listening), ("Talking", talking)):
        if table.row_count:
            console.print(title, table, sep="\n")


def _of(row: Report, spread: str, key: str) -> str:
    return f"{row[spread][key]:.1f}" if row[spread] else "–"


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


def _share(row: Report) -> str:
    return "–" if row["cpu"] is None else f"{row['cpu']:.0%}"


def plot(report: Report, path: Path) -> None:
    """Draw delay against sessions, listening and talking."""
    with drawn(path, 2, figsize=(10, 4)) as (_, (listening, talking)):
        rows = report["listening"]
        _draw(listening, rows, "frame_delay_ms", "listening sessions", "ms from a frame to its judgement")
        _draw(talking, report["talking"], "voice_to_voice_ms", "talking sessions", "ms voice to voice")


def _draw(axes: Any, rows: list[Report], spread: str, across: str, up: str) -> None:
    known = [row for row in rows if row[spread]]
    for key in ("p50", "p95", "p99"):
        axes.plot([row["sessions"] for row in known], [row[spread][key] for row in known], marker="o", label=key)
    axes.set(xlabel=across, ylabel=up, ylim=(0, None))
    axes.legend()
