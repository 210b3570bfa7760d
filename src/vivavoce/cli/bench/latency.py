"""`vivavoce bench latency`: how long one waits for an answer, measured at the ear.

Questions are played at real time into a running server, as a client with a microphone would, and the time
counts from the last voiced sample of the question to the first audible sample of the answer, on one clock.
Every question opens its own session.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vivavoce.cli.bench.questions import add_recordings

if TYPE_CHECKING:
    from vivavoce.cli.clips import Clip
    from vivavoce.cli.dialogue import Exchange
    from vivavoce.cli.protocol import Json
    from vivavoce.cli.server import Address, Running
    from vivavoce.settings import Settings

TELL_ME_MORE = "Answer every question at length, in at least eight long sentences."
"""Instructions for `bench barge-in`: an answer has to last in order to be interrupted."""
STAGGER = 0.35  # seconds between the starts of sessions at once: people do not speak in chorus


def add_parser(benches: Any) -> None:
    parser = benches.add_parser("latency", help="from the last word to the first sound", description=__doc__)
    parser.add_argument("--url", help="server to measure; without it one is started, and its memory reported")
    parser.add_argument("--demo", action="store_true", help="start a scripted server (what it measures is itself)")
    add_recordings(parser)
    parser.add_argument("--clips", type=int, metavar="N", help="at most so many questions")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="ask all of them so often (default 1)")
    parser.add_argument("--sessions", type=int, default=1, metavar="N", help="conversations at once (default 1)")
    parser.add_argument("--turn-detection", choices=("semantic_vad", "server_vad"), default="semantic_vad")
    parser.add_argument("--timeline", action="store_true", help="show where the time of each turn goes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw it (PNG)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    import asyncio

    from vivavoce.cli.bench.figures import write_json
    from vivavoce.cli.bench.latency_report import plot, report_on, show, show_timeline
    from vivavoce.cli.bench.questions import questions
    from vivavoce.settings import read_settings

    settings = read_settings()
    clips = questions(settings, args.recordings, args.clips)
    measured = asyncio.run(_measure(args, settings, clips))
    report = report_on(measured)
    show(report)
    if args.timeline:
        show_timeline(report)
    if args.json:
        write_json(report, args.json)
    if args.plot:
        plot(report, args.plot)
    return 0 if report["summary"]["answered"] else 1


async def _measure(args: argparse.Namespace, settings: Settings, clips: list[Clip]) -> dict[str, Any]:
    from vivavoce.cli.server import reach

    session = session_settings(args.turn_detection)
    extra = ["--demo"] if args.demo else []
    async with reach(settings, args.url, *extra, fresh=True) as running:
        exchanges = await ask_all(running.address, session, clips * args.repeat, args.sessions)
        whole = {} if args.demo else await _whole_passes(running.address, clips)
        return {"exchanges": exchanges, "whole": whole, **_about(args, running)}


async def _whole_passes(address: Address, clips: list[Clip]) -> dict[str, str]:
    """What the server understands of every whole recording, at leisure: {name: words}. Those that it cannot do are
    left out."""
    from contextlib import suppress
    from io import BytesIO

    import httpx
    import soundfile

    from vivavoce.cli.clips import RATE

    words = dict[str, str]()
    async with address.client(timeout=60) as client:
        for clip in clips:
            file = BytesIO()
            soundfile.write(file, clip.samples, RATE, format="WAV")
            upload = {"file": ("clip.wav", file.getvalue())}
            with suppress(httpx.HTTPError):
                answer = await client.post("/v1/audio/transcriptions", files=upload, data={"model": "whisper-1"})
                words |= {clip.name: answer.json()["text"]} if answer.is_success else {}
    return words


def session_settings(detection: str, instructions: str | None = None) -> Json:
    """What the client asks the server for. `detection`: the type of turn detection."""
    audio = {"input": {"turn_detection": {"type": detection}, "transcription": {"model": "whisper-1"}}}
    return {"audio": audio, **({"instructions": instructions} if instructions else {})}


def _about(args: argparse.Namespace, running: Running) -> dict[str, Any]:
    return {
        "turn_detection": args.turn_detection,
        "sessions": args.sessions,
        "repeat": args.repeat,
        "server_memory_mib": running.memory_mib(),
        "server_ready_seconds": running.ready_seconds,
    }


async def ask_all(
    address: Address, session: Json, clips: list[Clip], sessions: int = 1, *, stay: bool = False
) -> list[Exchange]:
    """Ask every question once in each of `sessions` conversations that go on side by side.

    `stay`: each is one session; otherwise each question opens its own.
    """
    import asyncio

    async with asyncio.TaskGroup() as tasks:
        workers = []
        for worker in range(sessions):
            mine = _rotated(clips, worker, sessions)
            talks = [mine] if stay else [[clip] for clip in mine]
            workers.append(tasks.create_task(_ask_in_turn(address, session, talks, worker * STAGGER)))
    return [exchange for worker in workers for exchange in worker.result()]


def _rotated(clips: list[Clip], worker: int, workers: int) -> list[Clip]:
    """The same questions, begun elsewhere: so that sessions at once do not say the same."""
    start = worker * len(clips) // workers
    return clips[start:] + clips[:start]


async def _ask_in_turn(address: Address, session: Json, talks: list[list[Clip]], delay: float) -> list[Exchange]:
    import asyncio

    await asyncio.sleep(delay)
    return [exchange for clips in talks for exchange in await _talk(address, session, clips)]


async def _talk(address: Address, session: Json, clips: list[Clip]) -> list[Exchange]:
    """One session. What can no longer be asked because it ended counts as unanswered."""
    from vivavoce.cli.dialogue import ConversationEnded, Exchange, dialogue

    exchanges: list[Exchange] = []
    try:
        async with dialogue(address, session) as talk:
            for clip in clips:
                exchanges.append(await talk.ask(clip))
                _progress(clip.name, exchanges[-1].voice_to_voice_ms, exchanges[-1].problem)
    except ConversationEnded as error:
        for clip in clips[len(exchanges) :]:
            exchanges.append(Exchange(clip, "", "", None, False, None, {}, problem=str(error)))
            _progress(clip.name, None, str(error))
    return exchanges


def _progress(name: str, ms: float | None, problem: str) -> None:
    import sys

    print(f"{name:40} {'–' if ms is None else f'{ms:.0f} ms':>9}  {problem}", file=sys.stderr, flush=True)
