"""What the benches ask: recordings where there are some, else sentences in the voices of the speech engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from vivavoce.cli.clips import Clip
    from vivavoce.settings import Settings

ASKED = (
    "What is the capital of France?",
    "Tell me a joke.",
    "Um, what could I, uh, cook for dinner tonight?",
    "My sister is coming to visit me on Friday evening, and I have not cleaned the house yet, nor have I bought "
    "anything to eat, so please help me to make a plan for the two days that are left.",
    "How far away is the moon?",
    "I feel a bit tired today.",
    "Who wrote Romeo and Juliet?",
    "Yes, please.",
    "Well, um, I was thinking about, er, the weekend.",
    "Why is the sky blue?",
    "What is seven times eight?",
    "Name three animals that live in the sea.",
)
"""Of every class of turn, the first few already: questions, short answers, statements, hesitations, a dictation."""
VOICES = ("cedar", "marin")


def add_recordings(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--recordings",
        type=Path,
        metavar="DIR",
        help="folder of questions, with manifest.jsonl or without; by default the speech engine's voices ask",
    )


def listed(option: str, names: str, known: Sequence[str]) -> list[str]:
    """What was named on the command line. Raises StartupError for what is not known, and for nothing."""
    from vivavoce.errors import StartupError

    wanted = list(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))
    remedy = f"Choose among {', '.join(known)}, with commas between."
    if not wanted:
        raise StartupError(f"{option} names nothing.", remedy)
    for name in wanted:
        if name not in known:
            raise StartupError(f"{option}: there is no {name!r}.", remedy)
    return wanted


def questions(settings: Settings, recordings: Path | None, count: int | None) -> list[Clip]:
    """At most `count` of them. Raises StartupError where the folder holds none."""
    from vivavoce.cli.clips import choose

    return said_by_voices(settings, ASKED[:count]) if recordings is None else choose(recordings, count)


def said_by_voices(settings: Settings, texts: Sequence[str]) -> list[Clip]:
    """Each by one of VOICES in turn."""
    import asyncio

    from vivavoce.cli.bench.barge_in_stimuli import speak

    lines = [("question", text, VOICES[place % len(VOICES)], "en") for place, text in enumerate(texts)]
    return [clip for _, clip in asyncio.run(speak(settings, lines))]
