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
    from collections.abc import Mapping, Sequence

    from vivavoce.cli.bench.managed import RememberingEar
    from vivavoce.cli.bench.turn_metrics import Heard
    from vivavoce.cli.bench.turn_stimuli import Stimulus
    from vivavoce.cli.clips import Clip
    from vivavoce.cli.server import Address
    from vivavoce.settings import Settings

ECHO_DB = -20.0
RECOGNISER_MS = 150.0
BEFORE = 0.1
"""Seconds of the recording before the voice: an answer is known only so far ahead."""
LONGEST = 12.0
"""Seconds of a turn."""
NO_ANSWER = "no answer to speak over"
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
    parser.add_argument(
        "--offline", action="store_true", help="many trials in virtual time, without a server; many more stimuli"
    )
    parser.add_argument(
        "--recogniser-ms", type=float, default=RECOGNISER_MS, metavar="MS", help="of one pass, offline (default 150)"
    )
    parser.add_argument("--said", type=Path, metavar="DIR", help="keep what the speech engine says, for the next run")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw when what was heard (PNG)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    import asyncio

    from vivavoce.cli.bench.turn_metrics import summarise
    from vivavoce.settings import read_settings

    settings = read_settings()
    questions, chosen = asyncio.run(_gather(settings, args))
    if args.offline:
        from vivavoce.cli.bench import turns_offline as offline

        said = asyncio.run(offline.answer(settings, args.said))
        with offline.engines(settings, said, args.recogniser_ms) as on_trial:
            heard = offline.measure(on_trial, questions, chosen)
    else:
        heard = asyncio.run(_measure(settings, args.url, questions, chosen))
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


async def _gather(settings: Settings, args: argparse.Namespace) -> tuple[dict[str, Clip], list[Stimulus]]:
    """What is asked to have an answer to speak over, by language, and what is played."""
    from vivavoce.audio.pcm import Pcm
    from vivavoce.cli.bench.barge_in_stimuli import QUESTIONS, SOFTER_DB, VOICES, speak
    from vivavoce.cli.bench.questions import listed
    from vivavoce.cli.bench.stimuli import level_db
    from vivavoce.cli.bench.turn_stimuli import TASKS, VARIANTS, in_background, levelled, noise_of, stimuli
    from vivavoce.cli.clips import RATE

    tasks = listed("--tasks", args.tasks, TASKS) if args.tasks else list(TASKS)
    variants = listed("--variants", args.variants, VARIANTS)
    lines = _lines(args, tasks)
    languages = ["en", *dict.fromkeys(language for *_, language in lines if language != "en")]
    asked = [("question", QUESTIONS[language], VOICES[0], language) for language in languages]
    said = await speak(settings, [*asked, *lines], args.said)
    usual = level_db(Pcm(said[0][1].samples, RATE))
    questions = {clip.language: clip for clip in _clips(said, "question", usual)}
    people = [levelled(clip, usual) for clip in _people(args, said)]
    short = [clip for clip in people if 1.0 < clip.end - clip.onset < 4.0]
    said = [(kind, clip.voiced(BEFORE)) for kind, clip in said]
    short = [clip.voiced(BEFORE) for clip in short]
    over = {
        "interruption": _alternating(_clips(said, "interruption", usual), short),
        "user backchannel": _clips(said, "backchannel", usual + SOFTER_DB["backchannel"]),
        "talking to others": _clips(said, "to others", usual),
        "background speech": [in_background(clip, usual) for clip in reversed(short)],
    }
    noise = noise_of(args.recordings, usual)
    return questions, [one for one in stimuli(people, over, noise, args.clips, variants) if one.task in tasks]


def _lines(args: argparse.Namespace, tasks: Sequence[str]) -> list[tuple[str, str, str, str]]:
    """What the speech engine has to say: kind, text, voice, language. No more of a kind than is asked for."""
    from vivavoce.cli.bench.barge_in_stimuli import VOICES, lines, spread_over
    from vivavoce.cli.bench.questions import ASKED

    kinds = {"interruption": "interruption", "user backchannel": "backchannel", "talking to others": "to others"}
    all_of = list(lines(args.offline))
    chosen = [
        line
        for task, kind in kinds.items()
        if task in tasks
        for line in spread_over([each for each in all_of if each[0] == kind], args.clips)
    ]
    statements = [] if args.recordings else [*STATEMENTS, *ASKED]
    return [*chosen, *(("people", text, voice, "en") for text in statements for voice in VOICES)]


def _people(args: argparse.Namespace, said: list[tuple[str, Clip]]) -> list[Clip]:
    from vivavoce.cli.clips import choose, everybody

    if args.recordings is None:
        return [clip for kind, clip in said if kind == "people"]
    if args.offline:
        return list(everybody(args.recordings, (1.0, LONGEST), ("disfluent-whispered", "meeting")))
    return choose(args.recordings, None)


