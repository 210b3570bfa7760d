"""`GET /v1/audio/voices`: the voices there are. A sample of one is a sentence that `/v1/audio/speech` speaks in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vivavoce.api.auth import Keys, locked
from vivavoce.api.problems import problem, warming_up
from vivavoce.ports import Engines, Voice


def voice_routes(engines: Callable[[], Engines | None], keys: Keys) -> list[Route]:
    """`engines`: None while they are not warm."""
    started = int(time.time())

    def route(path: str, answer: Callable[[Engines, Request], Response]) -> Route:
        async def answered(request: Request) -> Response:
            ready = engines()
            return warming_up() if ready is None else answer(ready, request)

        return Route(path, locked(keys, answered))

    def list_voices(ready: Engines, _: Request) -> Response:
        voices = [_wire(voice, started) for voice in ready.tts.voices]
        ends = {"first_id": voices[0]["id"], "last_id": voices[-1]["id"]} if voices else {}
        # `voices` is where Open WebUI and others look for them
        return JSONResponse({"object": "list", "data": voices, **ends, "has_more": False, "voices": voices})

    def one_voice(ready: Engines, request: Request) -> Response:
        wanted = request.path_params["id"]
        for voice in ready.tts.voices:
            if voice.id == wanted:
                return JSONResponse(_wire(voice, started))
        message = f"There is no voice {wanted[:60]!r}; GET /v1/audio/voices lists them."
        return problem(404, message, param="voice", code="voice_not_found")

    def list_models(ready: Engines, _: Request) -> Response:
        models = [{"id": name, "object": "model"} for name in (ready.tts.name, ready.stt.name)]
        return JSONResponse({"object": "list", "data": models, "models": models})

    return [
        route("/v1/audio/voices", list_voices),
        route("/v1/audio/voices/{id}", one_voice),
        route("/v1/audio/models", list_models),
    ]


def _wire(voice: Voice, created: int) -> dict[str, Any]:
    """As OpenAI describes a voice that was made from words."""
    return {
        "id": voice.id,
        "object": "audio.voice",
        "created_at": created,
        "name": voice.id,
        "type": "prompt",
        "prompt": voice.description,
        "description": voice.description,
        "language": voice.language,
    }
