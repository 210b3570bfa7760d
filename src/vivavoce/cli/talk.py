"""`vivavoce talk`: a conversation in the terminal, with microphone and speakers, with files, or typed.

  vivavoce talk
  vivavoce talk --text "What is the capital of Italy?"
  vivavoce talk --wav question.wav --out answer.wav

It talks to the server at --url, else to the one that runs on this machine, else to one that it starts and
stops itself. With --wav the files are the microphone, played at real time, each after the answer to the one
before; --out takes down the answers as they were heard, from the first sound on.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vivavoce.cli.clips import Clip
    from vivavoce.cli.dialogue import Dialogue, Exchange
    from vivavoce.cli.protocol import Json
    from vivavoce.settings import Settings

OWN_TOOLS = {"type": "mcp", "server_label": "vivavoce"}
"""Timers, notes, the time …: tools that run at the server."""


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("talk", help="talk with it in the terminal, or from files", description=__doc__)
    parser.add_argument("--url", help="server to talk to, such as http://127.0.0.1:8990")
    said = parser.add_mutually_exclusive_group()
    said.add_argument("--wav", type=Path, nargs="+", metavar="FILE", help="questions instead of the microphone")
    said.add_argument("--text", nargs="+", metavar="WORDS", help="typed questions instead of spoken ones")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the answers' sound (with --wav or --text)")
    parser.add_argument(
        "--json", action="store_true", help="print what was asked and answered as JSON (with --wav or --text)"
    )
    parser.add_argument("--voice", help="voice to answer with")
    parser.add_argument("--language", help="language you speak, such as en; found out when left out")
    parser.add_argument(
        "--eagerness",
        choices=("low", "medium", "high", "auto"),
        default="auto",
        help="how soon a pause counts as the end of what you say (default auto)",
    )
    parser.add_argument("--no-openers", action="store_true", help='answer without "Well," and its like')
    parser.add_argument("--listening-signals", action="store_true", help='"Mm-hm" while you speak for long')
    parser.add_argument(
        "--idle-prompt", type=int, metavar="SECONDS", help="ask whether you are there after so much silence"
    )
    parser.add_argument("--ignore-side-talk", action="store_true", help="silence when you talk to somebody else")
    parser.add_argument("--plain", action="store_true", help="without its tools, and without what it knows of you")
    parser.add_argument("--half-duplex", action="store_true", help="do not listen while it speaks: for loudspeakers")
    parser.add_argument(
        "--demo", action="store_true", help="if a server has to be started: one with scripted engines, to try it out"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    import asyncio

    from vivavoce.errors import StartupError
    from vivavoce.settings import read_settings

    settings = read_settings()
    if not args.wav and not args.text:
        if args.out or args.json:
            raise StartupError("--out and --json need something to answer.", "Give --wav FILE or --text WORDS.")
        try:
            return asyncio.run(_live(args, settings))
        except KeyboardInterrupt:
            return 0  # Ctrl-C is how a conversation is meant to end
    exchanges = asyncio.run(_exchange(args, settings))
    if args.json:
        _print_json(exchanges)
    return 0 if exchanges and all(one.answer and not one.problem for one in exchanges) else 1


async def _live(args: argparse.Namespace, settings: Settings) -> int:
    from vivavoce.cli.server import reach
    from vivavoce.cli.talk_live import open_devices, talk

    devices = open_devices()  # first: starting a server only to find no microphone would waste half a minute
    async with reach(settings, args.url, *_serve_arguments(args)) as running:
        return await talk(running.address, session_settings(args), devices, half_duplex=args.half_duplex)


async def _exchange(args: argparse.Namespace, settings: Settings) -> list[Exchange]:
    from vivavoce.cli.clips import read_clip
    from vivavoce.cli.dialogue import dialogue
    from vivavoce.cli.server import reach

    questions: list[Clip | str] = args.text or [read_clip(path) for path in args.wav]
    async with reach(settings, args.url, *_serve_arguments(args)) as running:
        async with dialogue(running.address, session_settings(args)) as talk:
            exchanges = []
            for question in questions:
                exchange = await (talk.type(question) if isinstance(question, str) else talk.ask(question))
                exchanges.append(exchange)
                if not args.json:
                    _print(exchange)
            if args.out:
                _write(talk, args.out)
            return exchanges


def session_settings(args: argparse.Namespace) -> Json:
    """What the options ask of the session."""
    transcription = {"model": "whisper-1"} | ({"language": args.language} if args.language else {})
    turns = {"type": "semantic_vad", "eagerness": args.eagerness}
    audio: Json = {"input": {"transcription": transcription, "turn_detection": turns}}
    if args.voice:
        audio["output"] = {"voice": args.voice}
    ours: Json = {
        "openers": "off" if args.no_openers else "auto",
        "listening_signals": args.listening_signals,
        "idle_timeout_ms": None if args.idle_prompt is None else args.idle_prompt * 1000,
        "side_talk": "ignore" if args.ignore_side_talk else "answer",
    }
    if args.plain:
        return {"audio": audio, "vivavoce": ours}
    return {"audio": audio, "vivavoce": {**ours, "profile": True}, "tools": [OWN_TOOLS]}


def _serve_arguments(args: argparse.Namespace) -> tuple[str, ...]:
    return ("--demo",) if args.demo else ()


def _write(talk: Dialogue, path: Path) -> None:
    import soundfile

    from vivavoce.cli.clips import RATE
    from vivavoce.errors import StartupError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, talk.ear.recording(), RATE, subtype="PCM_16")
    except (OSError, ValueError, TypeError, soundfile.SoundFileError) as error:
        raise StartupError(f"{path} cannot be written: {error}", "Name a .wav or .flac file.") from error


def _print(exchange: Exchange) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    console.print(f"[bold cyan]you[/]       {exchange.heard or exchange.question.text or '(nothing was understood)'}")
    waited = "" if exchange.voice_to_voice_ms is None else f"  [dim]{exchange.voice_to_voice_ms:.0f} ms[/]"
    console.print(f"[bold green]vivavoce[/]  {exchange.answer or '(no answer)'}{waited}")
    if exchange.problem:
        print(f"problem   {exchange.problem}", file=sys.stderr)


def _print_json(exchanges: list[Exchange]) -> None:
    import json

    turns = [
        {
            "question": exchange.question.name,
            "heard": exchange.heard,
            "answer": exchange.answer,
            "voice_to_voice_ms": exchange.voice_to_voice_ms,
            "cut_in": exchange.cut_in,
            "server_ms": exchange.server_ms,
            "problem": exchange.problem,
        }
        for exchange in exchanges
    ]
    print(json.dumps({"turns": turns}, indent=2, ensure_ascii=False))
