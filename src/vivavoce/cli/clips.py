"""Recordings as a microphone would hear them, and where the voice in them begins and ends.

The last voiced sample is what "voice-to-voice" is counted from, so it is found from the sound itself
and not from a recogniser: a 10 ms frame is voiced when it lies VOICED_ABOVE_FLOOR_DB above the clip's
own noise floor (10th percentile of its frames) and no further than VOICED_BELOW_PEAK_DB below its loud
part (95th percentile), and at least three of the five frames that end with it are: a click is no voice.
Silero VAD, which smooths over some hops, puts the end 70 ms later at the median (35 clips, 5 to 95 %:
-39 to +191 ms): latencies counted from here are rather too long than too short. A test compares the two.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from vivavoce.audio.pcm import Pcm, Samples
from vivavoce.audio.resample import resample
from vivavoce.conversation.opener import QUESTION_WORDS
from vivavoce.errors import StartupError

RATE = 24_000
"""Hz of pcm16 on the Realtime wire."""
VOICED_ABOVE_FLOOR_DB = 9.0
VOICED_BELOW_PEAK_DB = 25.0
AUDIBLE_DB = -45.0
"""dBFS over 10 ms from which an answer counts as heard; quieter is taken for silence."""

FILLERS = frozenset(("um", "uh", "er", "erm", "hmm", "äh", "ehm"))
DICTATION_SECONDS = 6.0
SHORT_SECONDS = 1.5

LEVEL_SECONDS = 0.01
"""Of one frame whose level is told."""
_SILENCE_DB = -90.0  # digital silence has no level; this stands for it


@dataclass(frozen=True, slots=True)
class Clip:
    """One recorded utterance at RATE. `onset`, `end`: seconds of its first and last voiced sample."""

    name: str
    samples: Samples
    onset: float
    end: float
    text: str = ""
    language: str = "en"
    speaker: str = ""
    """Who it is; "": not known."""

    @classmethod
    def of(cls, name: str, sound: Pcm, text: str = "") -> Clip:
        heard = resample(sound, RATE)
        onset, end = voiced_span(heard)
        return cls(name, heard.samples, onset, end, text)

    def voiced(self, before: float) -> Clip:
        """Without what is more than `before` seconds ahead of the voice."""
        cut = max(0.0, self.onset - before)
        return replace(self, samples=self.samples[round(cut * RATE) :], onset=self.onset - cut, end=self.end - cut)

    @property
    def turn(self) -> str:
        """What class of turn it is: how soon people answer depends on it."""
        words = self.text.lower().replace("-", " ").replace(",", " ").split()
        if any(word.strip(".…") in FILLERS for word in words) or "..." in self.text:
            return "with hesitations"
        if self.end - self.onset > DICTATION_SECONDS:
            return "long dictation"
        if self.text.rstrip().endswith("?") or (words and words[0] in QUESTION_WORDS):
            return "question"
        return "short answer" if self.end - self.onset < SHORT_SECONDS else "statement"


def read_clip(path: Path, text: str = "") -> Clip:
    """Any file that libsndfile reads, any rate, mono or more. Raises StartupError."""
    import soundfile

    if not path.is_file():
        raise StartupError(f"{path} is not there.", "Name a sound file: WAV, FLAC, OGG or MP3.")
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.SoundFileError) as error:
        raise StartupError(f"{path} cannot be read as sound: {error}", "Give a WAV, FLAC, OGG or MP3 file.") from error
    if not len(samples):
        raise StartupError(f"{path} holds no sound.", "Give a file in which somebody speaks.")
    return Clip.of(path.stem, Pcm(samples.mean(axis=1, dtype=np.float32), rate), text)


def levels(sound: Pcm) -> Samples:
    """Level of each 10 ms frame in dBFS, shape (frames,)."""
    size = round(LEVEL_SECONDS * sound.rate)
    frames = sound.samples[: len(sound) // size * size].reshape(-1, size)
    power = np.square(frames, dtype=np.float64).mean(axis=1)
    return np.asarray(10 * np.log10(np.maximum(power, 10 ** (_SILENCE_DB / 10))), np.float32)


def voiced_span(sound: Pcm) -> tuple[float, float]:
    """Seconds of the first and the last voiced sample; the whole sound where nothing stands out."""
    level = levels(sound)
    if not len(level):
        return 0.0, sound.seconds
    floor, loud = np.percentile(level, 10), np.percentile(level, 95)
    voiced = level > max(min(floor + VOICED_ABOVE_FLOOR_DB, loud - 6.0), loud - VOICED_BELOW_PEAK_DB)
    near = np.convolve(voiced, np.ones(5), mode="full")[: len(voiced)]  # voiced among the last five
    ends = np.flatnonzero(voiced & (near >= 3))
    if not len(ends):
        return 0.0, sound.seconds
    first = max(0, int(ends[0]) - 4)
    first += int(np.argmax(voiced[first : ends[0] + 1]))
    return first * LEVEL_SECONDS, min((int(ends[-1]) + 1) * LEVEL_SECONDS, sound.seconds)


def first_audible(sound: Pcm) -> float | None:
    """Seconds into `sound` at which it can be heard; None when it is silent."""
    loud = np.flatnonzero(levels(sound) > AUDIBLE_DB)
    return float(loud[0]) * LEVEL_SECONDS if len(loud) else None


# --- choosing questions ------------------------------------------------------------------------------

ASKED_KINDS = ("question", "command", "prompt", "read", "conversation")


def choose(folder: Path, count: int | None) -> list[Clip]:
    """Questions and commands out of a folder of recordings.

    With a manifest.jsonl: English, a human voice, 1 to 8 s, an exact transcript, and of a kind in
    ASKED_KINDS; one of each source folder in turn, by name, so that a few clips have many voices.
    Without one: every sound file by name. Raises StartupError when there is none.
    """
    manifest = folder / "manifest.jsonl"
    if manifest.exists():
        rows = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
        chosen = [(folder / row["path"], row["text"]) for row in _in_turn([row for row in rows if _asks(row)])]
    else:
        suffixes = (".wav", ".flac", ".ogg", ".mp3")
        chosen = [(path, "") for path in sorted(folder.rglob("*")) if path.suffix.lower() in suffixes]
    if not chosen:
        raise StartupError(f"{folder} holds no questions.", "Give a folder with sound files, or none: then voices ask.")
    return [read_clip(path, text) for path, text in chosen[:count]]


def everybody(folder: Path, seconds: tuple[float, float], without: tuple[str, ...]) -> Iterator[Clip]:
    """Whatever people say in a folder of recordings, in any language, of at least and at most so many seconds. With a
    manifest.jsonl: human voices whose words are known, but for kinds that begin as one of `without`. Raises
    StartupError when there is none."""
    manifest = folder / "manifest.jsonl"
    if not manifest.exists():
        yield from choose(folder, None)
        return
    rows = map(json.loads, manifest.read_text(encoding="utf-8").splitlines())
    human = [row for row in rows if row["voice"] == "human" and row["text"] and not row["kind"].startswith(without)]
    for row in (row for row in human if seconds[0] <= row["seconds"] <= seconds[1]):
        clip = read_clip(folder / row["path"], row["text"])
        yield replace(clip, language=row["lang"], speaker=row.get("speaker") or "")


def _asks(row: dict[str, Any]) -> bool:
    return bool(
        row["lang"] == "en"
        and row["voice"] == "human"
        and row["kind"] in ASKED_KINDS
        and row["text"]
        and row["wer_ok"]
        and 1 <= row["seconds"] <= 8
    )


def _in_turn(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    folders: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: str(row["path"])):
        folders.setdefault(row["path"].rpartition("/")[0], []).append(row)
    for around in zip_longest(*folders.values()):
        yield from (row for row in around if row)
