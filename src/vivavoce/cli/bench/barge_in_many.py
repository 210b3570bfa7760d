"""The trials of `bench barge-in --offline`: hundreds, by every voice of the speech engine and everybody recorded.

Whoever speaks up has asked the question before, in his own language, and is answered in it. What was held out when
constants and words were chosen is told with each trial. A trial is the same in every run, whatever others there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from vivavoce.audio.pcm import Pcm
from vivavoce.cli.bench.barge_in_stimuli import (
    ECHO_DB,
    MORE_VOICES,
    NOISE_DB,
    QUESTION,
    QUESTIONS,
    VARYING_DB,
    VOICES,
    Trial,
    chance,
    levelled,
    noises,
    speak,
    spread_over,
)
from vivavoce.cli.bench.barge_in_words import ANSWERS, LANGUAGES, Line, in_turn, lines
from vivavoce.cli.bench.questions import listed
from vivavoce.cli.bench.stimuli import at_level, in_room, level_db
from vivavoce.cli.clips import RATE, Clip, everybody

if TYPE_CHECKING:
    from vivavoce.settings import Settings

SPOKEN = ("order", "single word", "sentence", "backchannel", "to others")
KINDS = (*SPOKEN[:3], "person", "interruption in echo", *SPOKEN[3:], "background", "noise", "crowd", "echo")
LEAST_SPOKEN, MOST_SPOKEN = 0.8, 8.0  # s of recordings that are taken
QUESTION_SECONDS = 2.0  # of a recording that is asked with, as near as there is one
NOT_SPEECH = ("disfluent", "meeting")
"""Kinds of recordings that are no interruption: fillers, whispers, several people at once."""
ECHO_DB_OF_INTERRUPTIONS = -20.0
CROWD_SECONDS = 4.0
LEAST_TALKERS, MOST_TALKERS = 5, 9
TALKERS_DB = 3.0  # by which one is louder or softer than another
TALKERS = 36
"""Sentences of which crowds are made."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`most`: trials of a kind. `talk`: the language of question and answer, that of who speaks up or English."""

    most: int
    kinds: tuple[str, ...] = KINDS
    languages: tuple[str, ...] = LANGUAGES
    talk: Literal["own", "en"] = "own"


@dataclass(frozen=True, slots=True)
class Said:
    """All that was spoken by the engine. `questions`, `answers`: by language, the questions as loud as `usual`."""

    questions: Mapping[str, Clip]
    answers: Mapping[str, Pcm]
    heard: Sequence[tuple[Line, Clip]]
    talkers: Sequence[Clip]
    usual: float


def planned(most: int, kinds: str, languages: str, talk: Literal["own", "en"]) -> Plan:
    """Out of what was given on the command line. Raises StartupError."""
    chosen = listed("--kinds", kinds or ",".join(KINDS), KINDS)
    spoken = listed("--languages", languages or ",".join(LANGUAGES), LANGUAGES)
    return Plan(most, tuple(chosen), tuple(spoken), talk)


async def gather(
    settings: Settings, recordings: Path | None, plan: Plan, kept: Path | None
) -> tuple[Clip, Mapping[str, Pcm], list[Trial]]:
    """The usual question, answers by language, and the trials. `kept`: see `speak`. Raises StartupError."""
    said = await _said(settings, plan, kept)
    people = [] if recordings is None else list(_people(recordings, said, plan))
    make: Mapping[str, Callable[[], Iterator[Trial]]] = {
        "person": lambda: iter(people),
        "interruption in echo": lambda: _in_echo(people or list(_spoken("sentence", said, plan))),
        "background": lambda: _in_background(people or list(_spoken("sentence", said, plan)), said.usual),
        "noise": lambda: iter(spread_over(list(noises(recordings, many=True)), plan.most)),
        "crowd": lambda: (crowd(said.talkers, seed) for seed in range(plan.most)),
        "echo": lambda: (Trial("echo", f"{db:.0f} dB", None, db) for db in ECHO_DB),
    } | {kind: lambda kind=kind: _spoken(kind, said, plan) for kind in SPOKEN}
    trials = in_turn([list(make[kind]())[: plan.most] for kind in plan.kinds])  # a run broken off has of all kinds
    return said.questions["en"], said.answers, trials


def voices_of(settings: Settings) -> dict[str, list[str]]:
    """The voices of the speech engine that speak each language; where it does not tell, those of our own API."""
    from contextlib import closing

    from vivavoce.loading import load_engine, model_files

    with closing(load_engine("tts", settings.engines.tts, model_files(settings))) as engine:
        by_language = sorted(engine.voices, key=lambda voice: voice.language)
    grouped = groupby(by_language, key=lambda voice: voice.language)
    spoken = {language: [voice.id for voice in voices] for language, voices in grouped}
    return spoken or dict.fromkeys(LANGUAGES, [*VOICES, *MORE_VOICES])


