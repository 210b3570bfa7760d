"""`vivavoce bench stt`: how well and how fast speech is recognised, on a folder of recordings with transcripts.

Reports per folder, never only pooled: word error rate, real-time factor (time to recognise ÷ length of the
speech), clips of speech in which no words were found, and words found in noise, music and tones. With
--full-window each clip is also recognised by the same model padded to Whisper's 30 s, in the same run and turn
about, so that what else the machine does falls on both alike.
"""

from __future__ import annotations

import argparse
import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vivavoce.audio.pcm import Pcm
    from vivavoce.models import ModelFiles
    from vivavoce.ports import Transcriber

SOUNDS = frozenset((".flac", ".wav", ".ogg", ".mp3"))
SPEECHLESS = frozenset(("noise", "music", "tone"))
SPEECH, SPEECHLESS_ALL = "= speech", "= no speech"
"""The sums over all folders, last in the table."""
UNSPACED = frozenset(("ja", "zh", "th"))
"""Languages without spaces between words: characters are counted instead."""


@dataclass(frozen=True, slots=True)
class Recording:
    """`text` is empty where nobody speaks. `language`: ISO 639-1, None when unknown."""

    path: Path
    folder: str
    text: str
    language: str | None = None


@dataclass(slots=True)
class Tally:
    """Sums over the recordings of one folder by one engine."""

    clips: int = 0
    seconds: float = 0.0  # of sound
    spent: float = 0.0  # seconds
    words: int = 0
    errors: int = 0
    missed: int = 0  # clips of speech that gave no words
    invented: int = 0  # words in clips where nobody speaks

    def add(self, other: Tally) -> None:
        for name, value in asdict(other).items():
            setattr(self, name, getattr(self, name) + value)

    @property
    def wer(self) -> float | None:
        return self.errors / self.words if self.words else None

    @property
    def rtf(self) -> float:
        return self.spent / self.seconds if self.seconds else 0.0


Tallies = dict[str, dict[str, Tally]]
"""Folder -> engine ("shortened", "full window") -> sums."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("stt", help="word error rate and speed of speech recognition")
    parser.add_argument(
        "--recordings",
        type=Path,
        required=True,
        metavar="DIR",
        help="sound files, each with a .txt beside it, or a manifest.jsonl (path, text, lang, wer_ok, voice)",
    )
    parser.add_argument("--model", default="whisper-base", metavar="ID")
    parser.add_argument("--full-window", action="store_true", help="compare with the same model padded to 30 s")
    parser.add_argument("--detect", action="store_true", help="do not tell the engine the language")
    parser.add_argument("--limit", type=int, metavar="N", help="at most N recordings of each folder")
    parser.add_argument("--threads", type=int, default=1, metavar="N")
    parser.add_argument("--models-dir", type=Path, metavar="DIR", help="where the models lie, one folder each")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Raises StartupError when there is nothing to measure, ModelUnavailable when the model is missing."""
    import asyncio

    from vivavoce.errors import StartupError

    recordings = list(_limited(read_recordings(args.recordings), args.limit))
    if not recordings:
        raise StartupError(
            f"{args.recordings} holds no recordings with transcripts.",
            "Put a .txt with the words beside each sound file, or a manifest.jsonl into the folder.",
        )
    engines = _engines(args)
    try:
        tallies = asyncio.run(measure(engines, recordings, detect=args.detect))
    finally:
        for engine in engines.values():
            engine.close()
    print(f"{args.model}, {args.threads} thread(s), {len(recordings)} recordings")
    print(table(tallies))
    if args.json:
        args.json.write_text(json.dumps(as_json(args.model, tallies), indent=2) + "\n")
    return 0


def read_recordings(folder: Path) -> Iterator[Recording]:
    """Those that can be scored: with an exact transcript, or known to hold no speech."""
    manifest = folder / "manifest.jsonl"
    if manifest.exists():
        yield from _from_manifest(manifest)
        return
    for path in sorted(folder.rglob("*")):
        words = path.with_suffix(".txt")
        if path.suffix.lower() in SOUNDS and words.exists():
            yield Recording(path, str(path.parent.relative_to(folder)), words.read_text().strip())


def _from_manifest(manifest: Path) -> Iterator[Recording]:
    for line in manifest.read_text().splitlines():
        entry = json.loads(line)
        path = manifest.parent / entry["path"]
        speechless = entry.get("voice") in SPEECHLESS or entry.get("kind") in SPEECHLESS
        if speechless or (entry.get("wer_ok") and entry.get("text")):
            yield Recording(path, path.parent.name, "" if speechless else entry["text"], entry.get("lang"))


def _limited(recordings: Iterable[Recording], most: int | None) -> Iterator[Recording]:
    seen: dict[str, int] = {}
    for recording in recordings:
        seen[recording.folder] = seen.get(recording.folder, 0) + 1
        if most is None or seen[recording.folder] <= most:
            yield recording


