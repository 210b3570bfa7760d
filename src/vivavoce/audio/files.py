"""Sound files as people have them: any format in, the formats of OpenAI's speech route out. Blocking.

libsndfile does wav, flac, ogg (Opus, Vorbis), mp3 and more; the rest is for `ffmpeg.py`, where it is installed.
"""

from __future__ import annotations

import importlib.util
import io
import struct
import subprocess
import sys
from typing import IO, Any, Literal, Protocol

import numpy as np
import soundfile

from vivavoce.audio.codecs import to_pcm16
from vivavoce.audio.ffmpeg import HEAD
from vivavoce.audio.pcm import Pcm, Samples
from vivavoce.audio.resample import Resampler
from vivavoce.errors import RequestError

Format = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]

MEDIA_TYPES: dict[Format, str] = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
BLOCK = 65_536
"""Samples that are read at once."""
DECODING = 120.0
"""Seconds that the process beside us may take."""
INSTALL = "pip install 'vivavoce[media]'"
_KINDS = {"mp3": ("MP3", "MPEG_LAYER_III"), "opus": ("OGG", "OPUS"), "flac": ("FLAC", "PCM_16")}
_UNENDING = 0xFFFFFFFF
"""The length that a WAV file names whose end is not known when its beginning is sent."""
_WAV_HEAD = 44
"""Bytes before its sound."""


def read_sound(data: bytes, rate: int, *, longest: float, param: str = "file") -> Pcm:
    """The sound in a file, mono at `rate`. Raises RequestError for what is no sound, has no end within `longest`
    seconds, or needs a library that is not there."""
    try:
        samples = _by_libsndfile(data, rate, longest)
    except soundfile.LibsndfileError:
        samples = _by_ffmpeg(data, rate, longest, param)
    if not np.isfinite(samples).all():
        raise RequestError("The sound holds samples that are not numbers.", param=param, code="invalid_value")
    if len(samples) > longest * rate:
        raise RequestError(
            f"The sound is longer than {longest / 3600:g} hours; send it in parts.", param=param, code="audio_too_long"
        )
    return Pcm(samples, rate)


def _by_libsndfile(data: bytes, rate: int, longest: float) -> Samples:
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        resampler = Resampler(file.samplerate, rate)
        pieces: list[Samples] = []
        left = longest + 1
        for block in file.blocks(BLOCK, dtype="float32", always_2d=True):
            mono = np.ascontiguousarray(block.mean(axis=1), np.float32)
            pieces.append(resampler.push(mono))
            left -= len(mono) / file.samplerate
            if left <= 0:
                break
        pieces.append(resampler.push(np.zeros(0, np.float32), last=True))
    return np.concatenate(pieces)


def _by_ffmpeg(data: bytes, rate: int, longest: float, param: str) -> Samples:
    if importlib.util.find_spec("av") is None:
        raise RequestError(
            "The file is no wav, flac, ogg, opus, mp3 or aiff. For m4a, mp4, webm and the rest the server needs a "
            f"library that is not installed: {INSTALL}.",
            param=param,
            code="invalid_value",
        )
    command = [sys.executable, "-m", "vivavoce.audio.ffmpeg", "decode", str(rate), str(longest)]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=DECODING, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise RequestError("The file takes too long to decode.", param=param, code="invalid_value") from None
    if done.returncode or not done.stdout:
        raise RequestError(
            "The file holds no sound that could be decoded. Send a whole file: wav, mp3, m4a, mp4, webm, ogg or flac.",
            param=param,
            code="invalid_value",
        )
    return np.frombuffer(done.stdout, np.float32).copy()


class SoundWriter(Protocol):
    """A file that is sent while it is made."""

    def push(self, samples: Samples) -> bytes:
        """The bytes that are ready once these samples are in."""
        ...

    def end(self) -> bytes:
        """The last bytes."""
        ...

    def close(self) -> None:
        """Give up: release what the writer holds. Harmless after `end`."""
        ...


def sound_writer(format: Format, rate: int) -> SoundWriter:
    """A writer of mono sound at `rate`; pcm and wav are 16-bit, little-endian. Raises RequestError."""
    if format in _KINDS:
        return _LibsndfileWriter(format, rate)
    if format != "aac":
        return _PcmWriter(rate, header=format == "wav")
    if importlib.util.find_spec("av") is None:
        raise RequestError(
            f"AAC needs a library that is not installed: {INSTALL}. Choose mp3, opus, flac, wav or pcm.",
            param="response_format",
            code="invalid_value",
        )
    return _AacWriter(rate)


