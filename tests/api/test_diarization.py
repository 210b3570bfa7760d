"""Who said what, as the official client asks for it and reads it. The speakers here are tones: one low, one high."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import httpx
import numpy as np
import pytest
from openai import AsyncOpenAI
from openai.types.audio import TranscriptionDiarized

from tests.api.fakes import Served, serving
from tests.api.test_audio import wav
from tests.waiting import PATIENCE
from vivavoce.audio.pcm import Pcm, join
from vivavoce.engines.scripted import WORD_SECONDS, ScriptedTranscriber, scripted_engines
from vivavoce.ports import Urgency, Vector

RATE = 16_000
LOW, HIGH = 200.0, 900.0
TURN = 12 * WORD_SECONDS
WORDS = " ".join(f"w{n}" for n in range(24))


def voice(hertz: float, seconds: float) -> Pcm:
    times = np.arange(round(seconds * RATE)) / RATE
    return Pcm((0.3 * np.sin(2 * np.pi * hertz * times)).astype(np.float32), RATE)


TALK = wav(join([voice(LOW, TURN), Pcm.silence(WORD_SECONDS, RATE), voice(HIGH, TURN)], RATE))


class Pitch:
    """Takes the pitch of a sound for its voice."""

    name = "pitch"

    async def voices(self, sounds: Sequence[Pcm], urgency: Urgency = Urgency.SOON) -> list[Vector]:
        found = []
        for sound in sounds:
            spectrum = np.abs(np.fft.rfft(sound.samples))
            low = spectrum[: round(500 * sound.seconds)].sum()
            vector = np.array([low, spectrum.sum() - low], np.float32)
            found.append(vector / np.linalg.norm(vector))
        return found

    def close(self) -> None: ...


def meet(scene: Callable[[AsyncOpenAI, Served], Awaitable[None]], stt: ScriptedTranscriber | None = None) -> None:
    async def encoder() -> Pitch:
        return Pitch()

    async def run() -> None:
        engines = scripted_engines(stt=stt or ScriptedTranscriber([WORDS]))
        async with (
            serving(engines=engines, speaker_encoder=encoder) as served,
            AsyncOpenAI(base_url=f"{served.base}/v1", api_key="none", max_retries=0) as client,
        ):
            await scene(client, served)

    asyncio.run(run())


def reference(hertz: float) -> str:
    return "data:audio/wav;base64," + base64.b64encode(wav(voice(hertz, 3.0))).decode()


def ask(client: AsyncOpenAI, **more: Any) -> Any:
    asked = {"model": "gpt-4o-transcribe-diarize", "response_format": "diarized_json", "chunking_strategy": "auto"}
    return client.audio.transcriptions.create(file=("talk.wav", TALK), **{**asked, **more})


def test_each_segment_has_its_speaker() -> None:
    async def scene(client: AsyncOpenAI, _: Served) -> None:
        answer = await ask(client)
        assert isinstance(answer, TranscriptionDiarized)
        assert answer.text == WORDS and answer.duration == pytest.approx(2 * TURN + WORD_SECONDS, abs=0.01)
        said = {who: " ".join(it.text for it in answer.segments if it.speaker == who) for who in "AB"}
        words = WORDS.split()  # the thirteenth falls into the pause
        assert said["A"].split()[:12] == words[:12] and said["B"].split()[-11:] == words[13:]
        assert len({it.id for it in answer.segments}) == len(answer.segments)
        assert all(it.start < it.end and it.type == "transcript.text.segment" for it in answer.segments)

    meet(scene)


def test_known_speakers_have_their_names_and_others_have_letters() -> None:
    async def scene(client: AsyncOpenAI, _: Served) -> None:
        answer = await ask(client, known_speaker_names=["agent"], known_speaker_references=[reference(HIGH)])
        assert list(dict.fromkeys(it.speaker for it in answer.segments)) == ["A", "agent"]

    meet(scene)


def test_segments_are_streamed() -> None:
    async def scene(client: AsyncOpenAI, _: Served) -> None:
        events = [event async for event in await ask(client, stream=True)]
        segments = [event for event in events if event.type == "transcript.text.segment"]
        assert {it.speaker for it in segments} == {"A", "B"}
        assert " ".join(it.text for it in segments) == WORDS == events[-1].text
        assert events[-1].type == "transcript.text.done" and events[0].type == "transcript.text.delta"

    meet(scene)


def test_chunks_are_cut_at_pauses_as_the_request_wants() -> None:
    async def scene(client: AsyncOpenAI, served: Served) -> None:
        quiet = Pcm.silence(0.6, RATE)
        file = ("talk.wav", wav(join([voice(LOW, 2.0), quiet, voice(LOW, 2.0)], RATE)))
        for silence, passes in ((300, 2), (900, 1)):
            before = stt.passes
            strategy: Any = {"type": "server_vad", "silence_duration_ms": silence}
            answer = await client.audio.transcriptions.create(
                model="whisper-1",
                file=file,
                chunking_strategy=strategy,
                response_format="verbose_json",
                timestamp_granularities=["word"],
            )
            assert stt.passes - before == passes
        assert answer.words is not None
        async with httpx.AsyncClient(timeout=PATIENCE) as web:  # as JSON in one field, too
            fields = {"model": "m", "chunking_strategy": '{"type": "server_vad", "silence_duration_ms": 300}'}
            fields |= {"response_format": "verbose_json", "timestamp_granularities[]": "word"}
            url = f"{served.base}/v1/audio/transcriptions"
            told = (await web.post(url, data=fields, files={"file": file})).json()
        starts = [word["start"] for word in told["words"] if word["word"] == "w0"]
        assert len(starts) == 2 and starts[1] == pytest.approx(2.6 - 0.3, abs=0.1), "with the padding before it"

    stt = ScriptedTranscriber(["w0 w1 w2"])
    meet(scene, stt)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"chunking_strategy": "sometimes"}, "chunking_strategy"),
        ({"chunking_strategy": '{"type": "semantic"}'}, "chunking_strategy.type"),
        ({"chunking_strategy[type]": "server_vad", "chunking_strategy[threshold]": "7"}, "chunking_strategy.threshold"),
        ({"known_speaker_names[]": "agent"}, "known_speaker_references"),
        ({"known_speaker_names[]": "agent", "known_speaker_references[]": "agent.wav"}, "known_speaker_references.0"),
        (
            {"known_speaker_names[]": "agent", "known_speaker_references[]": "data:audio/wav;base64,AAAA"},
            "known_speaker_references.0",
        ),
        (
            {"known_speaker_names[]": "a", "known_speaker_references[]": reference(LOW), "response_format": "json"},
            "known_speaker_names",
        ),
    ],
)
def test_bad_fields_are_named(fields: dict[str, str], param: str) -> None:
    async def scene(_: AsyncOpenAI, served: Served) -> None:
        async with httpx.AsyncClient(timeout=PATIENCE) as web:
            url = f"{served.base}/v1/audio/transcriptions"
            form = {"model": "m", "response_format": "diarized_json", **fields}
            answer = await web.post(url, data=form, files={"file": ("talk.wav", TALK)})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)

    meet(scene)


def test_a_model_that_is_not_there_is_named_with_its_remedy() -> None:
    async def scene() -> None:
        async with serving(engines=scripted_engines(stt=ScriptedTranscriber([WORDS]))) as served:
            async with httpx.AsyncClient(timeout=PATIENCE) as web:
                url = f"{served.base}/v1/audio/transcriptions"
                form = {"model": "m", "response_format": "diarized_json"}
                answer = await web.post(url, data=form, files={"file": ("talk.wav", TALK)})
        assert answer.status_code >= 400 and "told apart" in answer.json()["error"]["message"]

    asyncio.run(scene())
