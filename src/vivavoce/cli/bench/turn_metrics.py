"""What `bench turns` makes of an answer's times: the metrics of Full-Duplex-Bench as they are computed there, and
corrected ones beside them. Pure.

Sources: Full-Duplex-Bench v1 (arXiv 2503.04721) and v1.5 (arXiv 2507.23159) with their evaluation scripts. Times are in
seconds on the clock of the stimulus; 0 is its first sample.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from vivavoce.cli.bench.figures import share

SHORT_SECONDS, SHORT_WORDS = 1.0, 3
"""Speech that is shorter than this and has at most so many words took no turn."""
LONG_SECONDS = 3.0
NOD_WORDS = 2
MERGED = 0.5
"""Speech of the assistant with shorter gaps is one piece."""

Task = Literal[
    "pause handling",
    "smooth turn",
    "backchannel",
    "interruption",
    "user backchannel",
    "talking to others",
    "background speech",
]
Behaviour = Literal["respond", "resume", "silent"]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A piece of the assistant's speech as it was heard. `words`: of the whole response it belongs to."""

    start: float
    end: float
    response: str = ""
    words: int = 0


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of one stimulus. `end`: of the user's turn; `pauses`: inside of it, `inserted`: put there by us;
    `overlap`: when the user (or somebody else) spoke over the assistant; `problem`: why nothing can be told;
    `decided`: what the floor decided meanwhile, and what the recogniser heard, where that is known."""

    task: Task
    name: str
    variant: str
    spoken: tuple[Spoken, ...] = ()
    end: float = 0.0
    pauses: tuple[tuple[float, float], ...] = ()
    overlap: tuple[float, float] | None = None
    problem: str = ""
    inserted: bool = False
    decided: tuple[str, ...] = ()


def merged(pieces: Sequence[Spoken]) -> list[Spoken]:
    """Pieces of one response that follow each other within MERGED seconds, as one."""
    whole: list[Spoken] = []
    for piece in sorted(pieces, key=lambda piece: piece.start):
        last = whole[-1] if whole else None
        if last is not None and last.response == piece.response and piece.start - last.end < MERGED:
            whole[-1] = Spoken(last.start, max(last.end, piece.end), last.response, last.words)
        else:
            whole.append(piece)
    return whole


def took_turn(spoken: Sequence[Spoken]) -> bool:
    """The benchmark's rule: anything but silence and a few words in less than a second."""
    if not spoken:
        return False
    words = sum({piece.response: piece.words for piece in spoken}.values())
    return not (spoken[-1].end - spoken[0].start < SHORT_SECONDS and words <= SHORT_WORDS)


# --- as it is computed there -------------------------------------------------------------------------


def faithful(heard: Sequence[Heard]) -> dict[str, Any]:
    """By the rules of v1 for pauses, turns and backchannels, of v1.5 for what overlaps: `tor` is the take-over rate,
    latencies are over turns that were taken and never below 0."""
    task = heard[0].task
    if task == "pause handling":
        return {"tor": _share([took_turn(_until(one.spoken, one.end)) for one in heard])}
    if task == "smooth turn":
        taken = [one for one in heard if took_turn(one.spoken)]
        return {"tor": _share([took_turn(one.spoken) for one in heard]), "latency": _mean(_clamped(taken))}
    if task == "backchannel":
        return _backchannels(heard)
    overlaps = [(one, one.overlap) for one in heard if one.overlap is not None]
    stops = [stop for one, overlap in overlaps if (stop := stop_latency(one.spoken, overlap[0])) is not None]
    after = [start for one, overlap in overlaps if (start := _next_start(one.spoken, overlap[1])) is not None]
    found = {"stop_latency": _mean(stops), "response_latency": _mean(after), **_behaviours(heard, _share)}
    if task == "interruption":  # v1 looks at what follows it
        rest = [[piece for piece in one.spoken if piece.start >= overlap[1]] for one, overlap in overlaps]
        found = {"tor": _share([took_turn(pieces) for pieces in rest]), **found}
    return found


def _backchannels(heard: Sequence[Heard]) -> dict[str, Any]:
    """The last short piece decides whether a turn was taken, and every piece up to LONG_SECONDS counts as a
    backchannel: so it is in the script (`eval_backchannel.py`)."""
    taken, count, seconds = [], 0, 0.0
    for one in heard:
        tor = False
        for piece in merged(_until(one.spoken, one.end)):
            length = piece.end - piece.start
            if length > LONG_SECONDS:
                tor = True
                break
            tor = piece.words > SHORT_WORDS or not (length < SHORT_SECONDS and piece.words <= NOD_WORDS)
            count += 1
        taken.append(tor)
        seconds += one.end
    return {"tor": _share(taken), "per_second": round(count / seconds, 4) if seconds else None}


def _clamped(taken: Sequence[Heard]) -> list[float]:
    return [max(0.0, one.spoken[0].start - one.end) for one in taken]


# --- corrected ---------------------------------------------------------------------------------------


