"""A transcript in the forms of OpenAI's route: json, text, srt, vtt, verbose_json, diarized_json. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import exp
from typing import Any

from vivavoce.api.realtime.turn_events import wire_logprobs
from vivavoce.conversation.words import Word
from vivavoce.text.language_names import name_of

Wire = dict[str, Any]

LONGEST_SEGMENT, MOST_LETTERS = 7.0, 84
"""Seconds and characters of one subtitle: two lines, by the usual rules of subtitling."""
BREAK = 0.8
"""Seconds of silence that end a segment."""
LEAST_SEGMENT = 1.0
"""Seconds; a sentence shorter than this shares its segment with the next."""
ENDS = (".", "!", "?", "…", "。", "！", "？")
TOKENS_PER_SECOND = 10


@dataclass(frozen=True, slots=True)
class Transcript:
    """All that was said in a file of `seconds`. `language`: ISO 639-1; `task`: transcribe or translate."""

    words: tuple[Word, ...]
    text: str
    language: str | None
    seconds: float
    task: str = "transcribe"


@dataclass(frozen=True, slots=True)
class Segment:
    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        return "".join(word.text for word in self.words).strip()

    @property
    def start(self) -> float:
        return self.words[0].start

    @property
    def end(self) -> float:
        return self.words[-1].end


def segments_of(transcript: Transcript) -> list[Segment]:
    """The transcript in lines that can be read as subtitles; one line for an engine that tells no times."""
    if not transcript.words:
        whole = Word(transcript.text, 0.0, transcript.seconds)
        return [Segment((whole,))] if transcript.text else []
    return in_segments(transcript.words)


def in_segments(words: Iterable[Word]) -> list[Segment]:
    """Words in lines that can be read as subtitles."""
    return [Segment(tuple(group)) for group in _grouped(words)]


def _grouped(words: Iterable[Word]) -> Iterator[list[Word]]:
    group: list[Word] = []
    for word in words:
        if group and _full(group, word):
            yield group
            group = []
        group.append(word)
    if group:
        yield group


def _full(group: Sequence[Word], following: Word) -> bool:
    last, length = group[-1], sum(len(word.text) for word in group)
    if following.start - last.end > BREAK:
        return True
    if last.text.rstrip().endswith(ENDS) and last.end - group[0].start >= LEAST_SEGMENT:
        return True
    return following.end - group[0].start > LONGEST_SEGMENT or length + len(following.text) > MOST_LETTERS


def srt(transcript: Transcript) -> str:
    """SubRip."""
    lines = (
        f"{place}\n{_clock(segment.start, ',')} --> {_clock(segment.end, ',')}\n{segment.text}\n"
        for place, segment in enumerate(segments_of(transcript), 1)
    )
    return "\n".join(lines) + "\n"


def vtt(transcript: Transcript) -> str:
    """WebVTT. What could be taken for markup is escaped."""
    lines = (
        f"{_clock(segment.start, '.')} --> {_clock(segment.end, '.')}\n{_escaped(segment.text)}\n"
        for segment in segments_of(transcript)
    )
    return "WEBVTT\n\n" + "\n".join(lines) + "\n"


def plain(transcript: Transcript, *, logprobs: bool) -> Wire:
    """The `json` form."""
    wire: Wire = {"text": transcript.text, "usage": {"type": "duration", "seconds": round(transcript.seconds, 2)}}
    if transcript.language:
        wire["languages"] = [{"code": transcript.language}]
    if logprobs:
        wire["logprobs"] = wire_logprobs(token for word in transcript.words for token in word.tokens)
    return wire


def diarized(transcript: Transcript, segments: Sequence[Wire]) -> Wire:
    """The `diarized_json` form."""
    return {
        "task": transcript.task,
        "duration": round(transcript.seconds, 2),
        "text": transcript.text,
        "segments": list(segments),
        "usage": {"type": "duration", "seconds": round(transcript.seconds, 2)},
    }


def diarized_segment(place: int, speaker: str, segment: Segment) -> Wire:
    return {
        "type": "transcript.text.segment",
        "id": f"seg_{place}",
        "start": round(segment.start, 3),
        "end": round(segment.end, 3),
        "speaker": speaker,
        "text": segment.text,
    }


def verbose(transcript: Transcript, *, words: bool, segments: bool) -> Wire:
    """The `verbose_json` form."""
    wire: Wire = {
        "task": transcript.task,
        "language": name_of(transcript.language or "en"),
        "duration": round(transcript.seconds, 2),
        "text": transcript.text,
        "usage": {"type": "duration", "seconds": round(transcript.seconds, 2)},
    }
    if words:
        wire["words"] = [{"word": word.text.strip(), "start": word.start, "end": word.end} for word in transcript.words]
    if segments:
        wire["segments"] = [_segment(place, it) for place, it in enumerate(segments_of(transcript))]
    return wire


def _segment(place: int, segment: Segment) -> Wire:
    tokens = [token for word in segment.words for token in word.tokens]
    mean = sum(token.logprob for token in tokens) / len(tokens) if tokens else 0.0
    text = f" {segment.text}"
    return {
        "id": place,
        "seek": 0,
        "start": segment.start,
        "end": segment.end,
        "text": text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": round(mean, 4),
        "compression_ratio": round(len(text.encode()) / len(zlib.compress(text.encode())), 4),
        "no_speech_prob": round(1 - exp(mean), 4),
    }


def wire_usage(transcript: Transcript) -> Wire:
    """In tokens, as the stream's last event has it."""
    heard, written = round(transcript.seconds * TOKENS_PER_SECOND), len(transcript.text.split())
    return {
        "type": "tokens",
        "input_tokens": heard,
        "output_tokens": written,
        "total_tokens": heard + written,
        "input_token_details": {"audio_tokens": heard, "text_tokens": 0},
    }


def _clock(seconds: float, point: str) -> str:
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{point}{ms % 1000:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
