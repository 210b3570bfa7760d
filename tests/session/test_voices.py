"""Whose voice a turn was, where the client asks for it. The speakers here are tones: one low, one high."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.api.test_diarization import Pitch
from tests.session.scene import RATE, SEMANTIC, Scene, play
from vivavoce.audio.pcm import Pcm
from vivavoce.conversation.config import TranscriptionOptions
from vivavoce.conversation.events import ResponseEnded, SpeakerTold, Transcribed
from vivavoce.engines.scripted import ScriptedModel, ScriptedTranscriber, scripted_engines
from vivavoce.errors import ModelUnavailable
from vivavoce.ports import SpeakerEncoder

ENGINES = scripted_engines(stt=ScriptedTranscriber(("hello there",)), llm=ScriptedModel(("Fine.",)))
DIARIZING = replace(SEMANTIC, transcription=TranscriptionOptions(model="gpt-4o-transcribe-diarize"))


async def encoder() -> SpeakerEncoder:
    return Pitch()


async def missing() -> SpeakerEncoder:
    raise ModelUnavailable("no such model", "pull it")


def voice(hertz: float) -> Pcm:
    times = np.arange(round(1.2 * RATE)) / RATE
    samples = 0.3 * np.sin(2 * np.pi * hertz * times)
    samples[-round(0.16 * RATE) :] *= np.geomspace(1.0, 1e-3, round(0.16 * RATE))
    return Pcm(samples.astype(np.float32), RATE)


async def talk(scene: Scene) -> None:
    for hertz in (900.0, 200.0, 900.0):
        await scene.silence(0.3)
        await scene.play(voice(hertz))
        await scene.silence(6)


def test_each_voice_has_its_letter_told_after_the_words() -> None:
    scene = play(talk, engines=replace(ENGINES, speaker=encoder), config=DIARIZING)
    told = scene.of(SpeakerTold)
    assert [(event.speaker, event.text) for event in told] == [
        ("A", "hello there"),
        ("B", "hello there"),
        ("A", "hello there"),
    ]
    assert all(event.seconds > 1 for event in told)
    names = [type(event) for event in scene.of(Transcribed, SpeakerTold)]
    assert names == [Transcribed, SpeakerTold] * 3


@pytest.mark.parametrize("speaker", [None, missing], ids=["no engine", "no model"])
def test_without_the_model_the_talk_goes_on(speaker: object) -> None:
    scene = play(talk, engines=replace(ENGINES, speaker=speaker), config=DIARIZING)
    assert not scene.of(SpeakerTold) and len(scene.of(ResponseEnded)) == 3


def test_who_does_not_ask_is_not_told() -> None:
    assert not play(talk, engines=replace(ENGINES, speaker=encoder)).of(SpeakerTold)
