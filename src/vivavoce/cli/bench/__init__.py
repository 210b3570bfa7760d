"""`vivavoce bench`: how quick it is and how well it behaves, measured on this machine.

Most start a server of their own, ask it aloud at real time, and tell what a listener would have heard. How each is
measured is told in bench/README.md of the sources.
"""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import Any

BENCHES = ("barge_in", "frontier", "latency", "load", "peers", "stt", "turns")


def add_parser(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser(
        "bench", help="measure how quick it is and how well it behaves", description=__doc__
    )
    benches = parser.add_subparsers(title="benches", metavar="BENCH")
    for name in BENCHES:
        import_module(f"vivavoce.cli.bench.{name}").add_parser(benches)
