"""`vivavoce bench frontier`: false cut-ins against dead air, over eagerness.

Every pause of the recordings is found by the product's own voice detector and floor, and judged on the product's own
evidence. Then the floor's patience is swept, and beside it what others do: silence timers, and the turn detector
alone. The method is that of LiveKit's eot-bench: no point on one axis means anything without the other.

Dead air counts from the last voiced sample, which is found from the sound (`cli/clips.py`), not from where the voice
detector stops hearing a voice: that is some 100 ms later. A sound after that is no voice: a breath, the room.

A pause counts as cut where the turn is decided to be over before the voice goes on, whether or not an answer was heard
by then and whatever the words say: a pause of two seconds behind a whole sentence counts, though a person might have
spoken up in it. The pauses of 0.4 to 1 s, those of Full-Duplex-Bench v1, are told apart. Intervals are Wilson's, 95 %.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vivavoce.cli.bench.questions import add_recordings

if TYPE_CHECKING:
    from vivavoce.audio.pcm import Pcm
    from vivavoce.cli.clips import Clip
    from vivavoce.ports import Engines, LanguageModel, Transcriber, TurnDetector, VoiceActivityDetector
    from vivavoce.settings import Settings

LONGEST_SECONDS = 20.0
LEAST_PAUSE_MS = 160
"""Shorter ones end no turn at any setting."""
FDB_PAUSE_MS = (400, 1000)
LEAD_SECONDS, TAIL_SECONDS = 0.3, 2.0
ROOM_DB = -70.0
WORDS_KNOWN_MS = 256
"""After the voice: when the final words and the language model's opinion are usually there."""
MULTIPLES = (0.5, 0.6, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0, 2.5)
TIMERS_MS = (200, 300, 400, 500, 600, 800, 1000)


@dataclass(frozen=True, slots=True)
class Pause:
    """One pause of a turn. `quiet_ms`: how long it lasted for the voice detector, None at the end of the turn;
    probabilities as the floor gets them, at once and once the words are known; `audio`: the turn detector's own;
    `heard_on_ms`: at the end of a turn, how long the detector heard a voice after its last voiced sample."""

    turn: str
    quiet_ms: int | None
    audio: float
    first: float
    later: float
    heard_on_ms: int = 0


@dataclass(frozen=True, slots=True)
class Point:
    """`turns_cut`, `pauses_cut`: shares, and between which they are; `fdb_pauses_cut`: of the pauses of FDB_PAUSE_MS;
    dead air in ms after the last voiced sample."""

    name: str
    turns_cut: float
    turns_interval: tuple[float, float]
    pauses_cut: float
    pauses_interval: tuple[float, float]
    fdb_pauses_cut: float
    p50_ms: float
    p95_ms: float
    mean_ms: float


def add_parser(benches: Any) -> None:
    parser = benches.add_parser("frontier", help="false cut-ins against dead air", description=__doc__)
    add_recordings(parser)
    parser.add_argument("--clips", type=int, metavar="N", help="at most so many recordings")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every pause and every point")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw it (PNG)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    import asyncio
    from contextlib import closing

    from vivavoce.cli.bench.figures import about, write_json
    from vivavoce.loading import load_engines
    from vivavoce.settings import read_settings

    settings = read_settings()
    clips = list(_clips(args.recordings, args.clips) if args.recordings else _voices(settings, args.clips))
    with closing(load_engines(settings)) as engines:
        pauses = asyncio.run(_listen(engines, clips))
    points = frontier(pauses)
    _show(pauses, points)
    if args.json:
        found = {"pauses": [asdict(each) for each in pauses], "points": [asdict(each) for each in points]}
        write_json(about() | {"kind": "frontier"} | found, args.json)
    if args.plot:
        _plot(points, args.plot)
    return 0 if pauses else 1


# --- pauses and what is known of them ----------------------------------------------------------------


