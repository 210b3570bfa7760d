"""What all reports have in common: a header, spreads, JSON, pictures."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np

from vivavoce import __version__
from vivavoce.cli.processes import memory_gib

INT8_INSTRUCTIONS = ("avx2", "avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm")
Report = dict[str, Any]


def about() -> Report:
    """When, with what and on which machine something was measured."""
    return {"at": datetime.now(UTC).isoformat(timespec="seconds"), "vivavoce": __version__, "machine": machine()}


def machine() -> Report:
    """What the figures depend on. `instructions`: those for int8, which most models are in; `load`: of the last minute,
    in processes that wanted a core, what else ran included."""
    name, flags = _processor()
    return {
        "processor": name,
        "instructions": [each for each in INT8_INSTRUCTIONS if each in flags],
        "cores": os.cpu_count(),
        "memory_gib": None if (memory := memory_gib()) is None else round(memory, 1),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def _processor() -> tuple[str, set[str]]:
    """Its name and what it can do, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine(), set()
    told = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in reversed(lines))}
    name = told.get("model name") or told.get("Hardware") or platform.machine()
    return name, set((told.get("flags") or told.get("Features") or "").split())


def spread(values: Iterable[float | None], percents: Sequence[int] = (50, 95)) -> dict[str, float] | None:
    """How many values are known, their percentiles and extremes; None where none is."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    figures = {f"p{percent}": float(np.percentile(known, percent)) for percent in percents}
    figures |= {"min": min(known), "max": max(known)}
    return {"n": len(known), **{name: round(figure, 1) for name, figure in figures.items()}}


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The interval in which a share lies with 95 % confidence (E. B. Wilson 1927): honest at 0 and 100 %, too."""
    if of == 0:
        return 0.0, 1.0
    z = 1.96  # standard deviations that hold 95 %
    share, extra = hits / of, z * z / of
    middle = (share + extra / 2) / (1 + extra)
    half = z * sqrt(share * (1 - share) / of + extra / of / 4) / (1 + extra)
    return round(max(0.0, middle - half), 4), round(min(1.0, middle + half), 4)


def share(each: Sequence[bool]) -> Report | None:
    """How many of how many, and between which shares the true one is; None: there are none."""
    if not each:
        return None
    low, high = wilson(sum(each), len(each))
    return {"hits": sum(each), "of": len(each), "share": round(sum(each) / len(each), 4), "between": [low, high]}


def write_json(report: Report, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


@contextmanager
def drawn(path: Path, columns: int = 1, **options: Any) -> Iterator[tuple[Any, Any]]:
    """matplotlib's figure and its axes to draw on; at the end they are a picture."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, columns, layout="constrained", **options)
    yield figure, axes
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