class _PcmWriter:
    def __init__(self, rate: int, *, header: bool) -> None:
        self._head = _wav_header(rate) if header else b""

    def push(self, samples: Samples) -> bytes:
        head, self._head = self._head, b""
        return head + to_pcm16(samples)

    def end(self) -> bytes:
        return self.push(np.zeros(0, np.float32))

    def close(self) -> None: ...


def _wav_header(rate: int) -> bytes:
    shape = struct.pack("<IHHIIHH", 16, 1, 1, rate, 2 * rate, 2, 16)
    return (
        struct.pack("<4sI4s4s", b"RIFF", _UNENDING, b"WAVE", b"fmt ") + shape + struct.pack("<4sI", b"data", _UNENDING)
    )


def sized(file: bytes) -> bytes:
    """A whole file of `sound_writer`: a WAV whose header named no length now tells it; others as they are."""
    if file[:4] != b"RIFF" or file[4:8] != struct.pack("<I", _UNENDING):
        return file
    sound = len(file) - _WAV_HEAD
    return (
        file[:4]
        + struct.pack("<I", len(file) - 8)
        + file[8 : _WAV_HEAD - 4]
        + struct.pack("<I", sound)
        + file[_WAV_HEAD:]
    )


class _Growing(io.RawIOBase):
    """A file that only grows: what a writer corrects in its header has been sent already."""

    def __init__(self) -> None:
        self._fresh = bytearray()
        self._position = self._size = 0

    def taken(self) -> bytes:
        fresh, self._fresh = bytes(self._fresh), bytearray()
        return fresh

    def write(self, data: Any) -> int:
        new = bytes(data)[max(0, self._size - self._position) :]
        self._fresh += new
        self._position += len(data)
        self._size += len(new)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = offset + (0, self._position, self._size)[whence]
        return self._position

    def tell(self) -> int:
        return self._position


class _LibsndfileWriter:
    def __init__(self, format: Format, rate: int) -> None:
        kind, subtype = _KINDS[format]
        # Opus knows no other rates than these
        self._resampler = Resampler(rate, rate if format != "opus" or rate in (8000, 12000, 16000, 24000) else 24_000)
        self._summary = format == "mp3"
        self._out = _Growing()
        # readers guess the length of an mp3 without a summary from its first frame: let all be alike
        steady: Any = {"bitrate_mode": "CONSTANT", "compression_level": 0.5} if self._summary else {}
        self._file = soundfile.SoundFile(self._out, "w", self._resampler.target, 1, subtype, format=kind, **steady)

    def push(self, samples: Samples) -> bytes:
        self._file.write(self._resampler.push(samples))
        return self._taken()

    def end(self) -> bytes:
        self._file.write(self._resampler.push(np.zeros(0, np.float32), last=True))
        self.close()
        return self._taken()

    def close(self) -> None:
        self._file.close()

    def _taken(self) -> bytes:
        """LAME's first frame says how long the whole is, before that is known: players would stop there."""
        data = self._out.taken()
        if self._summary and data:
            self._summary = False
            return data[max(0, data.find(data[:2], 4)) :]
        return data


class _AacWriter:
    def __init__(self, rate: int) -> None:
        command = [sys.executable, "-m", "vivavoce.audio.ffmpeg", "aac", str(rate)]
        self._process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def push(self, samples: Samples) -> bytes:
        return self._exchange(np.ascontiguousarray(samples, np.float32).tobytes()) if len(samples) else b""

    def end(self) -> bytes:
        last = self._exchange(b"")
        self.close()
        return last

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _exchange(self, block: bytes) -> bytes:
        """Raises RequestError: the encoder has died."""
        into: IO[bytes] | None = self._process.stdin
        out: IO[bytes] | None = self._process.stdout
        assert into is not None and out is not None  # noqa: S101 - both are pipes
        try:
            into.write(HEAD.pack(len(block)) + block)
            into.flush()
            head = out.read(HEAD.size)
            return out.read(HEAD.unpack(head)[0])
        except (OSError, struct.error):
            raise RequestError(
                "The AAC encoder failed; choose another response_format.", code="encoder_failed"
            ) from None
