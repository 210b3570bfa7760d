"""A conversation in virtual time: a session of the product in this process, and the client that talks with it.

The session is the product's own, from the microphone's frames to what the client is told. Its engines are real or
scripted; every call of one takes the time it is said to take, so that a busy machine measures what a quiet one does. A
network takes no time here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np

from vivavoce.audio.pcm import Pcm, Samples
from vivavoce.audio.resample import resample
from vivavoce.cli.bench.managed import RememberingEar, Surroundings
from vivavoce.cli.bench.virtual_time import VirtualLoop
from vivavoce.cli.clips import RATE
from vivavoce.cli.microphone import FRAME, FRAME_SECONDS, ROOM_DB
from vivavoce.conversation.config import SessionConfig
from vivavoce.conversation.events import (
    Event,
    PlaybackDucked,
    PlaybackHeld,
    PlaybackResumed,
    ReplyAudio,
    ReplyText,
    SpeechStarted,
    TurnDecided,
)
from vivavoce.engines.scripted import ScriptedModel
from vivavoce.ports import (
    Engines,
    LanguageModel,
    Prompt,
    Transcriber,
    Transcription,
    TranscriptionHint,
    TurnDetector,
    Urgency,
    Voice,
    VoiceActivityDetector,
    VoiceStream,
)
from vivavoce.session.session import Session

PIECE = 0.5  # s of speech that the voice gives at once
DETECTOR_SECONDS = 0.002
"""That the voice detector takes for what has come."""


@dataclass(slots=True)
class TimedDetector:
    """A voice detector whose calls take DETECTOR_SECONDS."""

    real: VoiceActivityDetector
    name: str = "timed"

    def open(self) -> TimedStream:
        return TimedStream(self.real.open())

    def close(self) -> None: ...


@dataclass(slots=True)
class TimedStream:
    real: VoiceStream

    async def voice(self, samples: Samples) -> list[float]:
        with loop().stopped():
            voices = await self.real.voice(samples)
        await asyncio.sleep(DETECTOR_SECONDS)
        return voices


@dataclass(slots=True)
class TimedTurnDetector:
    """A turn detector whose looks take `seconds`."""

    real: TurnDetector
    seconds: float
    name: str = "timed"

    async def p_done(self, speech: Pcm) -> float:
        with loop().stopped():
            p_done = await self.real.p_done(speech)
        await asyncio.sleep(self.seconds)
        return p_done

    def close(self) -> None: ...


@dataclass(slots=True)
class TimedTranscriber:
    """A recogniser whose calls take `seconds`; what it has heard before it need not hear again."""

    real: Transcriber
    seconds: float
    name: str = "timed"
    languages: tuple[str, ...] = ()
    heard: list[str] = field(default_factory=list[str])
    known: dict[bytes, Transcription] = field(default_factory=dict[bytes, Transcription])

    async def transcribe(
        self, speech: Pcm, hint: TranscriptionHint = TranscriptionHint(), urgency: Urgency = Urgency.NOW
    ) -> Transcription:
        key = blake2b(speech.samples.tobytes() + repr(hint).encode()).digest()
        if key not in self.known:
            with loop().stopped():
                self.known[key] = await self.real.transcribe(speech, hint, Urgency.NOW)
        await asyncio.sleep(self.seconds)
        self.heard.append(self.known[key].text)
        return self.known[key]

    def close(self) -> None: ...


@dataclass(slots=True)
class Opinion(ScriptedModel):
    """A model that replies by its script, and has a real one's opinion on whether the user's words end the turn, which
    takes `seconds`."""

    real: LanguageModel | None = None
    seconds: float = 0.0

    async def p_end(self, prompt: Prompt) -> float | None:
        if self.real is None:
            return None
        with loop().stopped():
            p_end = await self.real.p_end(prompt)
        await asyncio.sleep(self.seconds)
        return p_end

    def forget(self, session: str) -> None:
        if self.real is not None:
            self.real.forget(session)


@dataclass(slots=True)
class Recording:
    """A voice that says `line` with a recording, and everything else (an opener, a sign of attention) with `phrase`.
    `seconds`: until a clause begins to sound."""

    line: str
    sound: Pcm
    phrase: Pcm
    seconds: float = 0.02
    name: str = "recording"
    rate: int = RATE
    voices: tuple[Voice, ...] = ()

    async def synthesize(
        self, text: str, *, voice: str, speed: float = 1.0, language: str | None = None, urgency: Urgency = Urgency.NOW
    ) -> AsyncGenerator[Pcm, None]:
        await asyncio.sleep(self.seconds)
        if self.line not in text:
            yield self.phrase
            return
        for at in np.arange(0.0, self.sound.seconds, PIECE):
            yield self.sound.cut(float(at), min(float(at) + PIECE, self.sound.seconds))

    def close(self) -> None: ...


@dataclass(slots=True)
class Client:
    """A client with managed playback: what it was told, and when; what it plays, and what its microphone hears.
    `echo_db`, `room`: of its surroundings."""

    echo_db: float | None = None
    room: Samples | None = None
    ear: RememberingEar = field(default_factory=RememberingEar)
    told: list[tuple[Event, float]] = field(default_factory=list[tuple[Event, float]])
    words: dict[str, str] = field(default_factory=dict[str, str])
    """Of each response."""
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    """Somebody has begun to speak, so that nothing is played any more."""
    _said: dict[int, Samples] = field(default_factory=dict[int, Samples])
    """Frames still to be captured, by number."""
    _frame: int = 0
    _began: float = 0.0
    _random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(7))
    _around: Surroundings = field(init=False)

    def __post_init__(self) -> None:
        self._around = Surroundings(self.ear, self.echo_db, self.room)

    async def take(self, event: Event) -> None:
        now = loop().time()
        match event:
            case ReplyAudio():
                self.ear.hear(event.response_id, resample(event.sound, RATE).samples, now)
            case ReplyText():
                self.words[event.response_id] = self.words.get(event.response_id, "") + event.text
            case PlaybackHeld():
                self.ear.hold(now)
            case PlaybackResumed():
                self.ear.resume(now)
            case SpeechStarted():
                self.ear.flush(now)
                self.stopped.set()
            case PlaybackDucked() | TurnDecided():
                pass
            case _:
                return
        self.told.append((event, now))

    async def speak(self, session: Session) -> None:
        """Capture frames for ever, as a sound card gives them: each when its last sample has come."""
        self._began = loop().time()
        while True:
            await asyncio.sleep(self._began + (self._frame + 1) * FRAME_SECONDS - loop().time())
            heard = self._random.normal(0.0, 10 ** (ROOM_DB / 20), FRAME)
            heard += self._said.pop(self._frame, 0.0) + self._around.frame(self._frame, loop().time())
            self._frame += 1
            await session.hear(Pcm(heard.astype(np.float32), RATE))

    def say(self, samples: Samples, at: float) -> None:
        """Say it so that its first sample is captured at loop time `at`, which is to come."""
        begins = round((at - self._began) * RATE)
        frames = np.concatenate([np.zeros(begins % FRAME), samples])
        frames = np.pad(frames, (0, -len(frames) % FRAME)).reshape(-1, FRAME)
        self._said |= {begins // FRAME + n: frame for n, frame in enumerate(frames)}

    def first(self, kind: type[Event], since: float) -> float | None:
        return next((at for event, at in self.told if isinstance(event, kind) and at >= since), None)


@asynccontextmanager
async def talking(engines: Engines, config: SessionConfig, client: Client) -> AsyncIterator[None]:
    """A session that `client` talks with."""
    session = Session(engines, config, client.take)
    running = [asyncio.create_task(session.run())]
    await asyncio.sleep(0)
    running.append(asyncio.create_task(client.speak(session)))
    try:
        yield
    finally:
        await session.close()
        running[1].cancel()
        await asyncio.wait(running)


def loop() -> VirtualLoop:
    """The one that all of this runs on."""
    running = asyncio.get_running_loop()
    assert isinstance(running, VirtualLoop), "a scene plays in virtual time"  # noqa: S101
    return running
