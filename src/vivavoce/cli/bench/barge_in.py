"""`vivavoce bench barge-in`: what stops the assistant, how soon, and what must not.

A client with managed playback listens to a long answer while somebody interrupts it, says "mm-hm", coughs, speaks
in the background or to somebody else, or while the microphone picks up the loudspeaker. Times count from the first
voiced sample to the moment at which the client was told to play softly, to pause, to stop. What went on is checked:
the ear must have had every sample that was sent, in order, none twice.
"""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vivavoce.cli.bench.managed import Listener
    from vivavoce.cli.clips import Clip
    from vivavoce.cli.server import Address
    from vivavoce.settings import Settings

AFTER = 1.2  # s into the answer at which somebody makes a sound
WATCHED = 2.6  # s after the onset in which something has to be decided
ECHO_SECONDS = 5.0  # of answer that the microphone hears
INTERRUPTIONS = ("Stop!", "Wait, what about tomorrow?", "No, that's not what I meant.", "Actually, tell me about Rome.")
BACKCHANNELS = ("Mm-hm.", "Uh-huh.", "Right.", "Yeah.", "Okay.", "I see.")
TO_OTHERS = ("Mom, can you close the door?",)
QUESTION = "Can you tell me about the sea?"
VOICES = ("marin", "ash")
NOISES = ("noise/kitchen_45s", "noise/livekit_keyboard-typing", "noise/livekit_crowded-room", "noise/ui_error")
NOISE_SECONDS = 1.5
NOISE_DB = -35.0
BACKGROUND_DB = -20.0  # of somebody else's speech against the user's
ECHO_DB = (-10.0, -20.0, -30.0)
STOPS = ("interruption", "to others")
"""Kinds after which the answer may stop; after all others it has to go on."""


