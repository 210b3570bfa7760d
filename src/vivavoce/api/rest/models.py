"""`GET /v1/models`: what there is, so that apps which list models before anything else find theirs.

Every name is accepted where a model is chosen; the OpenAI names are listed because apps offer only
what they see here.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vivavoce.api.auth import Keys, locked
from vivavoce.api.problems import problem

REALTIME_NAMES = (
    "gpt-realtime",
    "gpt-realtime-1.5",
    "gpt-realtime-2",
    "gpt-realtime-2.1",
    "gpt-realtime-2.1-mini",
    "gpt-realtime-2025-08-28",
    "gpt-realtime-mini",
    "gpt-realtime-mini-2025-10-06",
    "gpt-realtime-mini-2025-12-15",
    "gpt-4o-realtime-preview",
    "gpt-4o-realtime-preview-2024-10-01",
    "gpt-4o-realtime-preview-2024-12-17",
    "gpt-4o-realtime-preview-2025-06-03",
    "gpt-4o-mini-realtime-preview",
    "gpt-4o-mini-realtime-preview-2024-12-17",
    "gpt-audio-1.5",
    "gpt-audio-mini",
    "gpt-audio-mini-2025-10-06",
    "gpt-audio-mini-2025-12-15",
)
TRANSCRIPTION_NAMES = (
    "whisper-1",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-mini-transcribe-2025-12-15",
    "gpt-4o-transcribe-diarize",
    "gpt-transcribe",
    "gpt-live-transcribe",
    "gpt-realtime-whisper",
)


def model_routes(own: Sequence[str], keys: Keys) -> list[Route]:
    """`own`: ids of the models that really run here; they come first."""
    started = int(time.time())
    names = list(dict.fromkeys([*own, *REALTIME_NAMES, *TRANSCRIPTION_NAMES]))
    models = {name: {"id": name, "object": "model", "created": started, "owned_by": "vivavoce"} for name in names}

    async def list_models(_: Request) -> Response:
        return JSONResponse({"object": "list", "data": list(models.values())})

    async def one_model(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in models:
            return problem(
                404, f"There is no model {name!r}; GET /v1/models lists them.", param="model", code="model_not_found"
            )
        return JSONResponse(models[name])

    return [
        Route("/v1/models", locked(keys, list_models)),
        Route("/v1/models/{name:path}", locked(keys, one_model)),
    ]
