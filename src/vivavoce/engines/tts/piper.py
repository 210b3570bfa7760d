"""Piper (VITS, Kim et al. 2021): the fastest voice, an optional extra in a process of its own.

piper-tts and the espeak-ng inside it are GPL-3: they are loaded in a child process (`_piper_process.py`) that shares
no code with us, and only where the user installed them. The voice is en_US-joe-medium.
"""

from __future__ import annotations

import json
import select
import struct
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from vivavoce.audio.codecs import from_pcm16
from vivavoce.audio.pcm import Pcm
from vivavoce.engines.pool import Stop, Worker
from vivavoce.engines.tts._edges import ending, trimmed
from vivavoce.errors import EngineFailed, EngineTooSlow, StartupError
from vivavoce.models import ModelFiles
from vivavoce.ports import Urgency, Voice
from vivavoce.text.spoken import pronounceable

SCRIPT = Path(__file__).with_name("_piper_process.py")
LOADING_SECONDS = 30.0
ANSWER_SECONDS = 20.0
"""For one clause; Piper takes a fortieth of its length."""
LONGEST_CHUNK = 64_000_000
"""Bytes of a chunk beyond which the child has lost its mind: 24 minutes of sound."""
LONGEST_TEXT = 4_096
"""Characters of one request, as OpenAI's speech endpoint allows."""
SPEEDS = (0.25, 4.0)
FAILED = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Options:
    model: str = "piper-en_us-joe-medium"
    voice: str = "joe"
    language: str = "en"
    threads: int = 1


def load(options: Options, models: ModelFiles) -> Piper:
    """Takes about a second. Raises ModelUnavailable, and StartupError where the extra is not installed."""
    if find_spec("piper") is None:
        raise StartupError("Piper is not installed: it is an optional extra", "pip install 'vivavoce[piper]'")
    return Piper(options, models(options.model))


class Piper:
    """A Synthesizer. One worker thread talks with one child, which is started again once if it dies in a request."""

    name = "piper"

    def __init__(self, options: Options, files: Path) -> None:
        self._command = (
            *(sys.executable, "-I", str(SCRIPT)),
            *(str(files / "voice.onnx"), str(files / "voice.onnx.json")),
            str(options.threads),
        )
        self._child = _Child(self._command)
        self.rate = self._child.rate
        self.voices: tuple[Voice, ...] = (Voice(options.voice, options.language, "Joe, American, male"),)
        self._language = options.language
        self._worker = Worker(self.name)

    async def synthesize(
        self, text: str, *, voice: str, speed: float = 1.0, language: str | None = None, urgency: Urgency = Urgency.NOW
    ) -> AsyncGenerator[Pcm, None]:
        said = pronounceable(text, self._language)
        if not said:
            return
        speed = min(max(speed, SPEEDS[0]), SPEEDS[1])
        work = self._worker.stream(lambda stop: self._speak(said[:LONGEST_TEXT], speed, stop), urgency)
        async with aclosing(work) as sounds:
            async for sound in sounds:
                yield sound

    def close(self) -> None:
        self._worker.close()
        self._child.kill()

    def _speak(self, text: str, speed: float, stop: Stop) -> Iterator[Pcm]:
        """Sentence by sentence; when it is left early, what the child still makes is read and dropped."""
        chunks = self._asked(text, speed)
        try:
            waiting = next(chunks, None)
            while waiting is not None and not stop():
                chunk, waiting = waiting, next(chunks, None)
                sound = trimmed(Pcm(from_pcm16(chunk), self.rate), ending(text) if waiting is None else ".")
                if len(sound):
                    yield sound
        finally:
            for _ in chunks:
                pass

    def _asked(self, text: str, speed: float) -> Iterator[bytes]:
        """The child's answer; once, if the child is found dead before its first chunk, a new child's."""
        try:
            first = next(answer := self._child.ask(text, speed), None)
        except (OSError, _ChildDied):
            self._child.kill()
            self._child = _Child(self._command)
            first = next(answer := self._child.ask(text, speed), None)
        if first is not None:
            yield first
            yield from answer


class _ChildDied(EngineFailed):
    """The pipe ended."""


class _Child:
    """The process and its two pipes. Every read has a deadline, past which the process is killed."""

    def __init__(self, command: tuple[str, ...]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own script, no shell
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )
        try:
            self.rate = int(json.loads(self._line(time.monotonic() + LOADING_SECONDS))["rate"])
        except (EngineFailed, EngineTooSlow, ValueError) as error:
            self.kill()
            raise StartupError(f"Piper did not start: {error}", "pip install --upgrade 'vivavoce[piper]'") from error

    def ask(self, text: str, speed: float) -> Iterator[bytes]:
        """Sound in 16-bit chunks. Raises EngineFailed with the child's reason, EngineTooSlow, OSError."""
        deadline = time.monotonic() + ANSWER_SECONDS
        request = json.dumps({"text": text, "speed": speed}).encode()
        self._send(struct.pack("<I", len(request)) + request)
        while length := self._length(deadline):
            if length == FAILED:
                raise EngineFailed(f"piper: {self._read(self._length(deadline), deadline).decode(errors='replace')}")
            if length > LONGEST_CHUNK:
                self.kill()
                raise EngineFailed(f"piper sent a chunk of {length} bytes")
            yield self._read(length, deadline)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(timeout=5)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _send(self, message: bytes) -> None:
        pipe = self._process.stdin
        if pipe is None or pipe.closed:
            raise _ChildDied("piper's process is gone")
        pipe.write(message)

    def _length(self, deadline: float) -> int:
        return int(struct.unpack("<I", self._read(4, deadline))[0])

    def _line(self, deadline: float) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            line += self._read(1, deadline)
        return line

    def _read(self, length: int, deadline: float) -> bytes:
        pipe = self._process.stdout
        if pipe is None or pipe.closed:
            raise _ChildDied("piper's process is gone")
        parts: list[bytes] = []
        while length:
            if not select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
                self.kill()
                raise EngineTooSlow("piper did not answer in time")
            part = pipe.read(length)
            if not part:
                raise _ChildDied("piper's process ended")
            parts.append(part)
            length -= len(part)
        return b"".join(parts)
