"""The live half of `vivavoce talk`: microphone and speakers through PortAudio, captions in the terminal.

PortAudio calls back on threads of its own. The microphone's callback hands its frame to the event loop and
never waits; the speakers' callback takes what `Speaker` holds. `Speaker` counts what has really been played,
so that an interruption can tell the server which words were heard.
"""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass
from time import monotonic
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from vivavoce.audio.codecs import from_pcm16, to_pcm16
from vivavoce.audio.pcm import Samples
from vivavoce.audio.resample import Resampler
from vivavoce.cli.clips import RATE
from vivavoce.cli.dialogue import ConversationEnded, open_socket
from vivavoce.cli.protocol import Json
from vivavoce.cli.server import Address
from vivavoce.errors import StartupError

FRAME_SECONDS = 0.02
MICROPHONE_FRAMES = 100
"""Frames that may wait for the network (2 s); then the oldest are dropped, so that talk stays live."""
ROOM_SECONDS = 0.3
"""After the speakers fall silent the room still rings; half duplex goes on not listening for so long."""


def managed(session: Json) -> Json:
    """The session of a client that ducks, pauses and goes on as the server tells it."""
    return {"type": "realtime", **session, "vivavoce": {**session["vivavoce"], "managed_playback": True}}


@dataclass(frozen=True, slots=True)
class Devices:
    """`sounddevice` with the rates at which the default microphone and speakers can be opened."""

    library: Any
    microphone_rate: int
    speaker_rate: int


def open_devices() -> Devices:
    """Look for a microphone and speakers. Raises StartupError when PortAudio or a device is missing."""
    try:
        import sounddevice
    except OSError as error:
        raise StartupError(
            "The sound library PortAudio is not installed.",
            "Install it (Debian, Ubuntu: apt install libportaudio2), or use `vivavoce talk --wav FILE --out FILE`.",
        ) from error
    return Devices(
        sounddevice,
        _rate(sounddevice, "input", sounddevice.check_input_settings),
        _rate(sounddevice, "output", sounddevice.check_output_settings),
    )


def _rate(library: Any, kind: str, check: Any) -> int:
    """The wire's rate if the device takes it, else its own. Raises StartupError without a device."""
    try:
        own = int(library.query_devices(kind=kind)["default_samplerate"])
    except (library.PortAudioError, ValueError) as error:
        name = "microphone" if kind == "input" else "speakers"
        raise StartupError(
            f"No {name} found.",
            "Connect one and choose it in the system's sound settings, or use `vivavoce talk --wav FILE --out FILE`.",
        ) from error
    try:
        check(samplerate=RATE, channels=1)
    except (library.PortAudioError, ValueError):
        return own
    return RATE


# --- speakers ----------------------------------------------------------------------------------------


