"""`vivavoce bench turns`: how it takes turns, by the protocol of Full-Duplex-Bench v1 and v1.5 on stimuli of our own.

This is no Full-Duplex-Bench score: the recordings are others, and what GPT-4o judges there is told by rules here. Every
stimulus is played at real time to a running server; what was heard of the answer, and when, goes through the metrics
as the benchmark computes them, and through corrected ones.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vivavoce.cli.bench.managed import Listener
    from vivavoce.cli.bench.turn_metrics import Heard
    from vivavoce.cli.bench.turn_stimuli import Stimulus
    from vivavoce.cli.clips import Clip
    from vivavoce.cli.server import Address
    from vivavoce.settings import Settings

ECHO_DB = -20.0
INTO_THE_ANSWER = 1.5
"""Seconds of it that were heard without a rest when somebody speaks over it."""
AFTERWARDS = 5.0
"""Seconds that are watched behind what was said."""
STATEMENTS = (
    "I was thinking about the weekend, and maybe we could drive up to the lake and stay there for a night.",
    "The train leaves at nine in the morning, so I would like to have breakfast before that, if it is possible.",
    "Could you tell me what I should bring to a dinner at a friend's house when I do not know his family at all?",
    "Yesterday I went to the market with my brother, and we bought far too much fruit for two people.",
)


def add_parser(benches: Any) -> None:
    parser = benches.add_parser("turns", help="turn-taking by the protocol of Full-Duplex-Bench", description=__doc__)
    parser.add_argument("--url", help="server to measure; without it one is started")
    parser.add_argument("--recordings", type=Path, metavar="DIR", help="people and noises; without it, voices")
    parser.add_argument("--clips", type=int, default=8, metavar="N", help="of each task and variant (default 8)")
    parser.add_argument("--tasks", metavar="TASK,…", help="some of the tasks (default all)")
    parser.add_argument("--variants", default="clean", metavar="V,…", help="of clean, noise, telephone, echo")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw when what was heard (PNG)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    import asyncio

    from vivavoce.cli.bench.turn_metrics import summarise
    from vivavoce.settings import read_settings

    settings = read_settings()
    chosen = asyncio.run(_gather(settings, args))
    heard = asyncio.run(_measure(settings, args.url, chosen))
    summary = summarise(heard)
    _show(summary, heard)
    if args.json:
        from dataclasses import asdict

        from vivavoce.cli.bench.figures import about, write_json

        write_json(about() | {"kind": "turns", "summary": summary, "heard": [asdict(one) for one in heard]}, args.json)
    if args.plot:
        _plot(heard, args.plot)
    return 0 if summary else 1


# --- what is played ----------------------------------------------------------------------------------


async def _gather(settings: Settings, args: argparse.Namespace) -> list[Stimulus]:
    from vivavoce.cli.bench.barge_in_stimuli import BACKCHANNELS, INTERRUPTIONS, TO_OTHERS, VOICES, speak
    from vivavoce.cli.bench.questions import ASKED
    from vivavoce.cli.bench.turn_stimuli import TASKS, VARIANTS, in_background, recorded, stimuli

    tasks = _named(args.tasks, TASKS, "--tasks") if args.tasks else list(TASKS)
    variants = _named(args.variants, VARIANTS, "--variants")
    lines = {"interruption": INTERRUPTIONS, "backchannel": BACKCHANNELS, "to others": TO_OTHERS}
    lines |= {} if args.recordings else {"people": (*STATEMENTS, *ASKED)}
    said = await speak(settings, [(kind, t, voice, "en") for kind in lines for t in lines[kind] for voice in VOICES])
    people, noise = recorded(args.recordings) if args.recordings else (_clips(said, "people"), None)
    short = [clip for clip in people if 1.0 < clip.end - clip.onset < 4.0]
    over = {
        "interruption": _alternating(_clips(said, "interruption"), short),
        "user backchannel": _clips(said, "backchannel"),
        "talking to others": _clips(said, "to others"),
        "background speech": [in_background(clip) for clip in reversed(short)],
    }
    return [one for one in stimuli(people, over, noise, args.clips, variants) if one.task in tasks]


def _named(text: str, known: Sequence[str], option: str) -> list[str]:
    from vivavoce.errors import StartupError

    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in known:
            raise StartupError(f"{option}: there is no {name!r}.", f"Choose of: {', '.join(known)}.")
    return names


def _clips(said: list[tuple[str, Clip]], wanted: str) -> list[Clip]:
    return [clip for kind, clip in said if kind == wanted]


def _alternating(one: list[Clip], other: list[Clip]) -> list[Clip]:
    from itertools import zip_longest

    return [clip for pair in zip_longest(one, other) for clip in pair if clip is not None]


# --- one stimulus ------------------------------------------------------------------------------------


async def _measure(settings: Settings, url: str | None, chosen: Sequence[Stimulus]) -> list[Heard]:
    import sys

    from vivavoce.cli.bench.barge_in_stimuli import QUESTION, VOICES, speak
    from vivavoce.cli.bench.turn_metrics import Heard
    from vivavoce.cli.dialogue import ConversationEnded
    from vivavoce.cli.server import reach

    ((_, question),) = await speak(settings, [("question", QUESTION, VOICES[0], "en")])
    came = []
    async with reach(settings, url, fresh=True) as running:
        for stimulus in chosen:
            try:
                heard = await play(running.address, question, stimulus)
            except ConversationEnded as error:
                heard = Heard(stimulus.task, stimulus.name, stimulus.variant, problem=str(error))
            print(f"{heard.task:18} {heard.variant:10} {heard.name:34} {_in_words(heard)}", file=sys.stderr, flush=True)
            came.append(heard)
    return came


async def play(address: Address, question: Clip, stimulus: Stimulus) -> Heard:
    """Play one stimulus in a session of its own. `question`: what is asked to have an answer to speak over."""
    import asyncio
    from time import monotonic

    from vivavoce.cli.bench.barge_in import listening
    from vivavoce.cli.bench.turn_metrics import Heard

    ours = {"listening_signals": stimulus.task == "backchannel", "side_talk": "ignore"}
    echo = ECHO_DB if stimulus.variant == "echo" else None
    async with listening(address, echo, ours, long=stimulus.over) as talk:
        if stimulus.over:
            if not (await talk.answer_to(question) and await talk.flows(INTO_THE_ANSWER, stimulus.clip.onset)):
                return Heard(stimulus.task, stimulus.name, stimulus.variant, problem="no answer to speak over")
        began = talk.microphone.say(stimulus.clip.samples)
        await asyncio.sleep(began + stimulus.clip.end + AFTERWARDS - monotonic())
        return _heard(talk, stimulus, began)


def _heard(talk: Listener, stimulus: Stimulus, began: float) -> Heard:
    from vivavoce.cli.bench.turn_metrics import Heard, Spoken, merged

    clip = stimulus.clip
    words = {name: len(answer.words.split()) for name, answer in talk.protocol.answers.items()}
    pieces = [
        Spoken(round(start - began, 3), round(end - began, 3), response, words.get(response, 0))
        for response, start, end in talk.player.audible()
    ]
    over = stimulus.over
    return Heard(
        stimulus.task,
        stimulus.name,
        stimulus.variant,
        tuple(merged(pieces)),
        round(clip.end, 3),
        () if over else stimulus.pauses,
        (round(clip.onset, 3), round(clip.end, 3)) if over else None,
        "the answer was over" if over and not any(piece.start <= clip.onset < piece.end for piece in pieces) else "",
    )


def _in_words(heard: Heard) -> str:
    from vivavoce.cli.bench.turn_metrics import behaviour, stop_latency

    if heard.problem:
        return heard.problem
    if heard.overlap is not None:
        stop = stop_latency(heard.spoken, heard.overlap[0])
        return f"{behaviour(heard)}, silent after {stop:.2f} s" if stop is not None else behaviour(heard)
    return f"first sound {heard.spoken[0].start - heard.end:+.2f} s" if heard.spoken else "no answer"


# --- what came of it ---------------------------------------------------------------------------------


def _show(summary: dict[str, Any], heard: Sequence[Heard]) -> None:
    print("By the protocol of Full-Duplex-Bench on stimuli of our own; no score of that benchmark.\n")
    for group, found in summary.items():
        print(f"{group} (n = {found['n']})")
        for kind in ("faithful", "corrected"):
            figures = (f"{name} {'–' if value is None else value}" for name, value in found[kind].items())
            print(f"  {kind:10} {', '.join(figures)}")
    failed = [one for one in heard if one.problem]
    if failed:
        print(f"{len(failed)} could not be judged: {', '.join(sorted({one.problem for one in failed}))}")


def _plot(heard: Sequence[Heard], path: Path) -> None:
    """One line for each stimulus: what was heard of the assistant, and when the user spoke."""
    from vivavoce.cli.bench.figures import drawn

    with drawn(path, figsize=(9, 0.22 * len(heard) + 1.5)) as (_, axes):
        for row, one in enumerate(heard):
            start, end = one.overlap or (0.0, one.end)
            axes.plot([start, end], [row + 0.2] * 2, color="tab:blue", linewidth=3)
            for piece in one.spoken:
                axes.plot([piece.start, piece.end], [row - 0.2] * 2, color="tab:orange", linewidth=3)
        axes.set_yticks(range(len(heard)), [f"{one.task}: {one.name}, {one.variant}" for one in heard], fontsize=6)
        axes.set_xlabel("s (blue: the user; orange: the assistant, as heard)")
        axes.invert_yaxis()
