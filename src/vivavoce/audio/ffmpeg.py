"""What libsndfile cannot: decode any container (m4a, webm, mp4, …), write AAC. Run as a process of its own.

    python -m vivavoce.audio.ffmpeg decode RATE SECONDS    any file on stdin, float32 samples on stdout
    python -m vivavoce.audio.ffmpeg aac RATE               float32 samples on stdin, ADTS frames on stdout

PyAV's wheels carry an FFmpeg with GPL parts, so it is optional (`pip install 'vivavoce[media]'`) and apart; and what
strangers upload is taken apart where a crash or a bomb hurts nobody.
"""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from vivavoce.confinement import confine

LARGEST_MEMORY = 2 * 1024**3
LONGEST_CPU = 300
HEAD = struct.Struct("<I")
"""Bytes of the block that follows, in both directions of `aac`; an empty block is the last."""


def main() -> int:
    task, rate, *rest = sys.argv[1:]
    confine(memory=LARGEST_MEMORY, cpu=LONGEST_CPU)
    try:
        if task == "decode":
            _decode(sys.stdin.buffer.read(), int(rate), float(rest[0]), sys.stdout.buffer)
        else:
            _encode(sys.stdin.buffer, int(rate), sys.stdout.buffer)
    except Exception as error:  # noqa: BLE001 - the library's many errors, as one line for the parent
        print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201 - the parent reads it
        return 1
    return 0


def _decode(data: bytes, rate: int, longest: float, out: BinaryIO) -> None:
    """Mono samples at `rate`, a little more than `longest` seconds at most."""
    import av

    left = round((longest + 1) * rate)
    resampler = av.AudioResampler("fltp", "mono", rate)
    with av.open(io.BytesIO(data), metadata_errors="ignore") as container:
        for samples in _samples(container, resampler):
            out.write(samples[:left].tobytes())
            left -= len(samples)
            if left <= 0:
                return


def _samples(container: Any, resampler: Any) -> Iterator[Any]:
    for frame in container.decode(audio=0):
        for piece in resampler.resample(frame):
            yield piece.to_ndarray()[0]
    for piece in resampler.resample(None):
        yield piece.to_ndarray()[0]


def _encode(source: BinaryIO, rate: int, out: BinaryIO) -> None:
    """One block of samples in, the frames that are whole now out."""
    import av

    file = io.BytesIO()
    container = av.open(file, "w", format="adts")
    stream: Any = container.add_stream("aac", rate=rate)
    stream.layout = "mono"
    while True:
        (size,) = HEAD.unpack(source.read(HEAD.size))
        if size:
            samples = np.frombuffer(source.read(size), np.float32).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            frame.sample_rate = rate
            container.mux(stream.encode(frame))
        else:
            container.mux(stream.encode(None))
            container.close()
        block = file.getvalue()
        file.seek(0)
        file.truncate()
        out.write(HEAD.pack(len(block)) + block)
        out.flush()
        if not size:
            return


if __name__ == "__main__":
    sys.exit(main())
