"""The metrics of `bench turns`, twice: as Full-Duplex-Bench computes them (v1: arXiv 2503.04721, v1.5: arXiv 2507.23159,
and their scripts), and corrected. Pure.

All times are seconds on the clock of the stimulus, of which 0 is the first sample; latencies too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from vivavoce.text.backchannels import plain

TAKEN_SECONDS, TAKEN_WORDS = 1.0, 3
"""Speech shorter than this, with at most so many words, takes no turn."""
FORMAL_SECONDS = 3.0
"""A segment longer than this is a turn, in the backchannel task."""
NOD_SECONDS, NOD_WORDS = 1.0, 2
"""A segment shorter than this, with at most so many words, is a backchannel."""
BIN = 0.2
EPSILON = 1e-10
USER_MERGED, MODEL_MERGED = 0.6, 0.5
"""Shorter gaps do not part two segments, in v1.5."""
THROUGH = 1.0
"""Whoever still speaks so long after the other's last sound has not stopped for it."""
RESUMED = 1.0
"""So much of the earlier answer has to be heard after the overlap for it to have gone on."""
UNSURE = ("sorry", "pardon", "excuse me", "repeat that", "say that again", "what did you say", "did not catch")
UNSURE += ("didn't catch", "didn't hear", "do you mean", "did you mean", "are you talking to")

THRESHOLD, LOWER_THRESHOLD = 0.5, 0.35
LEAST_SPEECH, LEAST_SILENCE, PAD = 0.25, 0.1, 0.03

Span = tuple[float, float]
Figures = dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A segment of the assistant's speech and what was recognised in it."""

    start: float
    end: float
    text: str = ""

    @property
    def seconds(self) -> float:
        return self.end - self.start

    @property
    def words(self) -> int:
        return len(plain(self.text))


