"""The audio routes, met by the official client: what it sends is understood, what it parses is what it gets."""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile
from openai import AsyncOpenAI, BadRequestError

from tests.api.fakes import Served, serving, tone
from tests.waiting import PATIENCE, measured
from vivavoce.api.rest import transcripts
from vivavoce.api.rest.transcripts import Transcript
from vivavoce.audio.codecs import from_pcm16
from vivavoce.audio.files import MEDIA_TYPES, read_sound
from vivavoce.audio.pcm import Pcm
from vivavoce.conversation.words import Word
from vivavoce.engines.scripted import ScriptedTranscriber, ToneVoice, scripted_engines
from vivavoce.ports import Engines

WORDS = "So it goes, and nobody minds."
TEXT = "Hello there. This is a longer sentence, which takes a while to say."


def meet(scene: Callable[[AsyncOpenAI, Served], Awaitable[None]], engines: Engines | None = None) -> None:
    engines = engines or scripted_engines(stt=ScriptedTranscriber([WORDS]))

    async def run() -> None:
        async with (
            serving(engines=engines) as served,
            AsyncOpenAI(base_url=f"{served.base}/v1", api_key="none", max_retries=0) as client,
        ):
            await scene(client, served)

    asyncio.run(run())


def wav(sound: Pcm) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, sound.samples, sound.rate, format="WAV")
    return file.getvalue()


# --- speech


@pytest.mark.parametrize("format", sorted(MEDIA_TYPES))
def test_speech_comes_in_every_format_and_holds_all_that_was_said(format: Any) -> None:
    async def scene(client: AsyncOpenAI, _: Served) -> None:
        answer = await client.audio.speech.create(model="tts-1", voice="alloy", input=TEXT, response_format=format)
        assert answer.response.headers["content-type"] == MEDIA_TYPES[format]
        data = answer.read()
        sound = Pcm(from_pcm16(data), 24_000) if format == "pcm" else read_sound(data, 24_000, longest=60)
        assert sound.seconds == pytest.approx(0.06 * len(TEXT.replace(" ", "")), rel=0.35)
        spectrum = np.abs(np.fft.rfft(sound.samples))
        assert spectrum.argmax() / sound.seconds == pytest.approx(220, abs=3)  # the tone that ToneVoice hums

    meet(scene)


@measured
def test_speech_is_sent_while_it_is_made() -> None:
    async def scene(client: AsyncOpenAI, _: Served) -> None:
        loop = asyncio.get_running_loop()
        began, times = loop.time(), []
        create = client.audio.speech.with_streaming_response.create
        async with create(model="tts-1", voice="alloy", input=TEXT, response_format="pcm") as answer:
            async for _chunk in answer.iter_bytes(1024):
                times.append(loop.time() - began)
        assert times[0] < 0.6 * times[-1]

    meet(scene, scripted_engines(tts=ToneVoice(takes=0.2)))


def test_speech_as_events() -> None:
    async def scene(_: AsyncOpenAI, served: Served) -> None:
        body = {"model": "gpt-4o-mini-tts", "voice": {"id": "voice_1"}, "input": "Hello.", "stream_format": "sse"}
        async with httpx.AsyncClient(timeout=PATIENCE) as web:
            answer = await web.post(f"{served.base}/v1/audio/speech", json=body)
        events = [json.loads(line.removeprefix("data: ")) for line in answer.text.split("\n\n") if line]
        assert [event["type"] for event in events[-2:]] == ["speech.audio.delta", "speech.audio.done"]
        assert events[-1]["usage"]["total_tokens"] > 0

    meet(scene)


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"input": ""}, "input"),
        ({"input": "a" * 4097}, "input"),
        ({"voice": 7}, "voice"),
        ({"response_format": "midi"}, "response_format"),
        ({"speed": 9}, "speed"),
        ({"model": None}, "model"),
    ],
)
def test_bad_requests_for_speech_name_the_field(change: dict[str, Any], param: str) -> None:
    async def scene(_: AsyncOpenAI, served: Served) -> None:
        body = {"model": "tts-1", "voice": "alloy", "input": "Hello.", **change}
        async with httpx.AsyncClient(timeout=PATIENCE) as web:
            answer = await web.post(f"{served.base}/v1/audio/speech", json=body)
        assert answer.status_code == 400 and answer.json()["error"]["param"] == param

    meet(scene)