def _clips(said: list[tuple[str, Clip]], wanted: str, db: float) -> list[Clip]:
    from vivavoce.cli.bench.turn_stimuli import levelled

    return [levelled(clip, db) for kind, clip in said if kind == wanted]


def _alternating(one: list[Clip], other: list[Clip]) -> list[Clip]:
    from itertools import zip_longest

    return [clip for pair in zip_longest(one, other) for clip in pair if clip is not None]


# --- one stimulus ------------------------------------------------------------------------------------


async def _measure(
    settings: Settings, url: str | None, questions: Mapping[str, Clip], chosen: Sequence[Stimulus]
) -> list[Heard]:
    from vivavoce.cli.bench.turn_metrics import Heard
    from vivavoce.cli.dialogue import ConversationEnded
    from vivavoce.cli.server import reach

    came = []
    async with reach(settings, url, fresh=True) as running:
        for stimulus in chosen:
            try:
                came.append(await play(running.address, asked_by(stimulus, questions), stimulus))
            except ConversationEnded as error:
                came.append(Heard(stimulus.task, stimulus.name, stimulus.variant, problem=str(error)))
            tell(came[-1])
    return came


def tell(heard: Heard) -> None:
    """What came of one stimulus, on stderr."""
    import sys

    print(f"{heard.task:18} {heard.variant:10} {heard.name:34} {_in_words(heard)}", *heard.decided, sep="\n    ",
          file=sys.stderr, flush=True)  # fmt: skip


async def play(address: Address, question: Clip, stimulus: Stimulus) -> Heard:
    """Play one stimulus in a session of its own. `question`: what is asked to have an answer to speak over."""
    import asyncio
    from time import monotonic

    from vivavoce.cli.bench.barge_in import listening
    from vivavoce.cli.bench.turn_metrics import Heard

    ours = {"listening_signals": stimulus.task == "backchannel", "side_talk": "ignore"}
    async with listening(address, echo_of(stimulus), ours, long=stimulus.over, room=stimulus.room) as talk:
        if stimulus.over:
            if not (await talk.answer_to(question) and await talk.flows(INTO_THE_ANSWER, stimulus.clip.onset)):
                return Heard(stimulus.task, stimulus.name, stimulus.variant, problem=NO_ANSWER)
        began = talk.microphone.say(stimulus.clip.samples)
        await asyncio.sleep(began + stimulus.clip.end + AFTERWARDS - monotonic())
        words = {name: answer.words for name, answer in talk.protocol.answers.items()}
        return what_was_heard(stimulus, talk.player, words, began)


def echo_of(stimulus: Stimulus) -> float | None:
    """How far below the loudspeaker the microphone hears it, dB."""
    return ECHO_DB if stimulus.variant == "echo" else None


def asked_by(stimulus: Stimulus, questions: Mapping[str, Clip]) -> Clip:
    """What the one who says the stimulus has asked: in his language, over the same line."""
    from vivavoce.cli.bench.turn_stimuli import over_telephone

    question = questions.get(stimulus.clip.language, questions["en"])
    return over_telephone(question) if stimulus.variant == "telephone" else question


def what_was_heard(
    stimulus: Stimulus, ear: RememberingEar, words: Mapping[str, str], began: float, decided: tuple[str, ...] = ()
) -> Heard:
    """`began`: when the first sample of the stimulus was captured, on the ear's clock; `words`: of each response."""
    from vivavoce.cli.bench.turn_metrics import Heard, Spoken, merged

    clip, over = stimulus.clip, stimulus.over
    pieces = [
        Spoken(round(start - began, 3), round(end - began, 3), response, len(words.get(response, "").split()))
        for response, start, end in ear.audible()
    ]
    return Heard(
        stimulus.task,
        stimulus.name,
        stimulus.variant,
        tuple(merged(pieces)),
        round(clip.end, 3),
        () if over else stimulus.pauses,
        (round(clip.onset, 3), round(clip.end, 3)) if over else None,
        "the answer was over" if over and not any(piece.start <= clip.onset < piece.end for piece in pieces) else "",
        stimulus.inserted,
        decided,
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
            figures = (f"{name.replace('_', ' ')} {_told(value)}" for name, value in found[kind].items())
            print(f"  {kind:10} {', '.join(figures)}")
    failed = [one for one in heard if one.problem]
    if failed:
        print(f"{len(failed)} could not be judged: {', '.join(sorted({one.problem for one in failed}))}")


def _told(value: Any) -> str:
    match value:
        case None:
            return "–"
        case {"hits": hits, "of": of, "between": [low, high]}:
            return f"{hits} of {of} ({100 * low:.0f}-{100 * high:.0f} %)"
        case _:
            return str(value)


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