def corrected(heard: Sequence[Heard]) -> dict[str, Any]:
    """Signed, per event, at the ear: a pause is taken over when the answer begins in it, an answer before the end is
    one whatever follows, latencies come with the share they are of, and of an overlap it counts what became of the
    answer it fell into."""
    task = heard[0].task
    if task in ("pause handling", "smooth turn"):
        return _turns(heard)
    if task == "backchannel":
        early = [merged(_until(one.spoken, one.end)) for one in heard]
        nods = [sum(map(_nod, pieces)) for pieces in early]
        rest = [any(not _nod(piece) for piece in pieces) for pieces in early]
        minutes = sum(one.end for one in heard) / 60
        return {"taken_over": share(rest), "nods_per_minute": round(sum(nods) / minutes, 2) if minutes else None}
    return {**_behaviours(heard, share), **_overlaps(heard)}


def _turns(heard: Sequence[Heard]) -> dict[str, Any]:
    pauses = [(one.inserted, _begins(one.spoken, start, end)) for one in heard for start, end in one.pauses]
    gaps = [one.spoken[0].start - one.end for one in heard if one.spoken]
    early = [sum(piece.end - piece.start for piece in _until(one.spoken, one.end)) for one in heard]
    return {
        "pauses_taken_over": share([taken for _, taken in pauses]),
        "people's_own": share([taken for inserted, taken in pauses if not inserted]),
        "inserted": share([taken for inserted, taken in pauses if inserted]),
        "answered_early": share([gap < 0 for gap in gaps]),
        "talked_over_p50": _percentile([seconds for seconds in early if seconds], 50),
        "answered": share([bool(one.spoken) for one in heard]),
        "signed_gap_p50": _percentile(gaps, 50),
        "signed_gap_p95": _percentile(gaps, 95),
    }


def _overlaps(heard: Sequence[Heard]) -> dict[str, Any]:
    stops, gaps = [], []
    for one in heard:
        if one.overlap is None:
            continue
        onset, end = one.overlap
        if (stop := stop_latency(one.spoken, onset)) is not None:
            stops.append(stop)
        fresh = [piece.start for piece in one.spoken if piece.start >= onset and piece.response != _at(one, onset)]
        gaps += [fresh[0] - end] if fresh else []
    return {
        "silent_after_p50": _percentile(stops, 50),
        "silent_after_p95": _percentile(stops, 95),
        "signed_gap_p50": _percentile(gaps, 50),
    }


def behaviour(one: Heard) -> Behaviour:
    """What became of the answer that was overlapped: another one followed it ("respond"), it went on after the overlap
    or right through it ("resume"), or nothing more was heard. A rule on whose sound was heard; the benchmark asks
    GPT-4o about the words."""
    assert one.overlap is not None, "only overlaps have one"  # noqa: S101
    onset, end = one.overlap
    first = _at(one, onset)
    if any(piece.start >= onset and piece.response != first for piece in one.spoken):
        return "respond"
    return "resume" if any(piece.response == first and piece.end > end for piece in one.spoken) else "silent"


def stop_latency(spoken: Sequence[Spoken], onset: float) -> float | None:
    """Seconds of the assistant's speech from `onset` to its next silence; None: it did not speak then."""
    for piece in merged(spoken):
        if piece.start <= onset < piece.end:
            return piece.end - onset
    return None


def _behaviours(heard: Sequence[Heard], told: Callable[[Sequence[bool]], Any]) -> dict[str, Any]:
    found = [behaviour(one) for one in heard if one.overlap is not None]
    return {name: told([each == name for each in found]) for name in ("respond", "resume", "silent")}


def _at(one: Heard, onset: float) -> str:
    """The response that sounded, or sounded last, at `onset`."""
    return next((piece.response for piece in reversed(one.spoken) if piece.start <= onset), "")


def _until(spoken: Sequence[Spoken], end: float) -> list[Spoken]:
    """What was heard before `end`."""
    before = [piece for piece in spoken if piece.start < end]
    return [Spoken(piece.start, min(piece.end, end), piece.response, piece.words) for piece in before]


def _begins(spoken: Sequence[Spoken], start: float, end: float) -> bool:
    return any(start <= piece.start < end for piece in spoken)


def _next_start(spoken: Sequence[Spoken], after: float) -> float | None:
    """Seconds from `after` to the next beginning of speech."""
    return next((piece.start - after for piece in spoken if piece.start >= after), None)


def _nod(piece: Spoken) -> bool:
    return piece.words <= NOD_WORDS and piece.end - piece.start < SHORT_SECONDS


def _share(each: Sequence[bool]) -> float | None:
    return round(sum(each) / len(each), 3) if each else None


def _mean(each: Sequence[float]) -> float | None:
    return round(float(np.mean(each)), 3) if each else None


def _percentile(each: Sequence[float], percent: int) -> float | None:
    return round(float(np.percentile(each, percent)), 3) if each else None


def summarise(heard: Sequence[Heard]) -> dict[str, dict[str, Any]]:
    """Both kinds of metrics for each task and variant."""
    groups: dict[tuple[str, str], list[Heard]] = {}
    for one in heard:
        if not one.problem:
            groups.setdefault((one.task, one.variant), []).append(one)
    return {
        f"{task}, {variant}": {"n": len(group), "faithful": faithful(group), "corrected": corrected(group)}
        for (task, variant), group in groups.items()
    }
