"""Voices are told apart by their vectors: how many speak, who, and when."""

from __future__ import annotations

import numpy as np
import pytest

from vivavoce.audio.speakers import (
    MOST_COMPARED,
    STEP,
    WINDOW,
    Span,
    means_of,
    named,
    speech_in,
    tell_apart,
    windows_in,
)

HOP = 0.032


def voices(*speakers: int, spread: float = 0.6, seed: int = 3) -> np.ndarray:
    """Vectors of windows of these speakers: within one the cosine is 0.7 on average, between two 0."""
    noise = np.random.default_rng(seed)
    vectors = np.eye(256, dtype=np.float32)[list(speakers)] + noise.normal(0, spread / 16, (len(speakers), 256))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize(
    "speakers",
    [[4] * 12, [0, 0, 1, 1, 0, 0], [7, 7, 7, 2, 2, 2, 5, 5, 7, 7, 5, 2], [1, 1, 3, 3, 3] * 9],
    ids=["one", "two", "three", "again and again"],
)
def test_voices_are_told_apart_and_counted_in_the_order_of_their_first_words(speakers: list[int]) -> None:
    order = list(dict.fromkeys(speakers))
    assert tell_apart(voices(*speakers), 0.6).tolist() == [order.index(speaker) for speaker in speakers]


def test_a_window_in_which_a_voice_is_like_nobody_makes_no_speaker() -> None:
    """A cough, a laugh, two at once: it goes to whom it is likest."""
    vectors = voices(*[0] * 6, 9, *[1] * 6)
    labels = tell_apart(vectors, 0.6)
    assert set(labels.tolist()) == {0, 1} and labels.tolist()[:6] == [0] * 6 and labels.tolist()[7:] == [1] * 6


def test_one_window_is_one_speaker_and_none_is_nobody() -> None:
    assert tell_apart(voices(3)).tolist() == [0]
    assert tell_apart(np.zeros((0, 256), np.float32)).tolist() == []


def test_a_long_recording_is_compared_in_parts() -> None:
    speakers = [n // 50 % 3 for n in range(2 * MOST_COMPARED)]
    assert tell_apart(voices(*speakers), 0.6).tolist() == speakers


def test_known_voices_have_their_names_and_each_at_most_once() -> None:
    known = means_of(voices(1, 1, 2, 2), np.array([0, 0, 1, 1]))
    heard = means_of(voices(2, 2, 8, 8, seed=5), np.array([0, 0, 1, 1]))
    assert named(heard, known, 0.6) == [1, None]
    assert named(np.concatenate([heard[:1], heard[:1]]), known, 0.6).count(1) == 1
    assert named(heard, known[:0], 0.6) == [None, None]


def test_speech_is_parted_by_pauses_and_not_by_breaths() -> None:
    voice = [0.0] * 10 + [0.9] * 30 + [0.1] * 5 + [0.9] * 30 + [0.1] * 40 + [0.9] * 20 + [0.0] * 10 + [0.9]
    spans = speech_in(voice, HOP)
    assert [(round(span.start / HOP), round(span.end / HOP)) for span in spans] == [(10, 75), (115, 135)]
    assert speech_in([0.1] * 50, HOP) == [] and speech_in([], HOP) == []
    assert len(speech_in(voice, HOP, pause=0.1)) == 3 and len(speech_in(voice, HOP, voiced_from=0.05)) == 1


def test_windows_cover_the_speech_and_nothing_else() -> None:
    spans = [Span(0.5, 1.1), Span(2.0, 2.0 + WINDOW + 2.2 * STEP)]
    windows = windows_in(spans)
    assert windows[0] == spans[0]
    assert windows[1].start == 2.0 and windows[-1].end == pytest.approx(spans[1].end)
    assert all(window.end - window.start <= WINDOW + 1e-9 for window in windows)
    assert all(after.start <= before.end for before, after in zip(windows[1:], windows[2:], strict=False))
