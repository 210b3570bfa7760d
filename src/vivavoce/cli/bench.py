"""`vivavoce bench`: measurements."""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import Any

BENCHES = ("bench_barge_in", "bench_frontier", "bench_latency", "bench_load", "bench_peers", "bench_stt", "bench_turns")


def add_parser(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser(
        "bench", help="measure latency or recognition", description=__doc__
    )
    benches = parser.add_subparsers(dest="bench", required=True, metavar="BENCH")
    for name in BENCHES:
        import_module(f"vivavoce.cli.{name}").add_parser(benches)