# --- transcriptions


def test_transcripts_in_every_form() -> None:
    async def scene(client: AsyncOpenAI, _: Served) -> None:
        file = ("speech.wav", wav(tone(3.0)))
        create = client.audio.transcriptions.create
        assert (await create(model="whisper-1", file=file)).text == WORDS
        assert await create(model="whisper-1", file=file, response_format="text") == WORDS + "\n"
        srt = await create(model="whisper-1", file=file, response_format="srt")
        assert re.match(r"1\n00:00:00,000 --> 00:00:0\d,\d{3}\nSo it goes", str(srt))
        vtt = await create(model="whisper-1", file=file, response_format="vtt")
        assert str(vtt).startswith("WEBVTT\n\n00:00:00.000 --> ")
        verbose = await create(
            model="whisper-1", file=file, response_format="verbose_json", timestamp_granularities=["word", "segment"]
        )
        assert verbose.language == "english" and verbose.duration == pytest.approx(3.0, abs=0.01)
        assert [word.word for word in verbose.words or []] == WORDS.split()
        assert "".join(segment.text for segment in verbose.segments or []).strip() == WORDS
        sure = await create(model="gpt-4o-transcribe", file=file, include=["logprobs"])
        assert [it.logprob for it in sure.logprobs or []] == [0.0] * len(WORDS.split())
        with pytest.warns(DeprecationWarning):  # the client's opinion of whisper-1
            english = await client.audio.translations.create(model="whisper-1", file=file)
        assert english.text == WORDS

    meet(scene)


def test_a_long_file_streams_its_pieces() -> None:
    async def scene(client: AsyncOpenAI, _: Served) -> None:
        file = ("speech.flac", _flac(tone(60.0)))
        events = await client.audio.transcriptions.create(model="whisper-1", file=file, stream=True)
        kinds = [event async for event in events]
        deltas = [event.delta for event in kinds if event.type == "transcript.text.delta"]
        assert len(deltas) >= 3 and kinds[-1].type == "transcript.text.done"
        assert "".join(deltas) == kinds[-1].text

    meet(scene)


def test_other_containers_are_taken_apart_beside_the_server() -> None:
    av = pytest.importorskip("av", reason="pip install 'vivavoce[media]'")

    async def scene(client: AsyncOpenAI, _: Served) -> None:
        for container, codec in (("webm", "libopus"), ("mp4", "aac")):
            file = (f"speech.{container}", _encoded(av, tone(2.0, 48_000), container, codec))
            answer = await client.audio.transcriptions.create(
                model="whisper-1", file=file, response_format="verbose_json"
            )
            assert answer.duration == pytest.approx(2.0, abs=0.1)

    meet(scene)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({}, "model"),
        ({"model": "m", "response_format": "pdf"}, "response_format"),
        ({"model": "m", "timestamp_granularities[]": "word"}, "timestamp_granularities"),
        ({"model": "m", "language": "klingon"}, "language"),
        ({"model": "m", "temperature": "hot"}, "temperature"),
        ({"model": "m", "stream": "maybe"}, "stream"),
        ({"model": "m", "include[]": "everything"}, "include"),
    ],
)
def test_bad_fields_of_an_upload_are_named(fields: dict[str, str], param: str) -> None:
    async def scene(_: AsyncOpenAI, served: Served) -> None:
        async with httpx.AsyncClient(timeout=PATIENCE) as web:
            url = f"{served.base}/v1/audio/transcriptions"
            answer = await web.post(url, data=fields, files={"file": ("a.wav", wav(tone(0.2)))})
        assert answer.status_code == 400 and answer.json()["error"]["param"] == param

    meet(scene)


