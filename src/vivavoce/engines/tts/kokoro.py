"""Kokoro-82M (hexgrad, Apache-2.0; after StyleTTS 2, Li et al. 2023) on ONNX Runtime: 54 voices, 8 languages.

A clause costs about a fifth of its length; one that somebody waits for sounds when its first 0.6 s are made (see
`_kokoro_halves`). Phonemes come without espeak-ng (see `phonemes`).
"""

from __future__ import annotations

import logging
import re
import threading
from collections import OrderedDict
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from json import loads
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from vivavoce.audio.pcm import Pcm, Samples, join
from vivavoce.engines.aside import aside
from vivavoce.engines.pool import Stop, Worker
from vivavoce.engines.tts._edges import ending, trimmed
from vivavoce.engines.tts._kokoro_halves import SAMPLES_A_FRAME, Frames, Halves
from vivavoce.engines.tts._kokoro_voices import VOICES, choose, language_of_voice
from vivavoce.engines.tts.phonemes import Phonemizer
from vivavoce.errors import EngineFailed, ModelUnavailable, StartupError
from vivavoce.models import ModelFiles
from vivavoce.ports import Urgency, Voice
from vivavoce.text.spoken import pronounceable

RATE = 24_000
MOST_TOKENS = 510
"""Phonemes that the network takes at once; there is a style vector for each count."""
SPEEDS = (0.25, 4.0)
PIECE = 200
"""Phonemes of one run: some twelve seconds of speech. Longer clauses are made and sent in such pieces."""
KEPT_SECONDS = 3.0
"""Longest clause worth keeping: openers ("Sure.", "Let me see.") come again, long clauses do not."""
FIRST_FRAMES = 48
"""Of 12.5 ms: a clause that somebody waits for is begun when so much of it is made,"""
LEAST_PIECE = 40
"""so that each piece is at least so long;"""
CONTEXT_FRAMES = 16
"""made twice where two pieces meet: the network needs to know what is round a sound."""
KEEPS_UP = 0.75
"""Share of the time that is left until the sound runs out within which the next piece must be made, at the pace of the
one before; on a machine too busy for that the clause is held until it is whole, since a word must not break off."""
PLANNED = 0.65
"""The same share where the first piece is measured out, so long that the next one can be made in time: a little less,
for a clause that is held after all has its edges made twice for nothing."""
LATEST_PACE = 0.5
"""Share of the latest run in the pace that is reckoned with."""
JOINT = 240
"""Samples over which one piece fades into the other."""
WATCH_SECONDS = 0.01
"""How often a run under way looks whether it is still wanted."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """`voice`: who speaks where the name asked for is not known. `threads`: two give the first sound in 0.6 of the
    time of one, and nothing else of a conversation is busy then. `cache`: bytes of clauses kept for their return."""

    model: str = "kokoro-82m-int8"
    voices: str = "kokoro-82m-voices"
    voice: str = "af_heart"
    threads: int = 2
    cache: int = 16_000_000


def load(options: Options, models: ModelFiles) -> Kokoro:
    """Takes about a second. Raises ModelUnavailable, and StartupError for a default voice that does not exist."""
    if options.voice not in {voice.id for voice in VOICES}:
        raise StartupError(
            f"Kokoro has no voice {options.voice!r}", "choose one of: " + ", ".join(v.id for v in VOICES)
        )
    model, voices = models(options.model) / "model.onnx", models(options.voices) / "voices"
    return aside(lambda: Kokoro(options, Halves(model, options.threads), voices))


class Kokoro:
    """A Synthesizer. One worker thread: a clause at a time, urgent ones first."""

    name = "kokoro"
    rate = RATE
    voices: tuple[Voice, ...] = VOICES

    def __init__(self, options: Options, network: Halves, styles: Path) -> None:
        self._options, self._network, self._styles = options, network, styles
        self._tokens: dict[str, int] = loads(
            files("vivavoce.engines.tts.phonemes").joinpath("kokoro.json").read_bytes()
        )
        self._phonemizer = Phonemizer()
        self._style = lru_cache(maxsize=None)(self._read_style)
        self._kept = _Kept(options.cache)
        self._pace = 0.0
        """Seconds that a frame takes where somebody waits, lately: the model still writes then; 0.0: not known."""
        for _ in self._make(self._phonemizer.phonemes("Hello.", "en-us"), options.voice, 1.0, lambda: False):
            pass  # first runs are slow
        self._worker = Worker(self.name)

    async def synthesize(
        self, text: str, *, voice: str, speed: float = 1.0, language: str | None = None, urgency: Urgency = Urgency.NOW
    ) -> AsyncGenerator[Pcm, None]:
        chosen = choose(voice, language, self._options.voice)
        said = pronounceable(text, language_of_voice(chosen))
        if not said:
            return
        speed = min(max(speed, SPEEDS[0]), SPEEDS[1])
        key = (said, chosen, speed)
        if (kept := self._kept.get(key)) is not None:
            yield kept
            return
        made: list[Pcm] = []
        soon = urgency is Urgency.NOW
        work = self._worker.stream(lambda stop: self._speak(said, chosen, speed, stop, soon=soon), urgency)
        async with aclosing(work) as sounds:
            async for sound in sounds:
                made.append(sound)
                yield sound
        self._kept.put(key, join(made, RATE))

    def close(self) -> None:
        self._worker.close()

    def _speak(self, text: str, voice: str, speed: float, stop: Stop, *, soon: bool) -> Iterator[Pcm]:
        """Clause to sound, in pieces where it is very long, or wanted `soon`."""
        mark = ending(text)
        phonemes = self._phonemizer.phonemes(text, _accent(voice))
        if not any(phoneme.isalpha() for phoneme in phonemes):
            log.warning("no phonemes for a clause in %s: it is passed over", language_of_voice(voice))
            return
        pieces = list(_pieces("".join(p for p in phonemes if p in self._tokens), PIECE))
        for number, piece in enumerate(pieces):
            if stop():
                return
            last = number == len(pieces) - 1
            # Without a mark the voice falls as at the end of a sentence, or swallows the last sound.
            closed = piece if piece[-1] in ".!?,;:…—" else piece + ","
            begun = False
            for sound, more in self._make(closed, voice, speed, stop, soon=soon and number == 0):
                yield trimmed(sound, None if more else mark if last else ",", begun=begun)
                begun = more

    def _make(
        self, phonemes: str, voice: str, speed: float, stop: Stop, *, soon: bool = False
    ) -> Iterator[tuple[Pcm, bool]]:
        """The sound, and whether more follows: its first part by itself where it is wanted `soon`."""
        tokens = [self._tokens[phoneme] for phoneme in phonemes if phoneme in self._tokens]
        inputs: dict[str, NDArray[Any]] = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": self._style(voice)[len(tokens) - 1],
            "speed": np.array([speed], np.float32),
        }
        with _stoppable(stop) as run:
            frames = self._network.frames(inputs, run)
            length = frames.last - frames.first
            first = _first_piece(length, self._pace) if soon else length
            if first < length:
                yield from self._in_pieces(frames, frames.first + first, run)
                return
            asked = monotonic()
            whole = self._network.sound(frames, frames.first, frames.last, run)
            if soon:
                self._learn((monotonic() - asked) / length)
            yield _sound(whole), False

    def _learn(self, pace: float) -> None:
        self._pace += LATEST_PACE * (pace - self._pace) if self._pace else pace

    def _in_pieces(self, frames: Frames, end: int, run: onnxruntime.RunOptions) -> Iterator[tuple[Pcm, bool]]:
        """What is before the frame `end`, then pieces that are each made while what is before them sounds."""
        start, context = frames.first, 0
        held: list[Samples] = []
        fading = np.zeros(0, np.float32)
        runs_out: float | None = None  # when what was sent has sounded
        while True:
            asked, until = monotonic(), min(end + CONTEXT_FRAMES, frames.last)
            made = self._network.sound(frames, start - context, until, run)
            a_frame = (monotonic() - asked) / (until - start + context)
            if not context:
                self._learn(a_frame)
            made = _joined(fading, made[context * SAMPLES_A_FRAME :])
            edge = (end - start) * SAMPLES_A_FRAME
            held.append(made[:edge])
            sound = np.concatenate(held)
            rest = frames.last - end
            if not rest:
                yield _sound(sound), False
                return
            lasts = len(sound) / RATE + (runs_out - monotonic() if runs_out else 0.0)
            following = _next_piece(rest, int(KEEPS_UP * lasts / a_frame))
            if following:
                yield _sound(sound), True
                held.clear()
                runs_out = monotonic() + lasts
            start, end, context, fading = end, end + (following or rest), CONTEXT_FRAMES, made[edge : edge + JOINT]

    def _read_style(self, voice: str) -> Samples:
        """Shape (510, 1, 256), float32: the style of the voice by number of phonemes."""
        try:
            return np.fromfile(self._styles / f"{voice}.bin", np.float32).reshape(MOST_TOKENS, 1, 256)
        except (OSError, ValueError) as error:
            raise ModelUnavailable(f"Kokoro's voice {voice} is missing or damaged", "pull its voices again") from error


def _first_piece(frames: int, pace: float) -> int:
    """Of so many frames those of the first piece, at `pace` seconds a frame: as few as leave time for the next; all of
    them where nothing does."""
    for first in range(FIRST_FRAMES, frames - LEAST_PIECE + 1):
        if not pace or _next_piece(frames - first, int(PLANNED * first * SAMPLES_A_FRAME / RATE / pace)):
            return first
    return frames


def _next_piece(rest: int, in_time: int) -> int:
    """Frames of the next piece where `rest` are left, and `in_time` can be made in time, its edges included; 0: none
    that is worth it."""
    if in_time >= rest + CONTEXT_FRAMES:  # nothing comes behind it
        return rest
    piece = min(in_time - 2 * CONTEXT_FRAMES, rest - LEAST_PIECE)  # what is left then must be worth a piece as well
    return piece if piece >= LEAST_PIECE else 0


def _joined(before: Samples, sound: Samples) -> Samples:
    """`sound`, into which the first samples of it as made with the piece before fade over."""
    ramp = np.linspace(0.0, 1.0, len(before), dtype=np.float32)
    return np.concatenate([before * (1 - ramp) + sound[: len(before)] * ramp, sound[len(before) :]])


def _sound(samples: Samples) -> Pcm:
    if not np.isfinite(samples).all():
        raise EngineFailed("kokoro made sound that is no number")
    return Pcm(samples, RATE)


class _Kept:
    """The clauses said last, up to so many bytes; used on the event loop alone."""

    def __init__(self, room: int) -> None:
        self._room, self._size = room, 0
        self._sounds: OrderedDict[tuple[str, str, float], Pcm] = OrderedDict()

    def get(self, key: tuple[str, str, float]) -> Pcm | None:
        if key not in self._sounds:
            return None
        self._sounds.move_to_end(key)
        return self._sounds[key]

    def put(self, key: tuple[str, str, float], sound: Pcm) -> None:
        if sound.seconds > KEPT_SECONDS or key in self._sounds or not len(sound):
            return
        self._sounds[key] = sound
        self._size += sound.samples.nbytes
        while self._size > self._room:
            self._size -= self._sounds.popitem(last=False)[1].samples.nbytes


@contextmanager
def _stoppable(stop: Stop) -> Iterator[onnxruntime.RunOptions]:
    """Options of a run that ends (with an error) soon after `stop()` becomes true: a long clause takes seconds."""
    run, done = onnxruntime.RunOptions(), threading.Event()

    def watch() -> None:
        while not done.wait(WATCH_SECONDS):
            if stop():
                run.terminate = True
                return

    watcher = threading.Thread(target=watch, name="kokoro-watch", daemon=True)
    watcher.start()
    try:
        yield run
    finally:
        done.set()
        watcher.join()


def _accent(voice: str) -> str:
    return {"a": "en-us", "b": "en-gb"}.get(voice[0], language_of_voice(voice))


def _pieces(phonemes: str, most: int) -> Iterator[str]:
    """Cut at the last mark, else the last space, before the limit."""
    while len(phonemes) > most:
        marks = [match.end() for match in re.finditer(r"[.!?,;:…—](?=\s)", phonemes[:most])]
        cut = marks[-1] if marks else phonemes.rfind(" ", 1, most)
        cut = cut if cut > 0 else most
        yield phonemes[:cut].strip()
        phonemes = phonemes[cut:].strip()
    if phonemes:
        yield phonemes
