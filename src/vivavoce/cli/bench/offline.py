"""`bench barge-in --offline`: the same trials against a session in this process, in virtual time, hundreds of them.

The session is the product's own, from the microphone's frames to what the client is told, with the real voice detector
and recogniser; what replies is scripted, and speaks a recording of the speech engine. Every call of an engine takes the
time it is said to take, so that a busy machine measures what a quiet one does. A network takes no time here.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from vivavoce.audio.pcm import Pcm, Samples
from vivavoce.audio.resample import resample
from vivavoce.cli.bench.barge_in_report import Outcome
from vivavoce.cli.bench.barge_in_stimuli import Trial, speak
from vivavoce.cli.bench.managed import ECHO_DELAY, RememberingEar
from vivavoce.cli.bench.stimuli import room_response
from vivavoce.cli.bench.virtual_time import VirtualLoop
from vivavoce.cli.clips import RATE, Clip
from vivavoce.cli.microphone import FRAME, FRAME_SECONDS, ROOM_DB
from vivavoce.conversation.config import (
    Manners,
    ReplyOptions,
    SemanticVad,
    SessionConfig,
    TranscriptionOptions,
    TurnPolicy,
)
from vivavoce.conversation.events import (
    Event,
    PlaybackDucked,
    PlaybackHeld,
    PlaybackResumed,
    ReplyAudio,
    SpeechStarted,
)
from vivavoce.engines.scripted import FixedTurnDetector, ScriptedModel
from vivavoce.ports import (
    Engines,
    Transcriber,
    Transcription,
    TranscriptionHint,
    Urgency,
    Voice,
    VoiceActivityDetector,
    VoiceStream,
)
from vivavoce.session.session import Session

if TYPE_CHECKING:
    from vivavoce.settings import Settings

LEAD_IN = 0.5  # s of the quiet room before the question
WATCHED = 2.6  # s behind it in which something has to be decided
ECHO_SECONDS = 5.0
PATIENCE = 2.0  # s after the question, by when the answer sounds
PIECE = 0.5  # s of speech that the voice gives at once
REPLY = "Here."
ANSWER = (
    "The sea covers more than two thirds of the earth, and most of it has never been seen by anybody. Its deepest "
    "places lie eleven kilometres below the waves, where no light has ever come. What lives there makes its own. "
    "Warm water rises and cold water sinks, and so the great currents carry heat from the equator to the poles."
)
DETECTOR_SECONDS = 0.002
"""That the voice detector takes for what has come."""


class _Detector:
    """A voice detector whose calls take DETECTOR_SECONDS."""

    def __init__(self, real: VoiceActivityDetector) -> None:
        self.name, self._real = real.name, real

    def open(self) -> _Stream:
        return _Stream(self._real.open())

    def close(self) -> None: ...


class _Stream:
    def __init__(self, real: VoiceStream) -> None:
        self._real = real

    async def voice(self, samples: Samples) -> list[float]:
        with _loop().stopped():
            voices = await self._real.voice(samples)
        await asyncio.sleep(DETECTOR_SECONDS)
        return voices


@dataclass(slots=True)
class _Transcriber:
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
            with _loop().stopped():
                self.known[key] = await self.real.transcribe(speech, hint, Urgency.NOW)
        await asyncio.sleep(self.seconds)
        self.heard.append(self.known[key].text)
        return self.known[key]

    def close(self) -> None: ...


@dataclass(slots=True)
class _Recording:
    """A voice that says everything with the same recording."""

    sound: Pcm
    name: str = "recording"
    rate: int = RATE
    voices: tuple[Voice, ...] = ()

    async def synthesize(
        self, text: str, *, voice: str, speed: float = 1.0, language: str | None = None, urgency: Urgency = Urgency.NOW
    ) -> AsyncGenerator[Pcm, None]:
        await asyncio.sleep(0.02)
        if text.strip() != REPLY:  # phrases, which nobody hears here
            yield Pcm.silence(0.1, self.rate)
            return
        for at in np.arange(0.0, self.sound.seconds, PIECE):
            yield self.sound.cut(float(at), min(float(at) + PIECE, self.sound.seconds))

    def close(self) -> None: ...


@dataclass(slots=True)
class _Client:
    """A client with managed playback: what it was told, and when; what it plays, and what its microphone hears."""

    echo: Samples | None
    """From its loudspeaker to its microphone, as an impulse response."""
    ear: RememberingEar = field(default_factory=RememberingEar)
    told: list[tuple[Event, float]] = field(default_factory=list[tuple[Event, float]])
    said: dict[int, Samples] = field(default_factory=dict[int, Samples])
    """Frames still to be captured, by number."""
    frame: int = 0
    began: float = 0.0
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(7))

    async def take(self, event: Event) -> None:
        now = _loop().time()
        match event:
            case ReplyAudio():
                self.ear.hear(event.response_id, resample(event.sound, RATE).samples, now)
            case PlaybackHeld():
                self.ear.hold(now)
            case PlaybackResumed():
                self.ear.resume(now)
            case SpeechStarted():
                self.ear.flush(now)
            case PlaybackDucked():
                pass
            case _:
                return
        self.told.append((event, now))

    async def speak(self, session: Session) -> None:
        """Capture frames for ever, as a sound card gives them: each when its last sample has come."""
        self.began = _loop().time()
        while True:
            await asyncio.sleep(self.began + (self.frame + 1) * FRAME_SECONDS - _loop().time())
            heard = self.random.normal(0.0, 10 ** (ROOM_DB / 20), FRAME)
            if self.frame in self.said:
                heard += self.said.pop(self.frame)
            if self.echo is not None:
                heard += self._echo(self.echo)
            self.frame += 1
            await session.hear(Pcm(heard.astype(np.float32), RATE))

    def say(self, samples: Samples, at: float) -> None:
        """Say it so that its first sample is captured at loop time `at`, which is to come."""
        begins = round((at - self.began) * RATE)
        frames = np.concatenate([np.zeros(begins % FRAME), samples])
        frames = np.pad(frames, (0, -len(frames) % FRAME)).reshape(-1, FRAME)
        self.said |= {begins // FRAME + n: frame for n, frame in enumerate(frames)}

    def _echo(self, response: Samples) -> Samples:
        span = len(response) + FRAME
        played = self.ear.between(_loop().time() - ECHO_DELAY - span / RATE, span)
        size = 1 << (2 * span).bit_length()
        echo = np.fft.irfft(np.fft.rfft(played, size) * np.fft.rfft(response, size), size)
        return np.asarray(echo[span - FRAME : span], np.float32)

    def first(self, kind: type[Event], since: float) -> float | None:
        return next((at for event, at in self.told if isinstance(event, kind) and at >= since), None)


async def answer(settings: Settings, voice: str = "nova") -> Pcm:
    """What is said in every trial, in the speech engine's voice."""
    ((_, clip),) = await speak(settings, [("answer", ANSWER, voice, "en")])
    return Pcm(clip.samples, RATE)


