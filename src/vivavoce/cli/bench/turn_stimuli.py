"""What `bench turns` plays: turns with pauses, turns without, and what people say over an assistant that speaks.

Out of recordings where there are some, else of the synthesiser's voices. Deterministic, but for the voices.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import numpy as np

from vivavoce.audio.pcm import Pcm, join
from vivavoce.cli.bench.stimuli import at_level, in_room, louder, telephone, with_noise
from vivavoce.cli.bench.turn_metrics import Task
from vivavoce.cli.clips import LEVEL_SECONDS, RATE, Clip, choose, levels, read_clip

TASKS: tuple[Task, ...] = get_args(Task)
VARIANTS = ("clean", "noise", "telephone", "echo")
PAUSE = (0.4, 1.0)
"""Seconds of an inner pause, as in Full-Duplex-Bench v1."""
INSERTED = 0.7
LONG_TURN, SMOOTH_TURN = 5.0, 3.0
NOISE = "audio/noise/livekit_crowded-room.flac"
NOISE_SNR, HUM_DB = 15.0, -50.0
BACKGROUND_DB = -20.0
ROOM_DB = -70.0
QUIET = 0.12  # s at which a pause may be inserted


@dataclass(frozen=True, slots=True)
class Stimulus:
    """`pauses`: seconds in `clip` at which the voice rests; `over`: it is said over an answer."""

    task: Task
    name: str
    variant: str
    clip: Clip
    pauses: tuple[tuple[float, float], ...] = ()

    @property
    def over(self) -> bool:
        return self.task not in ("pause handling", "smooth turn", "backchannel")


def stimuli(
    people: Sequence[Clip], said: dict[str, list[Clip]], noise: Pcm | None, count: int, variants: Iterable[str]
) -> list[Stimulus]:
    """At most `count` of each task, in each of `variants`. `people`: turns of people, or of voices; `said`: clips of
    what is said over an answer, by task; `noise`: of a place, None: a hum is made."""
    chosen: list[Stimulus] = []
    for task in TASKS:
        made = list(_of(task, people, said))[:count]
        chosen += [vary(one, variant, noise) for variant in variants for one in made]
    return chosen


def _of(task: Task, people: Sequence[Clip], said: dict[str, list[Clip]]) -> Iterator[Stimulus]:
    if task in ("pause handling", "backchannel"):
        for clip in people:
            if (paused := with_pause(clip)) is not None and paused[0].end - paused[0].onset > LONG_TURN:
                yield Stimulus(task, clip.name, "clean", paused[0], paused[1])
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


def vary(stimulus: Stimulus, variant: str, noise: Pcm | None) -> Stimulus:
    """The same in noise, over a telephone, or as it is: its times stay. ("echo" is for the client to make: its
    microphone hears its loudspeaker.)"""
    sound = Pcm(stimulus.clip.samples, RATE)
    if variant == "noise":
        sound = with_noise(sound, noise, NOISE_SNR) if noise is not None else with_noise(sound, _hum(), NOISE_SNR)
    elif variant == "telephone":
        from vivavoce.audio.resample import resample

        sound = resample(telephone(sound), RATE)
    size = len(stimulus.clip.samples)
    samples = np.pad(sound.samples[:size], (0, max(0, size - len(sound))))
    return replace(stimulus, variant=variant, clip=replace(stimulus.clip, samples=samples))


def _hum() -> Pcm:
    """Two seconds of a fan: noise that falls by 6 dB an octave."""
    white = np.random.default_rng(5).standard_normal(2 * RATE)
    return at_level(Pcm(np.cumsum(white - white.mean()).astype(np.float32), RATE), HUM_DB)


def recorded(folder: Path) -> tuple[list[Clip], Pcm | None]:
    """People's turns, and the noise of a place. Raises StartupError."""
    path = folder / NOISE
    return choose(folder, None), Pcm(read_clip(path).samples, RATE) if path.exists() else None


def in_background(clip: Clip) -> Clip:
    """Somebody else, across the room."""
    return replace(clip, samples=in_room(louder(Pcm(clip.samples, RATE), BACKGROUND_DB)).samples)