def _clips(folder: Path, count: int | None) -> Iterator[tuple[str, Callable[[], Clip]]]:
    """Turns of one person: by the manifest human voices with words, of at most LONGEST_SECONDS."""
    from vivavoce.cli.clips import read_clip

    manifest = folder / "manifest.jsonl"
    if not manifest.exists():
        paths = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in (".wav", ".flac", ".ogg", ".mp3")]
        yield from ((path.stem, partial(read_clip, path)) for path in paths[:count])
        return
    rows = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    turns = [row for row in rows if row["voice"] == "human" and row["text"] and row["seconds"] <= LONGEST_SECONDS]
    yield from ((row["path"], partial(read_clip, folder / row["path"])) for row in turns[:count])


def _voices(settings: Settings, count: int | None) -> Iterator[tuple[str, Callable[[], Clip]]]:
    """Turns of the speech engine's voices, each as it is and, where it is long, with a pause in its middle."""
    from vivavoce.cli.bench.questions import ASKED, said_by_voices
    from vivavoce.cli.bench.turn_stimuli import SMOOTH_TURN, with_pause
    from vivavoce.cli.bench.turns import STATEMENTS

    clips = said_by_voices(settings, [*STATEMENTS, *ASKED][:count])
    for clip in clips:
        yield clip.name, partial(_itself, clip)
    for clip in clips:
        if clip.end - clip.onset > SMOOTH_TURN and (paused := with_pause(clip)) is not None and paused[0] is not clip:
            yield f"{clip.name}, paused", partial(_itself, paused[0])


def _itself(clip: Clip) -> Clip:
    return clip


async def _listen(engines: Engines, clips: Sequence[tuple[str, Callable[[], Clip]]]) -> list[Pause]:
    import sys

    pauses = []
    for number, (name, read) in enumerate(clips, 1):
        print(f"\r{number} of {len(clips)} recordings", end="", file=sys.stderr, flush=True)
        pauses += [pause async for pause in _pauses(engines, name, *_in_a_room(read()))]
    print(file=sys.stderr)
    return pauses


