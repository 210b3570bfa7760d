"""Who said what in a file: the voices in it, and the words of each in segments."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vivavoce.api.fields import invalid
from vivavoce.api.rest.transcription_request import Known
from vivavoce.api.rest.transcripts import Segment, in_segments
from vivavoce.audio import speakers
from vivavoce.audio.files import read_sound
from vivavoce.audio.pcm import Pcm
from vivavoce.audio.speakers import Span
from vivavoce.conversation.words import Word
from vivavoce.ports import HEARING_RATE, HOP, SpeakerEncoder, Vector, VoiceActivityDetector

BITE = 10 * HEARING_RATE // HOP * HOP
"""Samples that the detector takes at once: conversations are served in between."""
SHORTEST_REFERENCE, LONGEST_REFERENCE = 1.0, 30.0
"""Seconds of a known voice. OpenAI asks for 2 to 10."""
SLIP = 0.5
"""Seconds: another voice for less than this amid somebody's words is taken for theirs."""


@dataclass(frozen=True, slots=True)
class Voices:
    """Who is heard when. `spans`: (start, end) of each window, in seconds, shape (n, 2); `names`: of its speaker."""

    spans: NDArray[np.float64]
    names: tuple[str, ...]

    def at(self, seconds: float) -> str:
        """Of the windows that hold this moment, or end nearest to it, the one whose middle is nearest."""
        if not self.names:
            return "A"
        outside = np.maximum(0.0, np.maximum(self.spans[:, 0] - seconds, seconds - self.spans[:, 1]))
        aside = np.abs(self.spans.mean(axis=1) - seconds)
        return self.names[int(np.lexsort((aside, outside))[0])]


async def voice_in(sound: Pcm, vad: VoiceActivityDetector) -> list[float]:
    """Probability of voice in each hop. `sound`: at HEARING_RATE."""
    stream, samples = vad.open(), sound.samples[: len(sound) // HOP * HOP]
    voice: list[float] = []
    for start in range(0, len(samples), BITE):
        voice += await stream.voice(samples[start : start + BITE])
    return voice


async def voices_in(sound: Pcm, vad: VoiceActivityDetector, encoder: SpeakerEncoder, known: Sequence[Known]) -> Voices:
    """Whose voice is heard when. Raises RequestError for a reference without a voice, TurnError."""
    references = [await _reference(each, place, vad, encoder) for place, each in enumerate(known)]
    windows = await _windows(sound, vad)
    if not windows:
        return Voices(np.zeros((0, 2)), ())
    vectors = np.stack(await encoder.voices([sound.cut(span.start, span.end) for span in windows]))
    labels = await asyncio.to_thread(speakers.tell_apart, vectors)
    names = _names(speakers.means_of(vectors, labels), known, references)
    spans = np.array([(span.start, span.end) for span in windows])
    return Voices(spans, tuple(names[label] for label in labels))


async def _windows(sound: Pcm, vad: VoiceActivityDetector) -> list[Span]:
    return speakers.windows_in(speakers.speech_in(await voice_in(sound, vad), HOP / HEARING_RATE))


async def _reference(known: Known, place: int, vad: VoiceActivityDetector, encoder: SpeakerEncoder) -> Vector:
    param = f"known_speaker_references.{place}"
    sound = await asyncio.to_thread(read_sound, known.reference, HEARING_RATE, longest=LONGEST_REFERENCE, param=param)
    windows = await _windows(sound, vad)
    if sound.seconds < SHORTEST_REFERENCE or not windows:
        raise invalid(param, f"hold {SHORTEST_REFERENCE:g} to {LONGEST_REFERENCE:g} s of one voice; 2 to 10 do best")
    vectors = np.stack(await encoder.voices([sound.cut(span.start, span.end) for span in windows]))
    mean: Vector = speakers.means_of(vectors, np.zeros(len(vectors), np.intp))[0]
    return mean


def _names(means: speakers.Vectors, known: Sequence[Known], references: Sequence[Vector]) -> list[str]:
    """Of the known what they are called, of the others letters in the order in which they first speak."""
    found = speakers.named(means, np.stack(references) if references else np.zeros((0, 1), np.float32))
    letters = (letter for letter in _letters() if letter not in {each.name for each in known})
    return [known[voice].name if voice is not None else next(letters) for voice in found]


def _letters() -> Iterator[str]:
    """A to Z, then A2 to Z2 and so on."""
    turn = 1
    while True:
        yield from (chr(ord("A") + place) + (str(turn) if turn > 1 else "") for place in range(26))
        turn += 1


@dataclass(frozen=True, slots=True)
class Spoken:
    """A segment, and who said it."""

    speaker: str
    segment: Segment


def spoken(words: Sequence[Word], voices: Voices) -> list[Spoken]:
    """The words in segments, each of one speaker."""
    return [Spoken(who, segment) for who, run in _runs(words, voices) for segment in in_segments(run)]


def _runs(words: Sequence[Word], voices: Voices) -> list[tuple[str, list[Word]]]:
    runs: list[tuple[str, list[Word]]] = []
    for word in words:
        who = voices.at((word.start + word.end) / 2)
        if not runs or runs[-1][0] != who:
            runs.append((who, []))
        runs[-1][1].append(word)
    return _without_slips(runs)


def _without_slips(runs: list[tuple[str, list[Word]]]) -> list[tuple[str, list[Word]]]:
    """A short run between two of the same speaker is theirs."""
    smooth: list[tuple[str, list[Word]]] = []
    for place, (who, run) in enumerate(runs):
        after = runs[place + 1][0] if place + 1 < len(runs) else None
        if smooth and run[-1].end - run[0].start < SLIP and smooth[-1][0] == after:
            who = smooth[-1][0]
        if smooth and smooth[-1][0] == who:
            smooth[-1][1].extend(run)
        else:
            smooth.append((who, list(run)))
    return smooth