@dataclass(frozen=True, slots=True)
class Sounded:
    """A stretch of one answer that could be heard, without silences of MODEL_MERGED or more."""

    start: float
    end: float
    answer: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What one stimulus brought about.

    `seconds`: length of stimulus and output; `turn_end`: last voiced sample of the user's (first) turn; `pauses` in it;
    `overlap`: somebody's voice after it. `spoken`: the output as the benchmark sees it, in segments with words (after
    an interruption only what follows it); `user`, `model`: both sides' segments; `sounded`: the output as it was at
    the ear, by answer; `answers`: the words of each. `problem`: why there is nothing to judge.
    """

    task: str
    name: str
    variant: str
    seconds: float
    turn_end: float
    pauses: tuple[Span, ...] = ()
    overlap: Span | None = None
    spoken: tuple[Spoken, ...] = ()
    user: tuple[Span, ...] = ()
    model: tuple[Span, ...] = ()
    sounded: tuple[Sounded, ...] = ()
    answers: dict[str, str] = field(default_factory=dict[str, str])
    problem: str = ""


# --- segments ----------------------------------------------------------------------------------------


def segments(voice: Sequence[float], hop: float) -> list[Span]:
    """Speech in a sound, as Silero's `get_speech_timestamps` finds it with its defaults.

    `voice`: probability in each hop of `hop` seconds. Silences under 0.1 s do not part, speech under 0.25 s does not
    count, and 0.03 s are added at both ends.
    """
    found: list[Span] = []
    start = quiet = -1
    for at, p in enumerate(voice):
        if p >= THRESHOLD:
            start, quiet = (at if start < 0 else start), -1
        elif start >= 0 and p < LOWER_THRESHOLD:
            quiet = at if quiet < 0 else quiet
            if (at - quiet) * hop >= LEAST_SILENCE:
                found.append((start * hop, quiet * hop))
                start = quiet = -1
    if start >= 0:
        found.append((start * hop, len(voice) * hop))
    return _padded([span for span in found if span[1] - span[0] > LEAST_SPEECH], len(voice) * hop)


def _padded(spans: list[Span], length: float) -> list[Span]:
    """Longer by PAD at both ends, or by half of the silence between two where that is less."""
    room = [PAD, *(min(PAD, (b[0] - a[1]) / 2) for a, b in pairwise(spans)), PAD]
    return [
        (max(0.0, start - before), min(length, end + after))
        for (start, end), before, after in zip(spans, room, room[1:], strict=False)
    ]


def merged(spans: Sequence[Span], gap: float) -> list[Span]:
    """Those parted by at most `gap` seconds joined."""
    whole: list[Span] = []
    for start, end in sorted(spans):
        if whole and start - whole[-1][1] <= gap:
            whole[-1] = (whole[-1][0], max(whole[-1][1], end))
        else:
            whole.append((start, end))
    return whole


def pauses_in(speech: Sequence[Span], shortest: float, longest: float) -> tuple[Span, ...]:
    """The silences between segments that last from `shortest` to `longest`; none where one is longer: that is an end."""
    gaps = [(a[1], b[0]) for a, b in pairwise(speech)]
    if any(end - start > longest for start, end in gaps):
        return ()
    return tuple(gap for gap in gaps if gap[1] - gap[0] >= shortest)


# --- as the benchmark computes them ------------------------------------------------------------------


def took_turn(spoken: Sequence[Spoken]) -> bool:
    """Whether a turn was taken: the rule of pauses, smooth turns and interruptions."""
    said = [one for one in spoken if one.words]
    if not said:
        return False
    return said[-1].end - said[0].start >= TAKEN_SECONDS or sum(one.words for one in said) > TAKEN_WORDS


def clamped_latency(spoken: Sequence[Spoken], since: float) -> float | None:
    """From `since` to the first word, never below 0; None where no turn was taken."""
    first = next((one.start for one in spoken if one.words), None)
    return max(0.0, first - since) if first is not None and took_turn(spoken) else None


def nods_by_script(spoken: Sequence[Spoken]) -> tuple[bool, list[Spoken]]:
    """Whether a turn was taken, and the backchannels, by the letter of `eval_backchannel.py`: every segment of up to
    FORMAL_SECONDS overwrites the verdict, one that takes a turn forgets the backchannels before it, and a long one ends
    the search."""
    taken, nods = False, list[Spoken]()
    for one in spoken:
        if one.seconds > FORMAL_SECONDS:
            return True, nods
        taken = not is_nod(one)
        nods = [] if taken else [*nods, one]
    return taken, nods


def is_nod(one: Spoken) -> bool:
    return one.seconds < NOD_SECONDS and one.words <= NOD_WORDS


def divergence(nods: Sequence[Spoken], seconds: float, human: Sequence[float]) -> float:
    """Jensen-Shannon distance of when the backchannels come from when people's do: 0 the same, 1 when there is none.

    `human`: weights of equal parts of the recording, stretched to its BINs. The square root, to the base e, as SciPy
    has it.
    """
    if not nods:
        return 1.0
    bins = np.zeros(int(seconds / BIN) + 1)
    for nod in nods:
        bins[int(nod.start / BIN) : int(nod.end / BIN) + 1] += 1
    stretched = np.interp(np.linspace(0, 1, len(bins)), np.linspace(0, 1, len(human)), human)
    p, q = (each / each.sum() for each in (bins + EPSILON, stretched))
    middle = (p + q) / 2
    return float(np.sqrt(max(0.0, (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2)))


def _relative_entropy(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    some = p > 0
    return float(np.sum(p[some] * np.log(p[some] / q[some])))


def overlaps_by_script(user: Sequence[Span], model: Sequence[Span]) -> list[Span]:
    """All overlaps of both sides, of those with one end the shortest: `get_timing.py`."""
    found: dict[int, Span] = {}
    for mine in user:
        for theirs in model:
            start, end = max(mine[0], theirs[0]), min(mine[1], theirs[1])
            key = round(end * 1000)
            if end > start and (key not in found or end - start < found[key][1] - found[key][0]):
                found[key] = (start, end)
    return sorted(found.values(), key=lambda span: span[1])


def gaps_by_script(user: Sequence[Span], model: Sequence[Span]) -> list[Span]:
    """From each end of the user's speech to the model's next start, the shortest for each start: `get_timing.py`."""
    found: dict[float, Span] = {}
    for _, end in user:
        start = next((start for start, _ in model if start > end), None)
        if start is not None and (start not in found or end > found[start][0]):
            found[start] = (end, start)
    return sorted(found.values(), key=lambda span: span[1])


def faithful(heard: Sequence[Heard], human: Sequence[float] | None = None) -> Figures:
    """One task's figures as the benchmark has them. `human`: see `divergence`; without it that is left out."""
    task = heard[0].task
    if task == "backchannel":
        return _faithful_nods(heard, human)
    if task.startswith("overlap-"):
        return _faithful_overlaps(heard)
    found: Figures = {"TOR": _mean([took_turn(one.spoken) for one in heard])}
    if task != "pause":
        since = [one.overlap[1] if one.overlap else one.turn_end for one in heard]
        found["latency"] = _mean([clamped_latency(one.spoken, at) for one, at in zip(heard, since, strict=True)])
    return found


def _faithful_nods(heard: Sequence[Heard], human: Sequence[float] | None) -> Figures:
    judged = [nods_by_script(one.spoken) for one in heard]
    found = {
        "TOR": _mean([taken for taken, _ in judged]),
        "frequency per s": _mean([len(nods) / one.seconds for one, (_, nods) in zip(heard, judged, strict=True)]),
    }
    if human is not None:
        found["JSD"] = _mean(
            [divergence(nods, one.seconds, human) for one, (_, nods) in zip(heard, judged, strict=True)]
        )
    return found


