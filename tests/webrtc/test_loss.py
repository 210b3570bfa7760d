"""Calls over bad networks, with the embedded engines: every turn is answered, and the answer can be understood."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("aiortc", reason="pip install 'vivavoce[media]'")

from tests.engines.sounds import MUSEUM, museum
from tests.waiting import measured
from tests.webrtc.caller import RATE, Caller
from tests.webrtc.lossy import spoil
from vivavoce.audio.resample import resample
from vivavoce.cli.bench.stt import distance, words
from vivavoce.loading import load_engine, model_files
from vivavoce.ports import HEARING_RATE, TranscriptionHint
from vivavoce.settings import EngineChoices, read_settings

SESSION = {
    "type": "realtime",
    "instructions": "Repeat what the user says, word by word, and nothing else.",
    "audio": {"input": {"turn_detection": {"type": "semantic_vad"}, "transcription": {"model": "whisper-1"}}},
}


@pytest.mark.parametrize(("loss", "jitter"), [(0.0, 0.0), (0.05, 0.15), (0.15, 0.15)])
@measured
def test_a_turn_over_a_bad_network_is_heard_and_answered(embedded_server: str, loss: float, jitter: float) -> None:
    asked, said, heard = asyncio.run(turn(embedded_server, loss, jitter))
    of_question = rate(MUSEUM, asked)
    of_answer = rate(said, heard)
    print(
        f"loss {loss:.0%}, jitter {jitter * 1000:.0f} ms: errors in question {of_question:.0%}, answer {of_answer:.0%}"
    )
    assert of_question <= 0.25 + 2 * loss and of_answer <= 0.5, (asked, said, heard)


async def turn(base: str, loss: float, jitter: float) -> tuple[str, str, str]:
    """What was understood of the question, what was answered, and what could be heard of that."""
    async with Caller(base, SESSION) as caller:
        spoil(caller.peer, loss=loss, jitter=jitter)
        await asyncio.sleep(1)
        caller.voice.say(resample(museum(), RATE))
        said = (await caller.until("response.output_audio_transcript.done"))["transcript"]
        await caller.until("output_audio_buffer.stopped")
        await asyncio.sleep(0.5)
        sound = caller.heard_sound()
        kind = "conversation.item.input_audio_transcription.completed"  # two, where a gap was taken for a pause
        asked = " ".join(event["transcript"] for _, event in caller.seen if event["type"] == kind)
    stt: Any = load_engine("stt", EngineChoices().stt, model_files(read_settings()))
    try:
        heard = await stt.transcribe(resample(sound, HEARING_RATE), TranscriptionHint("en"))
    finally:
        stt.close()
    return asked, said, heard.text


def rate(known: str, found: str) -> float:
    """Share of wrong letters: "9 AM" may come back as "9am"."""
    expected = "".join(words(known, "en"))
    return distance(expected, "".join(words(found, "en"))) / max(1, len(expected))