@dataclass(frozen=True, slots=True)
class Trial:
    """`echo_db`: the microphone hears the loudspeaker, so much below it, instead of a clip."""

    kind: str
    name: str
    clip: Clip | None
    echo_db: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Times in ms from the first voiced sample; None: did not happen. `unheard`: samples that were sent before the
    last one heard, and not heard in their place; `pause_ms`: the longest silence after the answer went on."""

    kind: str
    name: str
    ducked_ms: float | None = None
    held_ms: float | None = None
    stopped_ms: float | None = None
    resumed_ms: float | None = None
    reasons: list[str] = field(default_factory=list[str])
    unheard: int | None = None
    pause_ms: float | None = None
    problem: str = ""


def add_parser(benches: Any) -> None:
    parser = benches.add_parser("barge-in", help="what stops the assistant, and how soon", description=__doc__)
    parser.add_argument("--url", help="server to measure; without it one is started")
    parser.add_argument("--recordings", type=Path, metavar="DIR", help="people and noises, with a manifest.jsonl")
    parser.add_argument("--clips", type=int, default=8, metavar="N", help="at most so many of each kind (default 8)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw it (PNG)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    import asyncio

    from vivavoce.settings import read_settings

    settings = read_settings()
    question, trials = asyncio.run(gather(settings, args.recordings, args.clips))
    outcomes = asyncio.run(_measure(settings, args.url, question, trials))
    report = summarise(outcomes)
    _show(report)
    if args.json:
        from vivavoce.cli.bench.figures import write_json

        write_json(report, args.json)
    if args.plot:
        _plot(outcomes, args.plot)
    return 0 if any(not outcome.problem for outcome in outcomes) else 1


# --- what is heard -----------------------------------------------------------------------------------


async def gather(settings: Settings, recordings: Path | None, most: int) -> tuple[Clip, list[Trial]]:
    """The question and all trials; words that nobody recorded are spoken by the speech engine of the settings."""
    from vivavoce.cli.bench.stimuli import cough
    from vivavoce.cli.clips import Clip, choose

    spoken = {"interruption": INTERRUPTIONS, "backchannel": BACKCHANNELS, "to others": TO_OTHERS}
    texts = [QUESTION, *(text for group in spoken.values() for text in group)]
    said = await speak(settings, texts)
    trials = [
        Trial(kind, text, said[text, voice]) for kind, group in spoken.items() for text in group for voice in VOICES
    ]
    trials += [Trial("noise", f"cough {seed}", Clip.of("cough", cough(24_000, seed))) for seed in range(3)]
    trials += [Trial("echo", f"{db:.0f} dB", None, db) for db in ECHO_DB]
    if recordings is not None:
        people = choose(recordings, most + 3)
        trials += [Trial("background", clip.name, _softer(clip)) for clip in people[:3]]
        trials += [Trial("interruption", clip.name, clip) for clip in people[3 : 3 + (most + 1) // 2]]
        trials += [Trial("noise", name, clip) for name in NOISES if (clip := _noise(recordings, name))]
    kept: list[Trial] = []
    for trial in reversed(trials):  # what was recorded goes before what was synthesised
        if sum(other.kind == trial.kind for other in kept) < most:
            kept.append(trial)
    return said[QUESTION, VOICES[0]], kept


def _softer(clip: Clip) -> Clip:
    from dataclasses import replace

    return replace(clip, samples=clip.samples * 10 ** (BACKGROUND_DB / 20))


def _noise(recordings: Path, name: str) -> Clip | None:
    from vivavoce.audio.pcm import Pcm
    from vivavoce.cli.bench.stimuli import at_level
    from vivavoce.cli.clips import RATE, Clip, read_clip

    path = recordings / "audio" / f"{name}.flac"
    if not path.exists():
        return None
    sound = Pcm(read_clip(path).samples, RATE).cut(0.0, NOISE_SECONDS)
    return Clip(name, at_level(sound, NOISE_DB).samples, 0.0, sound.seconds)


async def speak(settings: Settings, texts: list[str]) -> dict[tuple[str, str], Clip]:
    """Each text in each of VOICES, by the speech engine of the settings, closed before anything is measured."""
    from contextlib import aclosing, closing

    from vivavoce.audio.pcm import join
    from vivavoce.cli.clips import Clip
    from vivavoce.loading import load_engine, model_files

    said = {}
    with closing(load_engine("tts", settings.engines.tts, model_files(settings))) as engine:
        for text in texts:
            for voice in VOICES:
                async with aclosing(engine.synthesize(text, voice=voice, language="en")) as sounds:
                    sound = join([piece async for piece in sounds], engine.rate)
                said[text, voice] = Clip.of(text, sound, text)
    return said


# --- one trial ---------------------------------------------------------------------------------------


async def _measure(settings: Settings, url: str | None, question: Clip, trials: list[Trial]) -> list[Outcome]:
    import sys

    from vivavoce.cli.dialogue import ConversationEnded
    from vivavoce.cli.server import reach

    outcomes = []
    async with reach(settings, url, fresh=True) as running:
        for trial in trials:
            try:
                outcome = await _try(running.address, question, trial)
            except ConversationEnded as error:
                outcome = Outcome(trial.kind, trial.name, problem=str(error))
            print(outcome, file=sys.stderr, flush=True)
            outcomes.append(outcome)
    return outcomes


async def _try(address: Address, question: Clip, trial: Trial) -> Outcome:
    import asyncio
    from time import monotonic

    async with listening(address, trial.echo_db) as talk:
        if not await talk.answer_to(question):
            return Outcome(trial.kind, trial.name, problem="no answer to interrupt")
        first_sound = talk.ear.chunks[0].start
        if trial.clip is None:
            onset = first_sound
            await asyncio.sleep(ECHO_SECONDS)
        else:
            await asyncio.sleep(max(0.0, first_sound + AFTER - trial.clip.onset - monotonic()))
            onset = talk.microphone.say(trial.clip.samples) + trial.clip.onset
            await asyncio.sleep(max(0.0, onset + trial.clip.end - trial.clip.onset + WATCHED - monotonic()))
        return talk.outcome(trial, onset)


@asynccontextmanager
async def listening(
    address: Address, echo_db: float | None, ours: dict[str, Any] | None = None, *, long: bool = True
) -> AsyncIterator[Listener]:
    """A session with managed playback. `ours`: more of `session.vivavoce`; `long`: answers are long."""
    import asyncio

    from vivavoce.cli.bench.latency import TELL_ME_MORE, session_settings
    from vivavoce.cli.bench.managed import Listener
    from vivavoce.cli.dialogue import open_socket

    session = session_settings("semantic_vad", TELL_ME_MORE if long else None)
    session |= {"vivavoce": {"managed_playback": True, **(ours or {})}}
    async with open_socket(address) as socket:
        talk = Listener(socket, echo_db)
        tasks = [asyncio.create_task(talk.read())]
        try:
            await talk.configure(session)
            tasks.append(asyncio.create_task(talk.microphone.run()))
            await asyncio.sleep(0.5)
            yield talk
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


# --- what came of it ---------------------------------------------------------------------------------


def summarise(outcomes: list[Outcome]) -> dict[str, Any]:
    """By kind: how many stopped the answer, and when it was ducked, held and stopped."""
    from vivavoce.cli.bench.figures import about, spread

    kinds = {}
    for kind in dict.fromkeys(outcome.kind for outcome in outcomes):
        tried = [outcome for outcome in outcomes if outcome.kind == kind and not outcome.problem]
        times = {
            name: spread(getattr(outcome, name) for outcome in tried)
            for name in ("ducked_ms", "held_ms", "stopped_ms", "resumed_ms", "pause_ms")
        }
        resumed = [outcome for outcome in tried if outcome.resumed_ms is not None and outcome.stopped_ms is None]
        kinds[kind] = {
            "tried": len(tried),
            "stopped": sum(outcome.stopped_ms is not None for outcome in tried),
            "may_stop": kind in STOPS,
            "resumed": len(resumed),
            "resumed_exactly": sum(outcome.unheard == 0 for outcome in resumed),
            **times,
        }
    return about() | {"kind": "barge-in", "summary": kinds, "trials": [asdict(outcome) for outcome in outcomes]}


def _show(report: dict[str, Any]) -> None:
    print(f"{'kind':14}{'stopped':>10}{'exact':>8}  {'duck p50/p95':>14}{'hold p50/p95':>14}{'stop p50/p95':>14}  ms")
    for kind, found in report["summary"].items():
        times = "".join(f"{_pair(found[name]):>14}" for name in ("ducked_ms", "held_ms", "stopped_ms"))
        exact = f"{found['resumed_exactly']}/{found['resumed']}"
        print(f"{kind:14}{found['stopped']:>6}/{found['tried']:<3}{exact:>8}  {times}")


def _pair(spread: dict[str, float] | None) -> str:
    return "–" if spread is None else f"{spread['p50']:.0f}/{spread['p95']:.0f}"


def _plot(outcomes: list[Outcome], path: Path) -> None:
    from vivavoce.cli.bench.figures import drawn

    kinds = list(dict.fromkeys(outcome.kind for outcome in outcomes))
    with drawn(path, figsize=(8, 0.7 * len(kinds) + 1.5)) as (_, axes):
        for name, shape in (("ducked_ms", "."), ("held_ms", "|"), ("stopped_ms", "x"), ("resumed_ms", ">")):
            points = [(at, kinds.index(one.kind)) for one in outcomes if (at := getattr(one, name)) is not None]
            if points:
                axes.plot(*zip(*points, strict=True), shape, label=name.removesuffix("_ms"))
        axes.set_yticks(range(len(kinds)), kinds)
        axes.set_xlabel("ms after the first voiced sample")
        axes.legend()