async def _said(settings: Settings, plan: Plan, kept: Path | None) -> Said:
    voices = voices_of(settings)
    spoken = [
        line for kind in SPOKEN if kind in plan.kinds for line in lines(kind, voices, plan.languages)[: plan.most]
    ]
    talkers = lines("sentence", voices, plan.languages)[:TALKERS]
    if set(plan.kinds) & {"background", "interruption in echo"}:
        spoken += [line for line in talkers if line not in spoken]
    talks = list(dict.fromkeys(["en", *plan.languages]))
    wanted = [("question", QUESTIONS.get(language, QUESTION), VOICES[0], language) for language in talks]
    wanted += [("answer", ANSWERS[language], "nova", language) for language in talks]
    wanted += [(line.kind, line.text, line.voice, line.language) for line in [*spoken, *talkers]]
    clips = [clip for _, clip in await speak(settings, wanted, kept)]
    asked, answered, rest = clips[: len(talks)], clips[len(talks) : 2 * len(talks)], clips[2 * len(talks) :]
    usual = level_db(Pcm(asked[0].samples, RATE))
    return Said(
        {clip.language: _as_loud(clip, usual) for clip in asked},
        {clip.language: Pcm(clip.samples, RATE) for clip in answered},
        list(zip(spoken, rest, strict=False)),
        rest[len(spoken) :],
        usual,
    )


def _spoken(kind: str, said: Said, plan: Plan) -> Iterator[Trial]:
    for line, clip in said.heard:
        if line.kind == kind:
            talk = "en" if plan.talk == "en" else line.language
            trial = Trial(kind, clip.name, clip, question=said.questions[talk], talk=talk, held_out=line.held_out)
            yield levelled(trial, said.usual, _seed(trial))


def _people(recordings: Path, said: Said, plan: Plan) -> Iterator[Trial]:
    """Everybody in turn. What he asked before is another recording of his, where he is known; else a voice asked it."""
    clips = list(everybody(recordings, (LEAST_SPOKEN, MOST_SPOKEN), NOT_SPEECH))
    groups: dict[str, list[Clip]] = {}
    for clip in clips:
        groups.setdefault(clip.speaker or clip.name, []).append(clip)
    for clip in in_turn(list(groups.values())):
        own = [each for each in clips if clip.speaker and each.speaker == clip.speaker and each is not clip]
        own.sort(key=lambda each: abs(each.end - each.onset - QUESTION_SECONDS))
        talk = clip.language if plan.talk == "own" and clip.language in said.answers else "en"
        asked = said.questions[talk] if plan.talk == "en" or not own else _as_loud(own[0], said.usual)
        trial = Trial("person", clip.name, clip, question=asked, talk=talk)
        yield levelled(trial, said.usual, _seed(trial))


def _in_echo(interruptions: Sequence[Trial]) -> Iterator[Trial]:
    for trial in interruptions[::3]:
        yield replace(trial, kind="interruption in echo", echo_db=ECHO_DB_OF_INTERRUPTIONS)


def _in_background(people: Sequence[Trial], usual: float) -> Iterator[Trial]:
    for trial in people[1::3]:
        yield levelled(replace(trial, kind="background", question=None, talk="en"), usual, _seed(trial))


def crowd(talkers: Sequence[Clip], seed: int) -> Trial:
    """Five to eight people who talk with each other in a room, as loud as other noises are. Odd seeds are held out."""
    random = chance(seed, "crowd")
    heard = np.zeros(round(CROWD_SECONDS * RATE), np.float32)
    for _ in range(random.integers(LEAST_TALKERS, MOST_TALKERS)):
        at = -random.uniform(0, 1)
        while at < CROWD_SECONDS:
            clip = talkers[int(random.integers(len(talkers)))]
            sound = Pcm(clip.samples, RATE).cut(max(clip.onset, -at), max(clip.end, -at))
            there = at_level(in_room(sound, 0.5, int(random.integers(99))), random.uniform(-TALKERS_DB, TALKERS_DB))
            first = round(max(at, 0.0) * RATE)
            part = heard[first : first + len(there)]
            part += there.samples[: len(part)]
            at += clip.end + random.uniform(0.1, 0.6)
    sound = at_level(Pcm(heard, RATE), NOISE_DB + random.uniform(-VARYING_DB, VARYING_DB))
    clip = Clip(f"crowd {seed}", sound.samples, 0.0, CROWD_SECONDS)
    return Trial("crowd", clip.name, clip, held_out="voices" if seed % 2 else "")


def _as_loud(clip: Clip, usual: float) -> Clip:
    return replace(clip, samples=at_level(Pcm(clip.samples, RATE), usual).samples)


def _seed(trial: Trial) -> int:
    return int.from_bytes(blake2b(trial.name.encode(), digest_size=4).digest())
