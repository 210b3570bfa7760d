"""What there is to choose from, as the official clients list it."""

from __future__ import annotations

import anthropic
import httpx
import openai
import pytest
from anthropic import Anthropic
from openai import OpenAI

from tests.api.rest_server import KEY
from tests.waiting import PATIENCE


def test_openais_client_lists_minds_ears_and_voices(address: str) -> None:
    with OpenAI(base_url=f"{address}/v1", api_key=KEY, max_retries=0) as client:
        models = {model.id: model for model in client.models.list()}
        assert list(models)[:3] == ["vivavoce", "seer", "thinker"] and {"actor", "scripted", "whisper-1"} <= set(models)
        assert models["seer"].vivavoce == {"kind": "mind", "model": "seer", "context": 4096, "sees": True}  # type: ignore[attr-defined]
        assert client.models.retrieve("thinker").id == "thinker"
        assert client.models.retrieve("gpt-4o").vivavoce["model"] == "actor"  # type: ignore[attr-defined]
        with pytest.raises(openai.NotFoundError) as missing:
            client.models.retrieve("llama-9")
        assert missing.value.code == "model_not_found"


def test_anthropics_client_lists_minds_in_its_own_form(address: str) -> None:
    with Anthropic(base_url=address, api_key=KEY, max_retries=0) as client:
        models = list(client.models.list(limit=2))  # the client asks for the next page by itself
        assert [model.id for model in models] == ["vivavoce", "seer", "thinker"]
        assert models[0].type == "model" and models[0].max_input_tokens == 4096 and models[0].created_at.tzinfo
        assert client.models.retrieve("seer").display_name == "seer"
        with pytest.raises(anthropic.NotFoundError, match="no model"):
            client.models.retrieve("llama-9")


def test_voices_are_listed_and_each_can_be_heard(address: str) -> None:
    with OpenAI(base_url=f"{address}/v1", api_key=KEY, max_retries=0) as client:
        listed = httpx.get(f"{address}/v1/audio/voices", headers={"api-key": KEY}, timeout=PATIENCE).json()
        assert listed["voices"] == listed["data"] and listed["data"][0]["language"] == "en"
        voice = listed["data"][0]["id"]
        sample = client.audio.speech.create(model="tts-1", voice=voice, input="Hello.", response_format="wav")
        assert len(sample.read()) > 1000
    assert (
        httpx.get(f"{address}/v1/audio/voices/{voice}", headers={"api-key": KEY}, timeout=PATIENCE).json()["id"]
        == voice
    )
    missing = httpx.get(f"{address}/v1/audio/voices/none", headers={"api-key": KEY}, timeout=PATIENCE)
    assert missing.status_code == 404 and missing.json()["error"]["code"] == "voice_not_found"
    assert httpx.get(f"{address}/v1/audio/voices", timeout=PATIENCE).status_code == 401
