"""`vivavoce bench`: measurements."""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import Any

BENCHES = ("barge_in", "frontier", "latency", "load", "peers", "stt", "turns")


def add_parser(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser(
        "bench", help="measure latency or recognition", description=__doc__
    )
    benches = parser.add_subparsers(dest="bench", required=True, metavar="BENCH")
    for name in BENCHES:
        import_module(f"vivavoce.cli.bench.{name}").add_parser(benches)
