"""The audio routes with the embedded engines: what is spoken into a file is what is read out of it again."""

from __future__ import annotations

import pytest
from openai import OpenAI

SENTENCE = "The museum opens at nine, and the garden is free for everybody."


@pytest.mark.parametrize("format", ["mp3", "opus", "wav"])
def test_a_spoken_file_says_what_was_written(embedded_server, format):
    with OpenAI(base_url=f"{embedded_server}/v1", api_key="none", max_retries=0) as client:
        speech = client.audio.speech.create(model="tts-1", voice="marin", input=SENTENCE, response_format=format)
        heard = client.audio.transcriptions.create(
            model="whisper-1",
            file=(f"speech.{format}", speech.read()),
            response_format="verbose_json",
            timestamp_granularities=["word"],
        )
    assert "museum opens at" in heard.text.lower() and "free for everybody" in heard.text.lower()
    starts = {word.word.strip(".,").lower(): word.start for word in heard.words or []}
    assert 0 <= starts["museum"] < starts["opens"] < starts["everybody"] <= heard.duration


def test_a_language_that_is_not_english_is_found(embedded_server):
    with OpenAI(base_url=f"{embedded_server}/v1", api_key="none", max_retries=0) as client:
        sentence = "Buongiorno, vorrei un caffè e un bicchiere d'acqua, per favore."
        speech = client.audio.speech.create(model="tts-1", voice="if_sara", input=sentence, response_format="wav")
        heard = client.audio.transcriptions.create(
            model="whisper-1", file=("speech.wav", speech.read()), response_format="verbose_json"
        )
    assert heard.language == "italian" and "bicchiere" in heard.text.lower()
