"""`vivavoce bench peers`: how long one waits for other open assistants, with the same models on the same machine.

Each peer is installed from PyPI into an environment of its own. One process holds vivavoce's engines behind
OpenAI-compatible addresses, and the peers ask it as they would ask any such server. The questions are played at real
time; the time counts from the last voiced sample to the first audible one, as in `bench latency`. See bench/peers.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from vivavoce.cli.bench.questions import add_recordings


def add_parser(benches: Any) -> None:
    parser = benches.add_parser("peers", help="other open assistants with the same models", description=__doc__)
    add_recordings(parser)
    parser.add_argument("--clips", type=int, default=10, metavar="N", help="questions (default 10)")
    parser.add_argument("--rounds", type=int, default=2, metavar="N", help="parts of the run: see bench/peers.md")
    parser.add_argument("--peers", metavar="P,…", help="of pipecat, s2s, livekit (default all)")
    parser.add_argument(
        "--settings",
        default="defaults,best",
        metavar="S,…",
        help="theirs: of defaults, best (default %(default)s)",
    )
    parser.add_argument("--scripts", type=Path, metavar="DIR", help="folder bench/peers of the sources")
    parser.add_argument(
        "--lock", type=Path, metavar="FILE", help="hold this lock (as flock does) while one system is measured"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw it (PNG)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    import asyncio

    from vivavoce.cli.bench.figures import write_json
    from vivavoce.cli.bench.peers.known import PEERS, chosen, install, scripts_folder, settings_of
    from vivavoce.cli.bench.peers.systems import measure
    from vivavoce.cli.bench.peers.telling import plot, show, summarise
    from vivavoce.cli.bench.questions import questions
    from vivavoce.settings import read_settings

    settings = read_settings()
    peers = chosen(args.peers or ",".join(peer.name for peer in PEERS))
    kinds = settings_of(args.settings)
    scripts = scripts_folder(args.scripts)
    clips = questions(settings, args.recordings, args.clips)
    for peer in peers:
        install(peer, settings.paths.cache / "peers")
    turns = asyncio.run(measure(args, settings, peers, kinds, scripts, clips))
    report = summarise(turns)
    show(report)
    if args.json:
        write_json(report, args.json)
    if args.plot:
        plot(report, args.plot)
    return 0 if any(row["answered"] for row in report["systems"]) else 1