class Speaker:
    """Sound that waits to be played, and how much of each item has been. Used from two threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[tuple[str, Samples]] = deque()
        self._playing = ""
        self._played = 0
        self._last_sound = 0.0
        self._gain = self._volume = 1.0
        """Of the next sample, and the one that it is on its way to."""
        self._held = False

    def put(self, item: str, samples: Samples) -> None:
        with self._lock:
            self._waiting.append((item, samples))

    def take(self, size: int) -> Samples:
        """The next `size` samples, silence where there is nothing."""
        block = np.zeros(size, np.float32)
        filled = 0
        with self._lock:
            while self._waiting and not self._held and filled < size:
                item, samples = self._waiting.popleft()
                part = samples[: size - filled]
                block[filled : filled + len(part)] = part
                filled += len(part)
                self._count(item, len(part))
                if len(part) < len(samples):
                    self._waiting.appendleft((item, samples[len(part) :]))
            if filled:
                self._last_sound = monotonic()
            block *= np.linspace(self._gain, self._volume, size, dtype=np.float32)  # a step would click
            self._gain = self._volume
        return block

    def duck(self, db: float) -> None:
        """Play on, `db` louder (negative: softer)."""
        with self._lock:
            self._volume = 10 ** (db / 20)

    def hold(self) -> None:
        """Pause: what waits is kept."""
        with self._lock:
            self._held = True

    def resume(self) -> None:
        """Go on from the next sample at full volume."""
        with self._lock:
            self._held, self._volume = False, 1.0

    def flush(self) -> tuple[str, int] | None:
        """Stop. The item that was cut and the ms of it that were played; None if nothing was cut."""
        self.resume()
        with self._lock:
            if not self._waiting:
                return None
            item = self._waiting[0][0]
            played = self._played if item == self._playing else 0
            self._waiting.clear()
            return item, round(played / RATE * 1000)

    @property
    def sounding(self) -> bool:
        """Whether the room still hears us."""
        with self._lock:
            return bool(self._waiting) or monotonic() - self._last_sound < ROOM_SECONDS

    def _count(self, item: str, samples: int) -> None:
        if item != self._playing:
            self._playing, self._played = item, 0
        self._played += samples


# --- the conversation --------------------------------------------------------------------------------


async def talk(address: Address, session: Json, devices: Devices, *, half_duplex: bool) -> int:
    """Talk until Ctrl-C or until the server ends the session."""
    console = Console(highlight=False)
    speaker = Speaker()
    frames: asyncio.Queue[Samples] = asyncio.Queue(MICROPHONE_FRAMES)
    async with open_socket(address) as socket:
        await socket.send(json.dumps({"type": "session.update", "session": managed(session)}))
        with ExitStack() as streams:
            streams.enter_context(_microphone(devices, frames))
            streams.enter_context(_speakers(devices, speaker))
            console.print("Speak; interrupt whenever you like. Ctrl-C ends.", style="dim")
            captions = Captions(console)
            try:
                async with asyncio.TaskGroup() as tasks:
                    listening = tasks.create_task(_listen(socket, frames, speaker, half_duplex))
                    await _follow(socket, speaker, captions)
                    listening.cancel()
            except* ConnectionClosed as closed:
                raise ConversationEnded("The server closed the conversation.") from closed
    return 0


def _microphone(devices: Devices, frames: asyncio.Queue[Samples]) -> Any:
    loop = asyncio.get_running_loop()
    resampler = Resampler(devices.microphone_rate, RATE)

    def offer(frame: Samples) -> None:
        if frames.full():
            frames.get_nowait()
        frames.put_nowait(frame)

    def heard(data: Any, _frames: int, _time: Any, _status: Any) -> None:
        loop.call_soon_threadsafe(offer, resampler.push(data[:, 0].copy()))

    block = round(devices.microphone_rate * FRAME_SECONDS)
    return devices.library.InputStream(
        samplerate=devices.microphone_rate, channels=1, dtype="float32", blocksize=block, latency="low", callback=heard
    )


def _speakers(devices: Devices, speaker: Speaker) -> Any:
    resampler = Resampler(RATE, devices.speaker_rate)
    left = np.zeros(0, np.float32)

    def play(data: Any, size: int, _time: Any, _status: Any) -> None:
        nonlocal left
        while len(left) < size:
            left = np.concatenate([left, resampler.push(speaker.take(round(RATE * FRAME_SECONDS)))])
        data[:, 0], left = left[:size], left[size:]

    return devices.library.OutputStream(
        samplerate=devices.speaker_rate, channels=1, dtype="float32", latency="low", callback=play
    )


async def _listen(
    socket: ClientConnection, frames: asyncio.Queue[Samples], speaker: Speaker, half_duplex: bool
) -> None:
    while True:
        frame = await frames.get()
        if half_duplex and speaker.sounding:
            frame = np.zeros_like(frame)  # time goes on for the server, but it hears nothing of itself
        audio = base64.b64encode(to_pcm16(frame)).decode()
        await socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))


async def _follow(socket: ClientConnection, speaker: Speaker, captions: Captions) -> None:
    async for message in socket:
        event = json.loads(message)
        match event["type"]:
            case "response.output_audio.delta":
                speaker.put(event["item_id"], from_pcm16(base64.b64decode(event["delta"])))
            case "vivavoce.output_audio.ducked":
                speaker.duck(event["gain_db"])
            case "vivavoce.output_audio.held":
                speaker.hold()
            case "vivavoce.output_audio.resumed":
                speaker.resume()
            case "input_audio_buffer.speech_started":
                cut = speaker.flush()
                if cut:
                    await socket.send(json.dumps(_truncation(*cut)))
        captions.show(event)


def _truncation(item: str, played_ms: int) -> Json:
    return {"type": "conversation.item.truncate", "item_id": item, "content_index": 0, "audio_end_ms": played_ms}


class Captions:
    """Both sides as text, in the order in which they were said."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._open = False

    def show(self, event: Json) -> None:
        match event["type"]:
            case "conversation.item.input_audio_transcription.completed" if event.get("transcript"):
                self._line(f"[bold cyan]you[/]       {escape(event['transcript'].strip())}")
            case "response.output_audio_transcript.delta":
                self._words(event["delta"])
            case "response.done":
                self._done(event)
            case "error":
                self._line(f"[red]error[/]     {escape(event['error'].get('message', ''))}")

    def _words(self, delta: str) -> None:
        if not self._open:
            self._console.print("[bold green]vivavoce[/]  ", end="")
            self._open = True
        self._console.print(delta, end="", markup=False, soft_wrap=True)

    def _done(self, event: Json) -> None:
        latency = ((event.get("vivavoce") or {}).get("latency_ms") or {}).get("first_sound")
        notes = [f"{latency:.0f} ms"] if latency is not None else []
        notes += ["interrupted"] if event["response"]["status"] == "cancelled" else []
        error = (event["response"].get("status_details") or {}).get("error") or {}
        notes += [error["message"]] if error.get("message") else []
        if not self._open and not notes:
            return  # a tool was called, nothing said
        self._line(f"  [dim]{escape(', '.join(notes))}[/]" if notes else "", same=True)

    def _line(self, text: str, *, same: bool = False) -> None:
        if self._open and not same:
            self._console.print()
        self._console.print(text)
        self._open = False
