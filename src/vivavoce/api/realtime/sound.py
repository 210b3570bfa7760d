"""Sound on the wire: which encodings a session speaks, and base64 to Pcm and back."""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from typing import Any

import pybase64

from vivavoce.api.fields import Fields, invalid
from vivavoce.audio.codecs import Encoding, decode, encode
from vivavoce.audio.pcm import Pcm, Samples
from vivavoce.audio.resample import Resampler, resample
from vivavoce.errors import RequestError

RATES: dict[Encoding, int] = {"audio/pcm": 24_000, "audio/pcmu": 8_000, "audio/pcma": 8_000}
"""Hz of each encoding: the contract knows no others."""

LARGEST_SOUND = 15 * 1024 * 1024
"""Characters of base64 that one event may carry, as the contract has it: four minutes of 16-bit sound."""

DELTA_BYTES = 32 * 1024
"""Bytes of sound in one delta: 0.7 s of 16-bit sound, 44 KiB as base64, where clients give up at 512 KiB."""

DRAIN_SECONDS = 0.005
"""Silence that follows resampled speech; the filter holds back up to 3 ms."""


def read_format(fields: Fields | None, default: Encoding) -> Encoding:
    """The encoding that a `format` object names; its rate, where given, has to be the encoding's own."""
    if fields is None:
        return default
    encoding: Encoding = fields.need_choice("type", tuple(RATES))
    rate = fields.get("rate")
    if rate is not None and (isinstance(rate, bool) or rate != RATES[encoding]):
        raise invalid(
            fields.at("rate"),
            f"be {RATES[encoding]} for {encoding}: resample before sending, or choose "
            "audio/pcm at 24000, audio/pcmu or audio/pcma at 8000",
            rate,
        )
    return encoding


def wire_format(encoding: Encoding) -> dict[str, Any]:
    return {"type": encoding, "rate": 24_000} if encoding == "audio/pcm" else {"type": encoding}


def sound_of(base64: object, encoding: Encoding, path: str) -> Pcm:
    """Strictly decoded sound at the encoding's rate. Raises RequestError."""
    if not isinstance(base64, str):
        raise invalid(path, "be a string of base64", base64)
    return sound_of_base64(base64, encoding, path)


def sound_of_base64(base64: str | bytes, encoding: Encoding, path: str) -> Pcm:
    """The same, of what is a string already. Raises RequestError."""
    if len(base64) > LARGEST_SOUND:
        raise RequestError(
            f"'{path}' holds {len(base64)} characters of base64; send at most {LARGEST_SOUND} in one event.",
            param=path,
            code="invalid_value",
        )
    try:
        data = pybase64.b64decode(base64, validate=True)
    except ValueError:
        data = _decode_strictly(base64, path)  # for its verdict, and its words
    if encoding == "audio/pcm" and len(data) % 2:
        raise RequestError(
            f"'{path}' holds {len(data)} bytes, but 16-bit samples take an even number: "
            "send whole samples, little-endian.",
            param=path,
            code="invalid_value",
        )
    return Pcm(decode(data, encoding), RATES[encoding])


def whole(sound: Pcm, encoding: Encoding) -> str | None:
    """All of a sound as base64; None when it is more than one event may carry."""
    bytes_a_second = RATES[encoding] * (2 if encoding == "audio/pcm" else 1)
    if sound.seconds * bytes_a_second * 4 / 3 > LARGEST_SOUND:
        return None
    return _base64(encode(resample(sound, RATES[encoding]).samples, encoding))


def _decode_strictly(base64: str | bytes, path: str) -> bytes:
    try:
        return binascii.a2b_base64(base64, strict_mode=True)
    except ValueError as error:
        raise RequestError(f"'{path}' is not valid base64: {error}.", param=path, code="invalid_value") from None


class SoundOut:
    """One stream of speech on its way out, of whatever rate, as base64 chunks of one encoding."""

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self._resampler: Resampler | None = None

    def push(self, sound: Pcm) -> Iterator[str]:
        if self._resampler is None or self._resampler.source != sound.rate:
            yield from self.rest()
            self._resampler = Resampler(sound.rate, RATES[self._encoding])
        yield from self._chunks(self._resampler.push(sound.samples))

    def rest(self) -> Iterator[str]:
        """What the resampler's filter still holds; the stream is over."""
        resampler, self._resampler = self._resampler, None
        if resampler is not None and resampler.source != resampler.target:
            # libsamplerate gives back no more than it is given room for, so silence has to push the rest out
            silence = Pcm.silence(DRAIN_SECONDS, resampler.source).samples
            yield from self._chunks(resampler.push(silence, last=True))

    def _chunks(self, samples: Samples) -> Iterator[str]:
        data = encode(samples, self._encoding)
        for start in range(0, len(data), DELTA_BYTES):
            yield _base64(data[start : start + DELTA_BYTES])


def _base64(data: bytes) -> str:
    return pybase64.b64encode_as_string(data)