@pytest.mark.parametrize("junk", [b"", b"\x00" * 5000, b"RIFF" + b"\xff" * 400, b"ID3" + b"\x01" * 4000, b"fLaC" * 99])
def test_what_is_no_sound_is_refused(junk: bytes) -> None:
    async def scene(client: AsyncOpenAI, _: Served) -> None:
        with pytest.raises(BadRequestError) as refused:
            await client.audio.transcriptions.create(model="whisper-1", file=("speech.mp3", junk))
        assert refused.value.param == "file"
        await refused.value.response.aclose()

    meet(scene)


def test_what_is_too_large_or_no_form_is_refused() -> None:
    async def scene(_: AsyncOpenAI, served: Served) -> None:
        url = f"{served.base}/v1/audio/transcriptions"
        async with httpx.AsyncClient(timeout=PATIENCE) as web:
            large = await web.post(url, data={"model": "m"}, files={"file": ("a.wav", bytes(26 * 2**20))})
            assert (large.status_code, large.json()["error"]["code"]) == (413, "request_too_large")
            assert (await web.post(url, json={"model": "m"})).status_code == 415
            field = await web.post(url, data={"model": "m", "prompt": "p" * 2**20}, files={"file": b"x"})
            assert field.status_code == 400
            missing = await web.post(url, data={"model": "m"}, files={"another": b"x"})
            assert missing.json()["error"]["param"] == "file"

    meet(scene)


def test_an_engine_that_fails_is_an_answer() -> None:
    async def scene(_: AsyncOpenAI, served: Served) -> None:
        async with httpx.AsyncClient(timeout=PATIENCE) as web:
            url = f"{served.base}/v1/audio/transcriptions"
            answer = await web.post(url, data={"model": "m"}, files={"file": ("a.wav", wav(tone(0.5)))})
        assert (answer.status_code, answer.json()["error"]["code"]) == (500, "engine_failed")

    meet(scene, scripted_engines(stt=ScriptedTranscriber([RuntimeError("out of memory")])))


def test_before_the_models_are_warm_the_client_is_told_to_come_back() -> None:
    async def scene() -> None:
        async with serving() as served, httpx.AsyncClient(timeout=PATIENCE) as web:
            body = {"model": "tts-1", "voice": "alloy", "input": "Hello."}
            answer = await web.post(f"{served.base}/v1/audio/speech", json=body)
            assert answer.status_code == 503 and answer.headers["retry-after"]

    asyncio.run(scene())


def test_subtitles_are_lines_that_can_be_read() -> None:
    text = [f" word{n}{'.' if n % 9 == 8 else ''}" for n in range(60)]
    words = tuple(Word(word, n * 0.4, n * 0.4 + 0.3) for n, word in enumerate(text))
    segments = transcripts.segments_of(Transcript(words, "".join(text).strip(), "en", 24.0))
    assert " ".join(segment.text for segment in segments) == "".join(text).strip()
    for segment in segments:
        assert segment.end - segment.start <= transcripts.LONGEST_SEGMENT
        assert len(segment.text) <= transcripts.MOST_LETTERS
    assert all(segment.text.endswith(".") for segment in segments[:-1])


def test_subtitles_of_markup_are_text() -> None:
    told = Transcript((Word(" <b>&", 0.0, 1.0),), "<b>&", "en", 1.0)
    assert "&lt;b&gt;&amp;" in transcripts.vtt(told)


def _flac(sound: Pcm) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, sound.samples, sound.rate, format="FLAC")
    return file.getvalue()


def _encoded(av: Any, sound: Pcm, container: str, codec: str) -> bytes:
    file = io.BytesIO()
    out = av.open(file, "w", format=container)
    stream = out.add_stream(codec, rate=sound.rate)
    stream.layout = "mono"
    frame = av.AudioFrame.from_ndarray(sound.samples.reshape(1, -1), format="fltp", layout="mono")
    frame.sample_rate = sound.rate
    resampler = av.AudioResampler(stream.codec_context.format, "mono", sound.rate, stream.codec_context.frame_size)
    for piece in [*resampler.resample(frame), *resampler.resample(None), None]:
        out.mux(stream.encode(piece))
    out.close()
    return file.getvalue()
