"""What `bench turns` plays: turns with pauses, turns without, and what people say over an assistant that speaks.

Out of recordings where there are some, else of the synthesiser's voices. Deterministic, but for the voices.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import numpy as np

from vivavoce.audio.pcm import Pcm, Samples, join
from vivavoce.audio.resample import resample
from vivavoce.cli.bench.barge_in_stimuli import spread_over
from vivavoce.cli.bench.stimuli import at_level, in_room, telephone
from vivavoce.cli.bench.turn_metrics import Task
from vivavoce.cli.clips import LEVEL_SECONDS, RATE, Clip, levels, read_clip

TASKS: tuple[Task, ...] = get_args(Task)
VARIANTS = ("clean", "noise", "telephone", "echo")
PAUSE = (0.4, 1.0)
"""Seconds of an inner pause, as in Full-Duplex-Bench v1."""
INSERTED = 0.7
LONG_TURN, SMOOTH_TURN = 5.0, 3.0
NOISE = "audio/noise/livekit_crowded-room.flac"
NOISE_SNR = 15.0
FAN_SECONDS = 7.0
BACKGROUND_DB = -20.0
ROOM_DB = -70.0
QUIET = 0.12  # s at which a pause may be inserted


@dataclass(frozen=True, slots=True)
class Stimulus:
    """`pauses`: seconds in `clip` at which the voice rests, `inserted`: put there by us; `room`: what sounds in the
    room all the time; `over`: it is said over an answer."""

    task: Task
    name: str
    variant: str
    clip: Clip
    pauses: tuple[tuple[float, float], ...] = ()
    inserted: bool = False
    room: Samples | None = None

    @property
    def over(self) -> bool:
        return self.task not in ("pause handling", "smooth turn", "backchannel")


def stimuli(
    people: Sequence[Clip], said: dict[str, list[Clip]], noise: Samples, count: int, variants: Iterable[str]
) -> list[Stimulus]:
    """At most `count` of each task, spread over all there are, in each of `variants`. `people`: turns of people, or of
    voices; `said`: clips of what is said over an answer, by task; `noise`: of a place."""
    chosen: list[Stimulus] = []
    for task in TASKS:
        made = spread_over(list(_of(task, people, said)), count)
        chosen += [vary(one, variant, noise) for variant in variants for one in made]
    return chosen


def _of(task: Task, people: Sequence[Clip], said: dict[str, list[Clip]]) -> Iterator[Stimulus]:
    if task in ("pause handling", "backchannel"):
        for clip in people:
            if (paused := with_pause(clip)) is not None and paused[0].end - paused[0].onset > LONG_TURN:
                yield Stimulus(task, clip.name, "clean", *paused, inserted=paused[0] is not clip)
    elif task == "smooth turn":
        for clip in people:
            if clip.end - clip.onset > SMOOTH_TURN and not inner_pauses(clip):
                yield Stimulus(task, clip.name, "clean", clip)
    else:
        for clip in said.get(task, []):
            yield Stimulus(task, clip.name, "clean", clip)


def inner_pauses(clip: Clip) -> tuple[tuple[float, float], ...]:
    """Runs of at least PAUSE[0] seconds in which nothing stands out, inside the turn."""
    level = levels(Pcm(clip.samples, RATE))
    floor, loud = np.percentile(level, 10), np.percentile(level, 95)
    quiet = level < max(floor + 9.0, loud - 25.0)
    found, begun = [], None
    for place, still in enumerate([*quiet[: round(clip.end / LEVEL_SECONDS)], False]):
        if still and begun is None:
            begun = place
        elif not still and begun is not None:
            if begun * LEVEL_SECONDS > clip.onset and (place - begun) * LEVEL_SECONDS >= PAUSE[0]:
                found.append((begun * LEVEL_SECONDS, place * LEVEL_SECONDS))
            begun = None
    return tuple((start, end) for start, end in found if end < clip.end - LEVEL_SECONDS)


def with_pause(clip: Clip) -> tuple[Clip, tuple[tuple[float, float], ...]] | None:
    """The clip if it has fitting pauses of its own; else with one of INSERTED seconds at the quietest place of its
    middle; None: it has pauses that do not fit."""
    own = inner_pauses(clip)
    if own:
        return (clip, own) if all(end - start <= PAUSE[1] for start, end in own) else None
    middle = clip.onset + np.array([0.35, 0.65]) * (clip.end - clip.onset)
    first, last = (round(at / LEVEL_SECONDS) for at in middle)
    level = levels(Pcm(clip.samples, RATE))
    smooth = np.convolve(level, np.ones(round(QUIET / LEVEL_SECONDS)), "same")
    at = round((first + int(np.argmin(smooth[first:last]))) * LEVEL_SECONDS * RATE)
    room = max(ROOM_DB, float(np.percentile(level, 5)))  # the clip's own, or its speaker would seem to leave it
    rest = np.random.default_rng(3).normal(0.0, 10 ** (room / 20), round(INSERTED * RATE)).astype(np.float32)
    sound = join([Pcm(each, RATE) for each in (clip.samples[:at], rest, clip.samples[at:])], RATE)
    paused = replace(clip, samples=sound.samples, end=clip.end + INSERTED)
    return paused, ((at / RATE, at / RATE + INSERTED),)


def vary(stimulus: Stimulus, variant: str, noise: Samples) -> Stimulus:
    """The same where it is noisy, or over a telephone: its times stay. ("echo" is for the client to make: its
    microphone hears its loudspeaker.)"""
    clip = over_telephone(stimulus.clip) if variant == "telephone" else stimulus.clip
    return replace(stimulus, variant=variant, clip=clip, room=noise if variant == "noise" else None)


def over_telephone(clip: Clip) -> Clip:
    """As it arrives over a telephone line."""
    size = len(clip.samples)
    narrow = resample(telephone(Pcm(clip.samples, RATE)), RATE).samples[:size]
    return replace(clip, samples=np.pad(narrow, (0, size - len(narrow))))


def noise_of(folder: Path | None, usual: float) -> Samples:
    """A crowd where there are recordings, else a fan, so far below somebody who speaks at `usual` dBFS as NOISE_SNR."""
    path = None if folder is None else folder / NOISE
    place = Pcm(read_clip(path).samples, RATE) if path is not None and path.exists() else _fan()
    return at_level(place, usual - NOISE_SNR).samples


def _fan() -> Pcm:
    """Noise that falls by 6 dB an octave."""
    white = np.random.default_rng(5).standard_normal(round(FAN_SECONDS * RATE))
    return Pcm(np.cumsum(white - white.mean()).astype(np.float32), RATE)


def levelled(clip: Clip, db: float) -> Clip:
    """As loud as `db` dBFS."""
    return replace(clip, samples=at_level(Pcm(clip.samples, RATE), db).samples)


def in_background(clip: Clip, usual: float) -> Clip:
    """Somebody else, across the room, where the user speaks at `usual` dBFS."""
    return levelled(replace(clip, samples=in_room(Pcm(clip.samples, RATE)).samples), usual + BACKGROUND_DB)