def _in_a_room(clip: Clip) -> tuple[Pcm, float]:
    """The turn at HEARING_RATE, quiet before and behind it, and the second of its last voiced sample."""
    import numpy as np

    from vivavoce.audio.pcm import Pcm
    from vivavoce.audio.resample import resample
    from vivavoce.cli.clips import RATE
    from vivavoce.ports import HEARING_RATE, HOP

    sound = resample(Pcm(clip.samples, RATE), HEARING_RATE).samples
    random = np.random.default_rng(7)
    room = [random.normal(0, 10 ** (ROOM_DB / 20), round(s * HEARING_RATE)) for s in (LEAD_SECONDS, TAIL_SECONDS)]
    whole = np.concatenate([room[0], sound, room[1]]).astype(np.float32)
    return Pcm(whole[: len(whole) // HOP * HOP], HEARING_RATE), LEAD_SECONDS + clip.end


async def _pauses(engines: Engines, name: str, sound: Pcm, last_voiced: float) -> Any:
    from vivavoce.conversation.hop import HOP, HOP_MS

    begun, spans = await _spans(engines.vad, sound)
    for voice_end, resumed in spans:
        quiet_ms = None if resumed is None else (resumed - voice_end) * HOP_MS // HOP
        if quiet_ms is not None and quiet_ms < LEAST_PAUSE_MS:
            continue
        audio, first, later = await _judged(engines.turn, engines.stt, engines.llm, sound, (begun, voice_end))
        heard_on_ms = max(0, round(1000 * (voice_end / sound.rate - last_voiced))) if resumed is None else 0
        yield Pause(name, quiet_ms, audio, first, later, heard_on_ms)


async def _spans(vad: VoiceActivityDetector, sound: Pcm) -> tuple[int, list[tuple[int, int | None]]]:
    """Where the turn begins, and where each voice in it ends and goes on (None: never), as the floor hears it."""
    from vivavoce.conversation.config import ServerVad, TurnPolicy
    from vivavoce.conversation.floor import RESUME_HOPS, Floor
    from vivavoce.conversation.hop import HOP
    from vivavoce.conversation.moves import Hushed, Resumed, TurnStarted

    floor, begun, spans = Floor(TurnPolicy(ServerVad(silence_duration_ms=30_000))), 0, list[tuple[int, int | None]]()
    for voice in await vad.open().voice(sound.samples):
        for move in floor.hear(voice):
            match move:
                case TurnStarted(at):
                    begun = at
                case Hushed(_, voice_end):
                    spans.append((voice_end, None))
                case Resumed():
                    spans[-1] = (spans[-1][0], floor.now - RESUME_HOPS * HOP)
                case _:
                    pass
    return begun, spans


async def _judged(
    turn: TurnDetector, stt: Transcriber, llm: LanguageModel, sound: Pcm, span: tuple[int, int]
) -> tuple[float, float, float]:
    """The turn detector's probability, and the product's own at once and when the words are known."""
    from dataclasses import replace

    from vivavoce.audio.pcm import Pcm, join
    from vivavoce.audio.prosody import fall, glide
    from vivavoce.conversation.config import PERSONA
    from vivavoce.conversation.endpointing import Evidence, is_question, p_done
    from vivavoce.conversation.items import Message, Speech
    from vivavoce.ports import HOP, Prompt
    from vivavoce.session.preparation import JUDGED_SILENCE, TAIL

    begun, voice_end = span
    speech = Pcm(sound.samples[begun : voice_end + HOP], sound.rate)
    audio = await turn.p_done(join([speech, Pcm.silence(JUDGED_SILENCE, sound.rate)], sound.rate))
    evidence = Evidence(audio, fall(speech), glide(speech))
    words = (await stt.transcribe(Pcm(sound.samples[begun : voice_end + TAIL], sound.rate))).text
    said = Message("said", "user", (Speech(words),))
    text = await llm.p_end(Prompt(PERSONA, (said,), "frontier", open=True)) if words else None
    return audio, p_done(evidence), p_done(replace(evidence, text=text, asks=is_question(words)))


# --- the frontier ------------------------------------------------------------------------------------


Wait = Callable[[Pause, int], float]
"""Of a pause and the longest one that its turn had before, in ms."""


def frontier(pauses: Sequence[Pause]) -> list[Point]:
    """Every eagerness as it is and at MULTIPLES of its patience, and the baselines."""
    from dataclasses import replace

    from vivavoce.conversation.endpointing import PATIENCE, Patience

    def ours(patience: Patience) -> Wait:
        def wait(pause: Pause, longest_ms: int) -> float:
            at_once = patience.wait_ms(pause.first, longest_ms)
            if at_once <= WORDS_KNOWN_MS:
                return at_once
            return max(WORDS_KNOWN_MS, patience.wait_ms(pause.later, longest_ms))

        return wait

    def detector(patience: Patience) -> Wait:
        return lambda pause, longest_ms: patience.wait_ms(pause.audio)

    def timer(silence_ms: int) -> Wait:
        return lambda pause, longest_ms: float(silence_ms)

    auto = PATIENCE["auto"]
    points = [_point(f"eagerness {name}", pauses, ours(PATIENCE[name])) for name in ("low", "auto", "high")]
    points.append(_point("auto without memory of pauses", pauses, ours(replace(auto, again=0.0))))
    for multiple in MULTIPLES:
        scaled = replace(auto, quick=round(auto.quick * multiple), slow=round(auto.slow * multiple))
        points.append(_point(f"ours × {multiple:g}", pauses, ours(scaled)))
        points.append(_point(f"turn detector alone × {multiple:g}", pauses, detector(scaled)))
    for silence in TIMERS_MS:
        points.append(_point(f"silence {silence} ms", pauses, timer(silence)))
    return points


def _point(name: str, pauses: Sequence[Pause], wait: Wait) -> Point:
    import numpy as np

    from vivavoce.cli.bench.figures import wilson

    decided = _decided(pauses, wait)
    inner = [(pause, waited <= pause.quiet_ms) for pause, waited in decided if pause.quiet_ms is not None]
    turns, cut_turns = {pause.turn for pause in pauses}, {pause.turn for pause, cut in inner if cut}
    fdb = [cut for pause, cut in inner if FDB_PAUSE_MS[0] <= (pause.quiet_ms or 0) <= FDB_PAUSE_MS[1]]
    cut_pauses = sum(cut for _, cut in inner)
    dead = [waited + pause.heard_on_ms for pause, waited in decided if pause.quiet_ms is None] or [0]
    p50, p95 = (round(float(np.percentile(dead, share)), 1) for share in (50, 95))
    return Point(
        name,
        turns_cut=round(len(cut_turns) / max(1, len(turns)), 4),
        turns_interval=wilson(len(cut_turns), len(turns)),
        pauses_cut=round(cut_pauses / max(1, len(inner)), 4),
        pauses_interval=wilson(cut_pauses, len(inner)),
        fdb_pauses_cut=round(sum(fdb) / max(1, len(fdb)), 4),
        p50_ms=p50,
        p95_ms=p95,
        mean_ms=round(float(np.mean(dead)), 1),
    )


def _decided(pauses: Sequence[Pause], wait: Wait) -> list[tuple[Pause, int]]:
    """Each pause, and how long it is waited in it: whole hops. The pauses before it are remembered as the floor does,
    also where they were cut: who goes on soon after is known not to have been done."""
    import math

    from vivavoce.conversation.floor import REOPEN_MS
    from vivavoce.conversation.hop import HOP_MS

    decided, turn, longest = list[tuple[Pause, int]](), "", 0
    for pause in pauses:
        turn, longest = pause.turn, longest if pause.turn == turn else 0
        waited = math.ceil(wait(pause, longest) / HOP_MS) * HOP_MS
        decided.append((pause, waited))
        if pause.quiet_ms is not None:
            known = waited > pause.quiet_ms or pause.quiet_ms <= REOPEN_MS
            longest = max(longest, pause.quiet_ms) if known else 0
    return decided


def _show(pauses: Sequence[Pause], points: Sequence[Point]) -> None:
    from rich.console import Console
    from rich.table import Table

    ends = sum(pause.quiet_ms is None for pause in pauses)
    title = f"{ends} ends of turns, {len(pauses) - ends} inner pauses of at least {LEAST_PAUSE_MS} ms"
    columns = ("turns cut in on", "pauses cut", "of 0.4 to 1 s", "dead air p50", "p95", "mean ms")
    table = Table("", *columns, title=title, box=None)
    for point in points:
        turns = _with_interval(point.turns_cut, point.turns_interval)
        inner = _with_interval(point.pauses_cut, point.pauses_interval)
        shares = (turns, inner, f"{100 * point.fdb_pauses_cut:.1f} %")
        table.add_row(point.name, *shares, *(f"{ms:.0f}" for ms in (point.p50_ms, point.p95_ms, point.mean_ms)))
    Console(highlight=False).print(table)


def _with_interval(share: float, interval: tuple[float, float]) -> str:
    least, most = (100 * bound for bound in interval)
    return f"{100 * share:.1f} % ({least:.1f}-{most:.1f})"


def _plot(points: Sequence[Point], path: Path) -> None:
    from vivavoce.cli.bench.figures import drawn

    with drawn(path, figsize=(7, 5)) as (_, axes):
        for label, style in (("ours ×", "o-"), ("turn detector alone ×", "s--"), ("silence", "^:")):
            chosen = [point for point in points if point.name.startswith(label)]
            times, cut = [point.mean_ms for point in chosen], [100 * point.turns_cut for point in chosen]
            axes.plot(times, cut, style, label=label.removesuffix(" ×"))
        for point in points:
            if point.name.startswith("eagerness"):
                axes.annotate(point.name.removeprefix("eagerness "), (point.mean_ms, 100 * point.turns_cut))
        axes.set(xlabel="mean dead air, ms", ylabel="turns cut in on, %")
        axes.legend()
