"""The keys of a telephone in its sound: found as ITU-T Q.24 asks, and not in voices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivavoce.audio.codecs import Encoding, decode, encode
from vivavoce.audio.dtmf import HIGH, LOW, PAD, RATE, KeyDetector
from vivavoce.audio.files import read_sound
from vivavoce.audio.pcm import Samples

KEYS = "0123456789*#ABCD"
SINE_AT_0_DBM0 = -3.17
"""dB of full scale: what G.711 calls 0 dBm0."""


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)


def press(
    key: str, seconds: float = 0.04, *, dbm0: float = -9.0, twist: float = 0.0, off: float = 0.0, phase: float = 0.0
) -> Samples:
    """`dbm0`: level of the low tone; `twist`: dB by which the high one is louder; `off`: share of the frequencies."""
    row = next(n for n, keys in enumerate(PAD) if key in keys)
    times = np.arange(round(seconds * RATE)) / RATE * 2 * np.pi * (1 + off)
    low, high = np.sin(LOW[row] * times + phase), np.sin(HIGH[PAD[row].index(key)] * times + 2 * phase)
    return np.asarray(10 ** ((dbm0 + SINE_AT_0_DBM0) / 20) * (low + 10 ** (twist / 20) * high), np.float32)


def over_a_line(sound: Samples, *, noise_db: float | None = None, encoding: Encoding = "audio/pcmu") -> Samples:
    """As G.711 carries it. `noise_db`: of full scale."""
    if noise_db is not None:
        sound = sound + np.random.default_rng(7).normal(0, 10 ** (noise_db / 20), len(sound)).astype(np.float32)
    return decode(encode(sound, encoding), encoding)


def dialled(keys: str, seconds: float, pause: float = 0.04, **how: Any) -> Samples:
    """With every key at another place between the detector's windows."""
    pieces = [silence(0.1)]
    for n, key in enumerate(keys):
        pieces += [press(key, seconds, phase=0.7 * n, **how), silence(pause + n * 0.0004)]
    return np.concatenate([*pieces, silence(0.1)])


@pytest.mark.parametrize("encoding", ["audio/pcmu", "audio/pcma"])
@pytest.mark.parametrize(
    ("seconds", "how"),
    [
        (0.04, {}),
        (0.04, {"dbm0": -0.5}),
        (0.04, {"dbm0": -25}),
        (0.04, {"twist": 4}),
        (0.04, {"twist": -8}),
        (0.04, {"off": 0.015}),
        (0.04, {"off": -0.015}),
        (1.0, {}),
    ],
)
def test_every_key_that_q24_has_accepted_is_found_once(encoding: Encoding, seconds: float, how: dict[str, Any]) -> None:
    assert KeyDetector().hear(over_a_line(dialled(KEYS, seconds, **how), encoding=encoding)) == KEYS


@pytest.mark.parametrize("size", [7, 160, 800, 100_000])
def test_tones_are_taken_out_but_for_their_first_20_ms_and_nothing_is_held_back(size: int) -> None:
    sound = over_a_line(dialled(KEYS, 0.1, 0.1))
    detector, keys, left = KeyDetector(), "", list[Samples]()
    for start in range(0, len(sound), size):
        pressed, kept = detector.take(sound[start : start + size])
        assert len(kept) == len(sound[start : start + size])
        keys, left = keys + pressed, [*left, kept]
    assert keys == KEYS
    assert np.sum(np.concatenate(left) ** 2) < 0.35 * np.sum(sound**2)


def test_what_is_no_key_is_left_as_it_is() -> None:
    noise = np.random.default_rng(3).normal(0, 0.1, RATE).astype(np.float32)
    hum = (0.3 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)).astype(np.float32)
    for sound in (noise, hum, silence(1.0)):
        assert KeyDetector().take(sound)[1] is sound


@pytest.mark.parametrize(
    ("seconds", "how"),
    [
        (0.023, {}),
        (0.1, {"off": 0.035}),
        (0.1, {"off": -0.035}),
        (0.1, {"twist": 9}),
        (0.1, {"twist": -13}),
        (0.1, {"dbm0": -55}),
    ],
)
def test_what_q24_has_rejected_is_no_key(seconds: float, how: dict[str, Any]) -> None:
    assert KeyDetector().hear(over_a_line(dialled(KEYS, seconds, **how))) == ""


def test_a_break_of_10_ms_is_bridged_and_one_of_40_ms_ends_a_key() -> None:
    broken = np.concatenate([silence(0.1), press("5", 0.06), silence(0.01), press("5", 0.06), silence(0.1)])
    assert KeyDetector().hear(over_a_line(broken)) == "5"
    assert KeyDetector().hear(over_a_line(dialled("5555", 0.04))) == "5555"


def test_keys_are_found_in_the_noise_of_a_bad_line() -> None:
    assert KeyDetector().hear(over_a_line(dialled(KEYS, 0.05), noise_db=-24)) == KEYS


def test_one_tone_alone_is_no_key() -> None:
    times = np.arange(RATE) / RATE * 2 * np.pi
    for frequency in (*LOW, *HIGH, 440.0, 425.0):
        assert KeyDetector().hear(over_a_line((0.3 * np.sin(frequency * times)).astype(np.float32))) == ""


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 900), max_size=60), st.text(alphabet=KEYS, min_size=1, max_size=6))
def test_the_same_is_found_however_the_sound_is_cut(sizes: list[int], keys: str) -> None:
    sound, detector, found, at = over_a_line(dialled(keys, 0.05)), KeyDetector(), "", 0
    for size in sizes:
        found += detector.hear(sound[at : at + size])
        at += size
    assert found + detector.hear(sound[at:]) == keys


def test_voices_press_no_keys(recordings: Path) -> None:
    """Talk-off: every recording of speech, as loud as it is and 12 dB louder, over a line; and keys that are keys."""
    spoken, false, heard = 0.0, [], []
    for line in (recordings / "manifest.jsonl").read_text().splitlines():
        recording = json.loads(line)
        sound = read_sound((recordings / recording["path"]).read_bytes(), RATE, longest=3600)
        for gain in (1.0, 4.0):
            found = KeyDetector().hear(over_a_line(np.clip(sound.samples * gain, -1, 1)))
            if "dtmf" in recording["id"]:
                heard.append(found)
            else:
                spoken += sound.seconds
                false += [recording["id"]] * len(found)
    print(f"{len(false)} false keys in {spoken / 3600:.2f} h")
    assert false == [] and all(len(found) == 1 for found in heard)
