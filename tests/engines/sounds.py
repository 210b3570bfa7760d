"""Sound for the tests of the hearing engines: one clip of our own, what can be computed, and the recordings."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from vivavoce.audio.codecs import decode
from vivavoce.audio.pcm import Pcm, join
from vivavoce.errors import ModelUnavailable
from vivavoce.models.store import Store
from vivavoce.settings import read_settings

RATE = 16_000
MUSEUM = "The museum opens at nine in the morning, and closes at six."


def models(id: str) -> Path:
    """A model's folder; skips the test where it is absent."""
    try:
        return Store(read_settings().paths.models).path(id)
    except ModelUnavailable as error:
        pytest.skip(f"{error}; run `vivavoce models pull {id}`")


def museum() -> Pcm:
    """MUSEUM in 3.5 s, spoken by Kokoro's voice af_heart, made for these tests."""
    return Pcm(decode(gzip.decompress((Path(__file__).parent / "museum.ulaw.gz").read_bytes()), "audio/pcmu"), RATE)


def quiet(seconds: float) -> Pcm:
    """A room in which nobody speaks: hiss at -66 dB."""
    return Pcm(np.random.default_rng(1).normal(0, 0.0005, round(seconds * RATE)).astype(np.float32), RATE)


def speechless() -> dict[str, Pcm]:
    """Sounds without a word in them."""
    t = np.arange(4 * RATE) / RATE
    noise = np.random.default_rng(2)
    return {
        "digital silence": Pcm.silence(4, RATE),
        "nothing": Pcm.silence(0, RATE),
        "a hundredth of a second": Pcm((0.1 * np.sin(2 * np.pi * 440 * t[:160])).astype(np.float32), RATE),
        "hiss": Pcm(noise.normal(0, 0.02, len(t)).astype(np.float32), RATE),
        "tone": Pcm((0.2 * np.sin(2 * np.pi * 440 * t)).astype(np.float32), RATE),
        "clicks": Pcm(((noise.random(len(t)) > 0.9995) * 0.5).astype(np.float32), RATE),
        "hum": Pcm((0.1 * np.sign(np.sin(2 * np.pi * 50 * t))).astype(np.float32), RATE),
        "not a number": Pcm(np.full(RATE, np.nan, np.float32), RATE),
    }


def clips(recordings: Path, folder: str) -> Iterator[tuple[Pcm, str, str]]:
    """(sound, words, name) of each recording in a folder whose transcript is exact, shortest first."""
    lines = (recordings / "manifest.jsonl").read_text().splitlines()
    for entry in sorted(map(json.loads, lines), key=lambda entry: entry["seconds"]):
        path = recordings / entry["path"]
        if path.parent.name == folder and (entry["wer_ok"] or not entry["text"]):
            samples, rate = soundfile.read(path, dtype="float32")
            yield Pcm(samples, rate), entry["text"] or "", path.stem


def with_pauses(sounds: list[Pcm], seconds: float) -> Pcm:
    """One sound of many, a pause after each."""
    return join([piece for sound in sounds for piece in (sound, quiet(seconds))], RATE)
