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
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vivavoce.audio.pcm import Samples
    from vivavoce.cli.bench.barge_in_report import Outcome
    from vivavoce.cli.bench.barge_in_stimuli import Trial
    from vivavoce.cli.bench.managed import Listener
    from vivavoce.cli.clips import Clip
    from vivavoce.cli.server import Address
    from vivavoce.settings import Settings

AFTER = 1.2  # s into the answer at which somebody makes a sound
WATCHED = 2.6  # s after the onset in which something has to be decided
ECHO_SECONDS = 5.0  # of answer that the microphone hears
KEEP_EVERY = 20  # trials, which take a minute
RECOGNISER_MS = 150.0
"""What a pass of Whisper base over some seconds takes on a quiet machine of two cores."""


def add_parser(benches: Any) -> None:
    parser = benches.add_parser("barge-in", help="what stops the assistant, and how soon", description=__doc__)
    parser.add_argument("--url", help="server to measure; without it one is started")
    parser.add_argument("--recordings", type=Path, metavar="DIR", help="people and noises, with a manifest.jsonl")
    parser.add_argument("--clips", type=int, default=8, metavar="N", help="at most so many of each kind (default 8)")
    parser.add_argument(
        "--offline", action="store_true", help="hundreds of trials in virtual time, without a server; many more stimuli"
    )
    parser.add_argument(
        "--recogniser-ms", type=float, default=RECOGNISER_MS, metavar="MS", help="of one pass, offline (default 150)"
    )
    parser.add_argument("--kinds", default="", metavar="K,…", help="offline: of these only, as `order,backchannel`")
    parser.add_argument("--languages", default="", metavar="L,…", help="offline: who speaks them only: en, it, es")
    parser.add_argument(
        "--talk",
        choices=("own", "en"),
        default="own",
        help="offline: who speaks up has been talking his language, or English",
    )
    parser.add_argument("--resume", action="store_true", help="offline: go on with what the file of --json already has")
    parser.add_argument("--said", type=Path, metavar="DIR", help="keep what the speech engine says, for the next run")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw it (PNG)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    import asyncio

    from vivavoce.cli.bench.barge_in_report import plot, show, summarise
    from vivavoce.cli.bench.barge_in_stimuli import gather
    from vivavoce.settings import read_settings

    settings = read_settings()
    if args.offline:
        outcomes = _measure_offline(settings, args)
    else:
        question, trials = asyncio.run(gather(settings, args.recordings, args.clips, args.said))
        outcomes = asyncio.run(_measure(settings, args.url, question, trials))
    show(summarise(outcomes))
    if args.json:
        _keep(outcomes, args.json)
    if args.plot:
        plot(outcomes, args.plot)
    return 0 if any(not outcome.problem for outcome in outcomes) else 1


def _measure_offline(settings: Settings, args: argparse.Namespace) -> list[Outcome]:
    """Those of the file of `--json`, too, with `--resume`: the kinds and names tell which were made."""
    import asyncio

    from vivavoce.cli.bench import barge_in_offline as offline
    from vivavoce.cli.bench.barge_in_many import gather, planned
    from vivavoce.cli.bench.barge_in_report import read

    plan = planned(args.clips, args.kinds, args.languages, args.talk)
    made = read(args.json) if args.resume and args.json else []
    known = {(outcome.kind, outcome.name) for outcome in made}
    question, answers, trials = asyncio.run(gather(settings, args.recordings, plan, args.said))
    missing = [trial for trial in trials if (trial.kind, trial.name) not in known]
    with offline.hearing(settings, args.recogniser_ms) as on_trial:
        for outcome in offline.measure(on_trial, question, answers, missing):
            made.append(outcome)
            if args.json and len(made) % KEEP_EVERY == 0:
                _keep(made, args.json)
    return made


def _keep(outcomes: list[Outcome], path: Path) -> None:
    from vivavoce.cli.bench.barge_in_report import summarise
    from vivavoce.cli.bench.figures import write_json

    write_json(summarise(outcomes), path)


# --- one trial ---------------------------------------------------------------------------------------


async def _measure(settings: Settings, url: str | None, question: Clip, trials: list[Trial]) -> list[Outcome]:
    import sys

    from vivavoce.cli.bench.barge_in_report import Outcome
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

    from vivavoce.cli.bench.barge_in_report import Outcome

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
    address: Address,
    echo_db: float | None,
    ours: dict[str, Any] | None = None,
    *,
    long: bool = True,
    room: Samples | None = None,
) -> AsyncIterator[Listener]:
    """A session with managed playback. `ours`: more of `session.vivavoce`; `long`: answers are long; `room`: what
    sounds where the user is."""
    import asyncio

    from vivavoce.cli.bench.latency import TELL_ME_MORE, session_settings
    from vivavoce.cli.bench.managed import Listener
    from vivavoce.cli.dialogue import open_socket

    session = session_settings("semantic_vad", TELL_ME_MORE if long else None)
    session |= {"vivavoce": {"managed_playback": True, **(ours or {})}}
    async with open_socket(address) as socket:
        talk = Listener(socket, echo_db, room)
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