@dataclass(frozen=True, slots=True)
class Hearing:
    """The engines that are on trial, and what a pass of the recogniser takes."""

    vad: VoiceActivityDetector
    stt: Transcriber
    recogniser_ms: float


@contextmanager
def hearing(settings: Settings, recogniser_ms: float) -> Iterator[Hearing]:
    """Those that the settings name. Raises StartupError."""
    from vivavoce.loading import load_engine, model_files

    files = model_files(settings)
    with (
        closing(load_engine("vad", settings.engines.vad, files)) as vad,
        closing(load_engine("stt", settings.engines.stt, files)) as stt,
    ):
        yield Hearing(vad, stt, recogniser_ms)


def measure(on_trial: Hearing, question: Clip, said: Pcm, trials: Sequence[Trial]) -> list[Outcome]:
    """`said`: the answer's sound. Blocks, for a second or two a trial."""
    transcriber = _Transcriber(on_trial.stt, on_trial.recogniser_ms / 1000)
    detector = _Detector(on_trial.vad)
    engines = Engines(detector, FixedTurnDetector(0.99), transcriber, ScriptedModel((REPLY,)), _Recording(said))
    outcomes = []
    for trial in trials:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            outcome = runner.run(_try(engines, question, trial, transcriber.heard))
        print(outcome, file=sys.stderr, flush=True)
        outcomes.append(outcome)
    return outcomes


async def _try(engines: Engines, question: Clip, trial: Trial, words: list[str]) -> Outcome:
    config = SessionConfig(
        turn=TurnPolicy(SemanticVad()),
        transcription=TranscriptionOptions(),
        reply=ReplyOptions(instructions="Tell them about the sea."),
        manners=Manners(managed_playback=True),
    )
    echo = None if trial.echo_db is None else room_response(RATE) * 10 ** (trial.echo_db / 20)
    client = _Client(echo)
    session = Session(engines, config, client.take)
    running = [asyncio.create_task(session.run())]
    await asyncio.sleep(0)
    running.append(asyncio.create_task(client.speak(session)))
    try:
        return await _conversation(client, question, trial, words)
    finally:
        await session.close()
        running[1].cancel()
        await asyncio.wait(running)


async def _conversation(client: _Client, question: Clip, trial: Trial, words: list[str]) -> Outcome:
    await asyncio.sleep(LEAD_IN)
    asked = _loop().time() + FRAME_SECONDS
    client.say(question.samples, asked)
    await asyncio.sleep(asked + question.end + PATIENCE - _loop().time())
    if not client.ear.chunks or client.ear.chunks[0].start < asked + question.end:
        return Outcome(trial.kind, trial.name, problem="no answer to interrupt")
    words.clear()
    if trial.clip is None:
        onset = client.ear.chunks[0].start
        await asyncio.sleep(ECHO_SECONDS)
    else:
        onset = _loop().time() + FRAME_SECONDS + trial.late + trial.clip.onset
        client.say(trial.clip.samples, onset - trial.clip.onset)
        await asyncio.sleep(onset + trial.clip.end - trial.clip.onset + WATCHED - _loop().time())
    return _outcome(client, trial, onset, words)


def _outcome(client: _Client, trial: Trial, onset: float, words: list[str]) -> Outcome:
    def after(kind: type[Event]) -> float | None:
        at = client.first(kind, onset)
        return None if at is None else round((at - onset) * 1000, 1)

    resumed, stopped = after(PlaybackResumed), after(SpeechStarted)
    answering = client.ear.end >= onset or stopped is not None
    return Outcome(
        trial.kind,
        trial.name,
        after(PlaybackDucked),
        after(PlaybackHeld),
        stopped,
        resumed,
        [event.reason for event, at in client.told if isinstance(event, PlaybackResumed) and at >= onset],
        client.ear.unheard() if stopped is None else None,
        client.ear.longest_silence(onset + resumed / 1000) * 1000 if resumed is not None else None,
        "" if answering else "the answer was over",
        sum(isinstance(event, PlaybackDucked) and at < onset for event, at in client.told),
        " | ".join(words),
    )


def _loop() -> VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)  # noqa: S101 - `measure` runs all of this on one
    return loop
