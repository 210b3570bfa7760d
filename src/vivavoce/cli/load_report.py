"""What `vivavoce bench load` measured, as numbers, a table and a picture."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from vivavoce import __version__
from vivavoce.errors import StartupError

Report = dict[str, Any]


def report(measured: dict[str, Any]) -> Report:
    """Everything measured, ready for JSON."""
    return {
        "kind": "load",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "vivavoce": __version__,
        "machine": {"cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()},
        "listening": [_listening(row) for row in measured["listening"]],
        "talking": [_talking(row) for row in measured["talking"]],
    }


def _listening(row: dict[str, Any]) -> Report:
    cpu = row["cpu"]
    return {
        "sessions": row["sessions"],
        "lost": row["lost"],
        "frame_delay_ms": _spread(row["delays_ms"]),
        "sent_late_ms": row["sent_late_ms"],
        "sessions_per_core": round(row["sessions"] / cpu) if cpu else None,
        **_server(row),
    }


def _talking(row: dict[str, Any]) -> Report:
    told = {key: row[key] for key in ("sessions", "turns", "answered", "cut_in")}
    return {**told, "voice_to_voice_ms": _spread(row["ms"]), **_server(row)}


def _server(row: dict[str, Any]) -> Report:
    return {"cpu": row["cpu"], "loop_lag_ms": _spread(row["loop_lag_ms"]), "memory_mib": row["memory_mib"]}


def _spread(values: Sequence[float]) -> dict[str, float] | None:
    if not values:
        return None
    p50, p95, p99 = (round(float(figure), 1) for figure in np.percentile(values, [50, 95, 99]))
    return {"n": len(values), "p50": p50, "p95": p95, "p99": p99, "max": max(values)}


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
    """Draw delay against sessions, listening and talking. Raises StartupError."""
    try:
        import matplotlib
    except ImportError:
        raise StartupError("--plot needs matplotlib.", "Install it: .venv/bin/pip install matplotlib.") from None
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (listening, talking) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    _draw(listening, report["listening"], "frame_delay_ms", "listening sessions", "ms from a frame to its judgement")
    _draw(talking, report["talking"], "voice_to_voice_ms", "talking sessions", "ms voice to voice")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def _draw(axes: Any, rows: list[Report], spread: str, across: str, up: str) -> None:
    known = [row for row in rows if row[spread]]
    for key in ("p50", "p95", "p99"):
        axes.plot([row["sessions"] for row in known], [row[spread][key] for row in known], marker="o", label=key)
    axes.set(xlabel=across, ylabel=up, ylim=(0, None))
    axes.legend()
