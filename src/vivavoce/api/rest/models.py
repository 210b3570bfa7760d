"""`GET /v1/models`: what there is, so that apps which list models before anything else find theirs.

The minds come first, then the models that hear and speak. Names of OpenAI's speech models are listed, too, since apps
offer only what they see here, and every name is accepted where speech is asked for. Clients of Anthropic, which send
`anthropic-version`, get the minds in their form.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vivavoce.api.anthropic_form import from_anthropic
from vivavoce.api.auth import Keys, locked
from vivavoce.api.fields import Fields, invalid
from vivavoce.assistant.minds import Minds
from vivavoce.errors import RequestError
from vivavoce.ports import Engines

MOST_LISTED = 1000
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


Wire = dict[str, Any]


def model_routes(
    own: Sequence[str],
    keys: Keys,
    minds: Callable[[], Minds | None] = lambda: None,
    engines: Callable[[], Engines | None] = lambda: None,
) -> list[Route]:
    """`own`: ids of the minds, which come first. `minds`, `engines`: what is known of them, once they are warm."""
    started = int(time.time())

    def described(name: str) -> Wire:
        model = {"id": name, "object": "model", "created": started, "owned_by": "vivavoce"}
        return model | ({"vivavoce": more} if (more := _details(name, minds(), engines())) else {})

    def of_minds() -> list[str]:
        known = minds()
        return list(dict.fromkeys([*own, *(() if known is None else known.names)]))

    async def list_models(request: Request) -> Response:
        if from_anthropic(request.scope):
            return _anthropic_page(request, [_anthropic(name, minds(), started) for name in of_minds()])
        return JSONResponse({"object": "list", "data": [described(name) for name in _names(of_minds(), engines())]})

    async def one_model(request: Request) -> Response:
        name = request.path_params["name"]
        known = of_minds() if from_anthropic(request.scope) else _names(of_minds(), engines())
        if name in known or _answers(name, minds()):
            return JSONResponse(
                _anthropic(name, minds(), started) if from_anthropic(request.scope) else described(name)
            )
        message = f"There is no model {name!r}; GET /v1/models lists them."
        raise RequestError(message, param="model", code="model_not_found")

    return [
        Route("/v1/models", locked(keys, list_models)),
        Route("/v1/models/{name:path}", locked(keys, one_model)),
    ]


def _names(own: Sequence[str], ready: Engines | None) -> list[str]:
    engines = () if ready is None else (ready.llm.name, ready.stt.name, ready.tts.name)
    return list(dict.fromkeys([*own, *engines, *REALTIME_NAMES, *TRANSCRIPTION_NAMES]))


def _answers(name: str, minds: Minds | None) -> bool:
    """Whether a mind answers to the name, such as that of a model of OpenAI's."""
    if minds is None:
        return False
    try:
        return bool(minds.choose(name).name)
    except RequestError:
        return False


def _details(name: str, minds: Minds | None, ready: Engines | None) -> Wire:
    """What OpenAI's object has no words for: what the model is, and which one answers to a name."""
    if ready is not None and name == ready.stt.name:
        return {"kind": "transcription", "languages": list(ready.stt.languages)}
    if ready is not None and name == ready.tts.name:
        return {"kind": "speech"}
    if name in TRANSCRIPTION_NAMES or minds is None or not _answers(name, minds):
        return {}
    mind = minds.choose(name)
    return {"kind": "mind", "model": mind.name, "context": mind.context, "sees": mind.sees}


# --- Anthropic's form


def _anthropic(name: str, minds: Minds | None, started: int) -> Wire:
    model: Wire = {
        "type": "model",
        "id": name,
        "display_name": name,
        "created_at": datetime.fromtimestamp(started, UTC).isoformat().replace("+00:00", "Z"),
        "lifecycle": "active",
    }
    if minds is not None and _answers(name, minds):
        model["max_input_tokens"] = minds.choose(name).context
    return model


def _anthropic_page(request: Request, models: list[Wire]) -> Response:
    """Raises RequestError."""
    asked = Fields(dict(request.query_params), "")
    ids = [model["id"] for model in models]
    first, last = 0, len(models)
    if after := asked.text("after_id", None):
        first = ids.index(after) + 1 if after in ids else last
    if before := asked.text("before_id", None):
        last = ids.index(before) if before in ids else first
    limit = asked.text("limit", "20")
    if not limit.isdecimal() or not 1 <= int(limit[:9]) <= MOST_LISTED:
        raise invalid("limit", f"be a whole number from 1 to {MOST_LISTED}", limit)
    shown = models[first:last][: int(limit)]
    ends = {"first_id": shown[0]["id"] if shown else None, "last_id": shown[-1]["id"] if shown else None}
    return JSONResponse({"data": shown, "has_more": last - first > len(shown), **ends})
