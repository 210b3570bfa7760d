"""How well voices are told apart in files: conversations are put together from recordings of known speakers.

    python -m bench.diarization RECORDINGS

RECORDINGS holds a manifest.jsonl that names the `speaker` of each clip. Conversations of a minute, with pauses of 0.1
to 0.7 s between the clips, all at one level; nobody speaks over anybody else. Reported is the share of speech that is
given to the wrong speaker, under the best matching of the speakers found to those who are there (the confusion in
the diarization error rate; what is missed is the detector's), and how many speakers were found.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vivavoce.api.rest.diarization import Voices, voice_in, voices_in
from vivavoce.audio.files import read_sound
from vivavoce.audio.pcm import Pcm, Samples
from vivavoce.audio.speakers import speech_in
from vivavoce.loading import load_engine, model_files
from vivavoce.ports import HEARING_RATE, HOP, SpeakerEncoder, VoiceActivityDetector
from vivavoce.settings import read_settings

SECONDS = 60.0
LEVEL = 0.05
"""Root mean square of every clip."""
LONGEST = 12.0
"""Seconds that one person speaks."""
EACH = 3
"""Conversations of each kind."""
STEP = HOP / HEARING_RATE
UNLIKE = ("whisper", "falsetto", "reverberant")
"""Kinds of clips in which people do not sound like themselves."""


@dataclass(frozen=True, slots=True)
class Talk:
    """`turns`: (start, end, speaker), in seconds."""

    sound: Pcm
    turns: tuple[tuple[float, float, str], ...]


def clips_of(folder: Path) -> dict[str, list[Samples]]:
    """The clips of each speaker."""
    clips: dict[str, list[Samples]] = defaultdict(list)
    for line in (folder / "manifest.jsonl").read_text().splitlines():
        row = json.loads(line)
        if row.get("speaker") and row["seconds"] >= 1 and not any(kind in row["kind"] for kind in UNLIKE):
            samples = read_sound((folder / row["path"]).read_bytes(), HEARING_RATE, longest=600).samples
            clips[_person(row["speaker"])].append(samples * (LEVEL / (np.sqrt((samples**2).mean()) + 1e-9)))
    return clips


def _person(speaker: str) -> str:
    """One who speaks several languages is one person: en_US_f_Allison, es_MX_f_Allison."""
    return speaker.rsplit("_", 1)[-1]


def talk(clips: dict[str, list[Samples]], people: int, dice: random.Random) -> Talk:
    who = dice.sample(sorted(clips), people)
    parts: list[Samples] = []
    turns: list[tuple[float, float, str]] = []
    position, last = 0.0, ""
    while position < SECONDS:
        last = dice.choice([name for name in who if name != last] or who)
        clip = dice.choice(clips[last])[: round(LONGEST * HEARING_RATE)]
        parts += [clip, np.zeros(round(dice.uniform(0.1, 0.7) * HEARING_RATE), np.float32)]
        turns.append((position, position + len(clip) / HEARING_RATE, last))
        position += (len(clip) + len(parts[-1])) / HEARING_RATE
    return Talk(Pcm(np.concatenate(parts).astype(np.float32), HEARING_RATE), tuple(turns))


async def score(one: Talk, vad: VoiceActivityDetector, encoder: SpeakerEncoder) -> tuple[float, int]:
    """The share of speech that is given to the wrong speaker, and how many were found."""
    voices = await voices_in(one.sound, vad, encoder, ())
    spoken = speech_in(await voice_in(one.sound, vad), STEP)
    moments = [span.start + (n + 0.5) * STEP for span in spoken for n in range(round((span.end - span.start) / STEP))]
    return _confusion(one, voices, moments)


def _confusion(one: Talk, voices: Voices, moments: Sequence[float]) -> tuple[float, int]:
    told: dict[tuple[str, str], int] = defaultdict(int)
    for moment in moments:
        who = next((name for start, end, name in one.turns if start <= moment < end), None)
        if who is not None:
            told[who, voices.at(moment)] += 1
    there, found = sorted({who for who, _ in told}), sorted({name for _, name in told})
    table = np.array([[told[who, name] for name in found] for who in there])
    return 1 - _matched(table) / table.sum(), len(found)


def _matched(table: NDArray[np.int_]) -> int:
    """The most that a one-to-one matching of rows to columns can sum up to, by the subsets of columns taken."""
    best = {0: 0}
    for row in table:
        longer = dict(best)
        for taken, total in best.items():
            for place, each in enumerate(row):
                if not taken >> place & 1:
                    key = taken | 1 << place
                    longer[key] = max(longer.get(key, 0), total + int(each))
        best = longer
    return max(best.values())


async def run(folder: Path) -> None:
    settings = read_settings()
    vad = load_engine("vad", settings.engines.vad, model_files(settings))
    encoder = load_engine("speaker", settings.engines.speaker, model_files(settings))
    clips = clips_of(folder)
    readers = {name: clips[name] for name in clips if name.startswith("ls-")}
    dice = random.Random(1)  # noqa: S311 - a benchmark is repeated, not guessed
    print("| conversations | people | wrong speaker | found |\n|---|---|---|---|")
    for kind, pool in (("one recording condition (LibriSpeech)", readers), ("all", clips)):
        for people in (1, 2, 3, 4):
            scores = [await score(talk(pool, people, dice), vad, encoder) for _ in range(EACH)]
            wrong, found = np.mean([one for one, _ in scores]), np.mean([many for _, many in scores])
            print(f"| {kind} | {people} | {100 * wrong:.1f} % | {found:.1f} |", flush=True)
    vad.close()
    encoder.close()


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1])))