def _engines(args: argparse.Namespace) -> dict[str, Transcriber]:
    from vivavoce.engines.stt import whisper

    models = _models(args.models_dir)
    engines: dict[str, Transcriber] = {
        "shortened": whisper.load(whisper.Options(model=args.model, threads=args.threads), models)
    }
    if args.full_window:
        full = whisper.Options(model=args.model, threads=args.threads, window=30.0)
        engines["full window"] = whisper.load(full, models)
    return engines


def _models(folder: Path | None) -> ModelFiles:
    if folder is not None:
        return lambda id: folder / id
    from vivavoce.models.store import Store
    from vivavoce.settings import read_settings

    return Store(read_settings().paths.models).path


async def measure(engines: dict[str, Transcriber], recordings: Sequence[Recording], *, detect: bool = False) -> Tallies:
    """Every recording through every engine, in turn. A first one is done twice, so that no engine is timed cold."""
    from vivavoce.ports import TranscriptionHint

    tallies: Tallies = {}
    for number, recording in enumerate([recordings[0], *recordings]):
        sound = _read(recording.path)
        hint = TranscriptionHint(None if detect else recording.language)
        for name, engine in engines.items():
            if recording.language and recording.language not in engine.languages and engine.languages == ("en",):
                continue  # an English-only model is not asked for Italian
            one = await _measure(engine, recording, sound, hint)
            if number:
                for folder in (recording.folder, SPEECH if recording.text else SPEECHLESS_ALL):
                    tallies.setdefault(folder, {}).setdefault(name, Tally()).add(one)
    return tallies


async def _measure(engine: Transcriber, recording: Recording, sound: Pcm, hint: Any) -> Tally:
    import time

    started = time.perf_counter()
    heard = words((await engine.transcribe(sound, hint)).text, recording.language)
    spent = time.perf_counter() - started
    said = words(recording.text, recording.language)
    tally = Tally(clips=1, seconds=sound.seconds, spent=spent, words=len(said))
    if said:
        tally.errors, tally.missed = distance(said, heard), int(not heard)
    else:
        tally.invented = len(heard)
    return tally


def _read(path: Path) -> Pcm:
    import soundfile

    from vivavoce.audio.pcm import Pcm
    from vivavoce.audio.resample import resample
    from vivavoce.ports import HEARING_RATE

    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return resample(Pcm(samples.mean(axis=1), rate), HEARING_RATE)


def words(text: str, language: str | None) -> list[str]:
    """What is compared: lower case, no punctuation; digits stay, so that "2" for "two" counts as an error."""
    plain = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    kept = "".join(c if c == "'" or unicodedata.category(c)[0] in "LNM" else " " for c in plain)
    return list(kept.replace(" ", "")) if language in UNSPACED else kept.split()


def distance(said: Sequence[str], heard: Sequence[str]) -> int:
    """Words to insert, delete or replace (Levenshtein)."""
    above = list(range(len(heard) + 1))
    for row, word in enumerate(said, 1):
        line = [row]
        for column, other in enumerate(heard, 1):
            line.append(min(above[column] + 1, line[-1] + 1, above[column - 1] + (word != other)))
        above = line
    return above[-1]


def table(tallies: Tallies) -> str:
    """One line a folder, then the sums."""
    names = list(next(iter(tallies.values())))
    lines = [" " * 31 + "".join(f"{name:^37}" for name in names)]
    lines.append(
        f"{'folder':14}{'clips':>6}{'minutes':>9}  "
        + f"{'WER %':>9}{'RTF':>8}{'missed':>9}{'invented':>10} " * len(names)
    )
    for folder in sorted(tallies, key=lambda folder: (folder[0] == "=", folder)):
        first = tallies[folder][names[0]]
        line = f"{folder:14}{first.clips:6}{first.seconds / 60:9.1f}  "
        lines.append(line + "".join(_columns(tallies[folder][name]) for name in names))
    if len(names) > 1 and SPEECH in tallies:
        short, full = (tallies[SPEECH][name].spent for name in names[:2])
        lines.append(f"time on speech: {short:.1f} s against {full:.1f} s, {short / full:.0%}")
    return "\n".join(lines)


def _columns(tally: Tally) -> str:
    wer = "–" if tally.wer is None else f"{tally.wer * 100:.1f}"
    return f"{wer:>9}{tally.rtf:8.3f}{tally.missed:9}{tally.invented:10} "


def as_json(model: str, tallies: Tallies) -> dict[str, Any]:
    folders = {
        folder: {name: asdict(tally) | {"wer": tally.wer, "rtf": tally.rtf} for name, tally in engines.items()}
        for folder, engines in tallies.items()
    }
    return {"model": model, "folders": folders}
