"""What a client sends as sound, on its way to the ear: in pieces, and on a telephone line with an ear for its keys."""

from __future__ import annotations

from collections.abc import Iterator

from vivavoce.audio.codecs import Encoding
from vivavoce.audio.dtmf import KeyDetector
from vivavoce.audio.pcm import Pcm

BITE_SECONDS = 1.0
"""Sound is handed to the ear in pieces of at most this, so that one huge append cannot flood it."""


class Intake:
    def __init__(self) -> None:
        self._keys = KeyDetector()

    def take(self, sound: Pcm, encoding: Encoding) -> Iterator[tuple[Pcm, str]]:
        """The sound in pieces, and the keys that were pressed until the end of each, whose tones nobody need hear. Only
        G.711 is a telephone line; over WebRTC keys come as events."""
        for bite in _bites(sound):
            if encoding == "audio/pcm":
                yield bite, ""
            else:
                keys, samples = self._keys.take(bite.samples)
                yield Pcm(samples, bite.rate), keys


def _bites(sound: Pcm) -> Iterator[Pcm]:
    if sound.seconds <= BITE_SECONDS:
        yield sound
        return
    size = round(BITE_SECONDS * sound.rate)
    for start in range(0, len(sound), size):
        yield Pcm(sound.samples[start : start + size], sound.rate)
