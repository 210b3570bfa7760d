"""The audio routes with the embedded engines: what is spoken into a file is what is read out of it again."""

from __future__ import annotations

import pytest
from openai import OpenAI

from tests.e2e.test_conversation import wrong_letters

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
    assert wrong_letters(SENTENCE, heard.text) <= 0.3, heard.text
    starts = [word.start for word in heard.words or []]
    assert len(starts) > 6 and starts == sorted(starts)
    assert 0 <= starts[0] < 1.5 and starts[-1] - starts[0] > 1.5 and starts[-1] <= heard.duration


def test_a_language_that_is_not_english_is_found(embedded_server):
    with OpenAI(base_url=f"{embedded_server}/v1", api_key="none", max_retries=0) as client:
        sentence = "Buongiorno, vorrei un caffè e un bicchiere d'acqua, per favore."
        speech = client.audio.speech.create(model="tts-1", voice="if_sara", input=sentence, response_format="wav")
        heard = client.audio.transcriptions.create(
            model="whisper-1", file=("speech.wav", speech.read()), response_format="verbose_json"
        )
    assert heard.language == "italian" and wrong_letters(sentence, heard.text) <= 0.4, heard.text