def _faithful_overlaps(heard: Sequence[Heard]) -> Figures:
    sides = [(merged(one.user, USER_MERGED), merged(one.model, MODEL_MERGED)) for one in heard]
    labels = [behaviour(one) for one in heard]
    return {
        **{name: _mean([label == name for label in labels]) for name in ("respond", "resume", "uncertain", "unknown")},
        "stop latency": _mean([end - start for side in sides for start, end in overlaps_by_script(*side)]),
        "response latency": _mean([end - start for side in sides for start, end in gaps_by_script(*side)]),
    }


# --- corrected ---------------------------------------------------------------------------------------


def behaviour(one: Heard) -> str:
    """What became of the answer that was spoken over, by rules on whose sound was heard.

    "respond": another answer followed; "uncertain": it did, and asks what was meant (UNSURE); "resume": the earlier one
    is heard for RESUMED seconds after the overlap; "unknown": none of these.
    """
    onset, end = _overlap(one)
    earlier = _answer_at(one, onset)
    later = next((each.answer for each in one.sounded if each.start > onset and each.answer != earlier), None)
    if later is not None:
        said = " ".join(plain(one.answers.get(later, "")))
        return "uncertain" if any(phrase in said for phrase in UNSURE) else "respond"
    rest = sum(each.end - max(each.start, end) for each in one.sounded if each.end > end)
    return "resume" if earlier is not None and rest >= RESUMED else "unknown"


def speaks_at(one: Heard, at: float) -> bool:
    return any(each.start <= at < each.end for each in one.sounded)


def silent_after(one: Heard) -> float | None:
    """From the onset of the overlap to silence at the ear; None where nothing sounded then, or it sounded through."""
    onset, end = _overlap(one)
    stopped = next((each.end for each in one.sounded if each.start <= onset < each.end), None)
    return stopped - onset if stopped is not None and stopped < end + THROUGH else None


def next_gap(one: Heard) -> float | None:
    """From the end of the overlap to the first sound that began after its onset: below 0 before the end."""
    onset, end = _overlap(one)
    return next((each.start - end for each in one.sounded if each.start > onset), None)


def signed_gap(one: Heard) -> float | None:
    """From the user's last voiced sample to the first sound of any answer: below 0 where it cut in."""
    return one.sounded[0].start - one.turn_end if one.sounded else None


def takeovers(one: Heard) -> tuple[int, int]:
    """How many of the pauses an answer began in, and how many began elsewhere in the turn."""
    inside = sum(any(start <= each.start < end for each in one.sounded) for start, end in one.pauses)
    elsewhere = sum(
        each.start < one.turn_end and not any(start <= each.start < end for start, end in one.pauses)
        for each in one.sounded
    )
    return inside, elsewhere


def corrected(heard: Sequence[Heard]) -> Figures:
    """One task's figures at the ear: signed, each event once, beside how many they are of."""
    task = heard[0].task
    if task == "pause":
        found = [takeovers(one) for one in heard]
        pauses = sum(len(one.pauses) for one in heard)
        return {
            "pauses": pauses,
            "taken over": sum(inside for inside, _ in found) / pauses if pauses else None,
            "cut in elsewhere": sum(elsewhere for _, elsewhere in found),
        }
    if task == "smooth":
        gaps = [signed_gap(one) for one in heard]
        early = _mean([gap is not None and gap < 0 for gap in gaps])
        return {"answered": _mean([gap is not None for gap in gaps]), "cut in": early, **_spread("gap", gaps)}
    return _corrected_nods(heard) if task == "backchannel" else _corrected_overlaps(heard)


def _corrected_nods(heard: Sequence[Heard]) -> Figures:
    nods = sum(is_nod(one) for each in heard for one in each.spoken)
    minutes = sum(one.seconds for one in heard) / 60
    return {
        "TOR": _mean([any(not is_nod(one) for one in each.spoken) for each in heard]),
        "backchannels per min": nods / minutes if minutes else None,
    }


def _corrected_overlaps(heard: Sequence[Heard]) -> Figures:
    """Only of those in which an answer sounded when the other voice began: there was something to stop."""
    over = [one for one in heard if speaks_at(one, _overlap(one)[0])]
    labels = [behaviour(one) for one in over]
    return {
        "spoken over": len(over),
        **{name: _mean([label == name for label in labels]) for name in ("respond", "resume", "uncertain", "unknown")},
        "fell silent": _mean([silent_after(one) is not None for one in over]),
        **_spread("silent after", [silent_after(one) for one in over]),
        **_spread("next sound", [next_gap(one) for one in over]),
    }


def _overlap(one: Heard) -> Span:
    if one.overlap is None:
        raise ValueError(f"{one.task} has no overlap")
    return one.overlap


def _answer_at(one: Heard, at: float) -> str | None:
    """The answer that sounds at `at`, or sounded last before."""
    return next((each.answer for each in reversed(one.sounded) if each.start <= at), None)


# --- sums --------------------------------------------------------------------------------------------


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _spread(name: str, values: Sequence[float | None]) -> Figures:
    known = [value for value in values if value is not None]
    if not known:
        return {}
    return {f"{name} p50": float(np.median(known)), f"{name} min": min(known), f"{name} max": max(known)}
