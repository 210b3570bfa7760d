"""`vivavoce bench load`: how many people one server bears, talking and listening.

Talking: N conversations at once ask their questions, as in `bench latency`. Listening: N open sessions send a quiet
room at real time, and nobody speaks. The load comes from this process; the server is another one.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vivavoce.cli.bench.questions import add_recordings

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from vivavoce.cli.bench.callers import Load
    from vivavoce.cli.clips import Clip
    from vivavoce.cli.server import Address, Running
    from vivavoce.settings import Settings


def add_parser(benches: Any) -> None:
    parser = benches.add_parser("load", help="how many sessions one server bears", description=__doc__)
    parser.add_argument("--url", help="server to measure; without it one is started, and its CPU and memory reported")
    parser.add_argument("--demo", action="store_true", help="start a scripted server (what it measures is the house)")
    add_recordings(parser)
    parser.add_argument("--clips", type=int, default=6, metavar="N", help="questions of each session (default 6)")
    parser.add_argument("--sessions", type=_counts, default=(1, 2, 4, 8), metavar="N,N", help="talking (1,2,4,8)")
    parser.add_argument("--listening", type=_counts, default=(25, 50, 100), metavar="N,N", help="listening (25,50,100)")
    parser.add_argument("--seconds", type=float, default=15.0, help="for which sessions listen (default 15)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw it (PNG)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    import asyncio

    from vivavoce.cli.bench.figures import write_json
    from vivavoce.cli.bench.load_report import plot, report_on, show
    from vivavoce.cli.bench.questions import questions
    from vivavoce.settings import read_settings

    settings = read_settings()
    clips = questions(settings, args.recordings, args.clips) if args.sessions else []
    report = report_on(asyncio.run(_measure(args, settings, clips)))
    show(report)
    if args.json:
        write_json(report, args.json)
    if args.plot:
        plot(report, args.plot)
    return 0


def _counts(text: str) -> tuple[int, ...]:
    """ "1,2,4" -> (1, 2, 4); "" -> ()."""
    return tuple(int(count) for count in text.split(",") if count)


async def _measure(args: argparse.Namespace, settings: Settings, clips: list[Clip]) -> dict[str, Any]:
    import os

    from vivavoce.cli.bench.callers import listen, settle
    from vivavoce.cli.server import reach

    # A server started here inherits it; the door is not what this bench measures.
    os.environ["VIVAVOCE_SERVER__MAX_SESSIONS"] = str(max((*args.sessions, *args.listening), default=1))
    async with reach(settings, args.url, *(["--demo"] if args.demo else []), fresh=True) as running:
        await settle(running)
        listening = [
            await _under(running, count, listen(running.address, count, args.seconds)) for count in args.listening
        ]
        talking = [await _under(running, count, _talk(running.address, clips, count)) for count in args.sessions]
    return {"listening": listening, "talking": talking}


async def _talk(address: Address, clips: list[Clip], sessions: int) -> dict[str, Any]:
    from vivavoce.cli.bench.latency import ask_all, session_settings

    exchanges = await ask_all(address, session_settings("semantic_vad"), clips, sessions, stay=True)
    return {
        "turns": len(exchanges),
        "answered": sum(one.voice_to_voice_ms is not None or one.cut_in for one in exchanges),
        "cut_in": sum(one.cut_in for one in exchanges),
        "ms": [one.voice_to_voice_ms for one in exchanges if one.voice_to_voice_ms is not None and not one.cut_in],
    }


async def _under(running: Running, sessions: int, work: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    """What came of `work`, and what it cost the server meanwhile."""
    from vivavoce.cli.bench.callers import watching

    async with watching(running) as load:
        came = await work
    return {"sessions": sessions, **came, **_cost(load, running)}


def _cost(load: Load, running: Running) -> dict[str, Any]:
    return {"cpu": load.cpu, "loop_lag_ms": load.lags_ms, "memory_mib": running.memory_mib()}
