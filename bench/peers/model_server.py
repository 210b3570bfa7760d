"""vivavoce's own engines behind three OpenAI-compatible addresses, so that every peer has the same models.

    python bench/peers/model_server.py PORT

POST /v1/audio/transcriptions (a WAV file), /v1/chat/completions (streamed or whole) and /v1/audio/speech (streamed
24 kHz PCM, or WAV). Started by `vivavoce bench peers`; loopback only. It keeps nothing between requests but the
language model's prompt cache, as any server of such models does. The cache of spoken clauses is off: what one peer
had said is not ready for the next.
"""

from __future__ import annotations

import os

os.environ.setdefault("KMP_BLOCKTIME", "0")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import io
import json
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from email.parser import BytesParser
from typing import Any

import soundfile
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from vivavoce.audio.codecs import to_pcm16
from vivavoce.audio.pcm import Pcm, join
from vivavoce.audio.resample import Resampler, resample
from vivavoce.conversation.items import Message, Text
from vivavoce.loading import load_engine, model_files
from vivavoce.ports import HEARING_RATE, Prompt, TranscriptionHint, Words
from vivavoce.settings import EngineChoice, Settings, read_settings

SPOKEN_RATE = 24_000
CONVERSATION = "peer"
"""One conversation at a time: each keeps the prompt cache of the one before, whose instructions are the same."""


def text_of(content: Any) -> str:
    """The words of a chat message's content, which may be a string or a list of parts."""
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content or [])


def prompt_of(request: dict[str, Any]) -> Prompt:
    """A chat request as our engines take it: system messages together, the rest in order."""
    messages = [(one["role"], text_of(one.get("content"))) for one in request["messages"]]
    system = "\n".join(text for role, text in messages if role in ("system", "developer"))
    items = [
        Message(f"item_{place}", "assistant" if role == "assistant" else "user", (Text(text),))
        for place, (role, text) in enumerate(messages)
        if role not in ("system", "developer") and text
    ]
    limit = request.get("max_completion_tokens") or request.get("max_tokens")
    temperature = request.get("temperature")
    return Prompt(
        system, items, CONVERSATION, max_tokens=limit, temperature=0.7 if temperature is None else temperature
    )


def fields_of(content_type: str, body: bytes) -> dict[str, bytes]:
    """The fields of a multipart form; files are fields like any other."""
    message = BytesParser().parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    parts = [part for part in message.walk() if not part.is_multipart()]
    return {
        str(part.get_param("name", header="content-disposition")): bytes(part.get_payload(decode=True))  # type: ignore[arg-type]
        for part in parts
    }


class Models:
    """The three engines that peers ask for, as the settings name them."""

    def __init__(self, settings: Settings) -> None:
        files, engines = model_files(settings), settings.engines
        self.stt = load_engine("stt", engines.stt, files)
        self.llm = load_engine("llm", engines.llm, files)
        self.tts = load_engine("tts", without_cache(engines.tts), files)

    async def transcribe(self, request: Request) -> Response:
        form = fields_of(request.headers["content-type"], await request.body())
        samples, rate = soundfile.read(io.BytesIO(form["file"]), dtype="float32", always_2d=True)
        speech = resample(Pcm(samples.mean(axis=1), rate), HEARING_RATE)
        language = form.get("language", b"").decode() or None
        heard = await self.stt.transcribe(speech, TranscriptionHint(language=language))
        if form.get("response_format") == b"text":
            return Response(heard.text, media_type="text/plain")
        return JSONResponse({"text": heard.text, "language": heard.language, "duration": speech.seconds})

    async def chat(self, request: Request) -> Response:
        asked = await request.json()
        prompt = prompt_of(asked)
        if asked.get("stream"):
            return StreamingResponse(self._chunks(prompt), media_type="text/event-stream")
        words = "".join([thought.text async for thought in self.llm.reply(prompt) if isinstance(thought, Words)])
        choice = {"index": 0, "message": {"role": "assistant", "content": words}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        return JSONResponse(_envelope("chat.completion") | {"choices": [choice], "usage": usage})

    async def _chunks(self, prompt: Prompt) -> AsyncIterator[str]:
        yield _chunk({"role": "assistant", "content": ""})
        async with aclosing(self.llm.reply(prompt)) as thoughts:
            async for thought in thoughts:
                if isinstance(thought, Words):
                    yield _chunk({"content": thought.text})
        yield _chunk({}, finish="stop")
        yield "data: [DONE]\n\n"

    async def speak(self, request: Request) -> Response:
        asked = await request.json()
        sounds = self.tts.synthesize(asked["input"], voice=asked.get("voice") or "marin", language="en")
        if asked.get("response_format") == "wav":
            return Response(_wav(join([piece async for piece in sounds], self.tts.rate)), media_type="audio/wav")
        return StreamingResponse(self._pcm(sounds), media_type="audio/pcm")

    async def _pcm(self, sounds: Any) -> AsyncIterator[bytes]:
        resampler = Resampler(self.tts.rate, SPOKEN_RATE)
        async with aclosing(sounds):
            async for piece in sounds:
                yield to_pcm16(resampler.push(piece.samples))


def without_cache(choice: EngineChoice) -> EngineChoice:
    """Kokoro without its cache of clauses; other voices have none."""
    return replace(choice, options={**choice.options, "cache": 0}) if choice.name == "kokoro" else choice


def _envelope(kind: str) -> dict[str, Any]:
    return {"id": "chat", "object": kind, "created": 0, "model": "vivavoce"}


def _chunk(delta: dict[str, Any], finish: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return f"data: {json.dumps(_envelope('chat.completion.chunk') | {'choices': [choice]})}\n\n"


def _wav(sound: Pcm) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, sound.samples, sound.rate, format="WAV", subtype="PCM_16")
    return file.getvalue()


async def health(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def models(request: Request) -> Response:
    return JSONResponse({"object": "list", "data": [{"id": "vivavoce", "object": "model", "owned_by": "vivavoce"}]})


def main() -> None:
    served = Models(read_settings())
    routes = [
        Route("/health", health),
        Route("/v1/models", models),
        Route("/v1/audio/transcriptions", served.transcribe, methods=["POST"]),
        Route("/v1/chat/completions", served.chat, methods=["POST"]),
        Route("/v1/audio/speech", served.speak, methods=["POST"]),
    ]
    uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")


if __name__ == "__main__":
    main()
