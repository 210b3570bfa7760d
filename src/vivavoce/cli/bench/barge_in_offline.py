"""`bench barge-in --offline`: the same trials against a session in this process, in virtual time, hundreds of them.

The voice detector and the recogniser are real; what replies is scripted, and speaks a recording of the speech engine.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from vivavoce.audio.pcm import Pcm
from vivavoce.cli.bench.barge_in_report import Outcome
from vivavoce.cli.bench.barge_in_stimuli import Trial, speak
from vivavoce.cli.bench.barge_in_words import ANSWERS
from vivavoce.cli.bench.scene import Client, Recording, TimedDetector, TimedTranscriber, loop, talking
from vivavoce.cli.bench.virtual_time import VirtualLoop
from vivavoce.cli.clips import RATE, Clip
from vivavoce.cli.microphone import FRAME_SECONDS
from vivavoce.conversation.config import (
    Manners,
    ReplyOptions,
    SemanticVad,
    SessionConfig,
    TranscriptionOptions,
    TurnPolicy,
)
from vivavoce.conversation.events import Event, PlaybackDucked, PlaybackHeld, PlaybackResumed, SpeechStarted
from vivavoce.engines.scripted import FixedTurnDetector, ScriptedModel
from vivavoce.ports import Engines, Transcriber, VoiceActivityDetector

if TYPE_CHECKING:
    from vivavoce.settings import Settings

LEAD_IN = 0.5  # s of the quiet room before the question
WATCHED = 2.6  # s behind it in which something has to be decided
ECHO_SECONDS = 5.0
PATIENCE = 2.0  # s after the question, by when the answer sounds
REPLY = "Here."
PHRASE_SECONDS = 0.1


async def answer(settings: Settings, kept: Path | None, voice: str = "nova") -> Pcm:
    """What is said in every trial, in the speech engine's voice. `kept`: see `speak`."""
    ((_, clip),) = await speak(settings, [("answer", ANSWERS["en"], voice, "en")], kept)
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


def measure(
    on_trial: Hearing, question: Clip, answers: Mapping[str, Pcm], trials: Sequence[Trial]
) -> Iterator[Outcome]:
    """What comes of each. `question`: of trials that have none of their own; `answers`: what is answered, by language.
    Blocks, for a second or two a trial."""
    transcriber = TimedTranscriber(on_trial.stt, on_trial.recogniser_ms / 1000)
    vad = TimedDetector(on_trial.vad)
    for trial in trials:
        phrases = Pcm.silence(PHRASE_SECONDS, RATE)  # which nobody hears here
        voice = Recording(REPLY, answers[trial.talk], phrases)
        engines = Engines(vad, FixedTurnDetector(0.99), transcriber, ScriptedModel((REPLY,)), voice)
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            outcome = runner.run(_try(engines, trial.question or question, trial, transcriber.heard))
        print(outcome, file=sys.stderr, flush=True)
        yield outcome


async def _try(engines: Engines, question: Clip, trial: Trial, words: list[str]) -> Outcome:
    config = SessionConfig(
        turn=TurnPolicy(SemanticVad()),
        transcription=TranscriptionOptions(),
        reply=ReplyOptions(instructions="Tell them about the sea."),
        manners=Manners(managed_playback=True),
    )
    client = Client(trial.echo_db)
    async with talking(engines, config, client):
        return await _conversation(client, question, trial, words)


async def _conversation(client: Client, question: Clip, trial: Trial, words: list[str]) -> Outcome:
    await asyncio.sleep(LEAD_IN)
    asked = loop().time() + FRAME_SECONDS
    client.say(question.samples, asked)
    await asyncio.sleep(asked + question.end + PATIENCE - loop().time())
    if not client.ear.chunks or client.ear.chunks[0].start < asked + question.end:
        return replace(_blank(trial), problem="no answer to interrupt")
    words.clear()
    client.stopped.clear()
    if trial.clip is None:
        onset = client.ear.chunks[0].start
        await asyncio.sleep(ECHO_SECONDS)
    else:
        onset = loop().time() + FRAME_SECONDS + trial.late + trial.clip.onset
        client.say(trial.clip.samples, onset - trial.clip.onset)
        with suppress(TimeoutError):  # once it has stopped, nothing else can come of it
            async with asyncio.timeout_at(onset + trial.clip.end - trial.clip.onset + WATCHED):
                await client.stopped.wait()
    return _outcome(client, trial, onset, words)


def _outcome(client: Client, trial: Trial, onset: float, words: list[str]) -> Outcome:
    def after(kind: type[Event]) -> float | None:
        at = client.first(kind, onset)
        return None if at is None else round((at - onset) * 1000, 1)

    resumed, stopped = after(PlaybackResumed), after(SpeechStarted)
    answering = client.ear.end >= onset or stopped is not None
    return replace(
        _blank(trial),
        ducked_ms=after(PlaybackDucked),
        held_ms=after(PlaybackHeld),
        stopped_ms=stopped,
        resumed_ms=resumed,
        reasons=[event.reason for event, at in client.told if isinstance(event, PlaybackResumed) and at >= onset],
        unheard=client.ear.unheard() if stopped is None else None,
        pause_ms=client.ear.longest_silence(onset + resumed / 1000) * 1000 if resumed is not None else None,
        problem="" if answering else "the answer was over",
        false_ducks=sum(isinstance(event, PlaybackDucked) and at < onset for event, at in client.told),
        words=" | ".join(words),
    )


def _blank(trial: Trial) -> Outcome:
    """Nothing has come of it yet."""
    language = "" if trial.clip is None else trial.clip.language
    return Outcome(trial.kind, trial.name, held_out=trial.held_out, language=language)
