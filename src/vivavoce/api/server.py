"""Everything that is served, as one ASGI application."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute

from vivavoce.api.anthropic_form import AnthropicErrors
from vivavoce.api.auth import Keys
from vivavoce.api.frames import QuickFrames
from vivavoce.api.guard import LoopbackOnly
from vivavoce.api.heads import HEADS, Heads
from vivavoce.api.health import health_routes
from vivavoce.api.page import SafeHeaders, page_routes
from vivavoce.api.problems import (
    EngineTrouble,
    on_crash,
    on_disconnect,
    on_engine_trouble,
    on_http_error,
    on_request_error,
    on_storage_error,
)
from vivavoce.api.rates import RATE_HEADERS, LimitRates
from vivavoce.api.realtime.connection import Service
from vivavoce.api.realtime.endpoint import realtime_routes
from vivavoce.api.rest.models import model_routes
from vivavoce.api.rest.speech import speech_routes
from vivavoce.api.rest.voices import voice_routes
from vivavoce.assistant.minds import Minds
from vivavoce.errors import RequestError, StorageError
from vivavoce.ports import Engines

UVICORN_OPTIONS = {
    "ws": QuickFrames,
    "ws_max_size": 20 * 1024 * 1024,  # the largest append, 15 MiB, must arrive to be answered, and one too large too
    "ws_per_message_deflate": False,  # sound does not compress, and the attempt costs a core
    "timeout_graceful_shutdown": 5,  # a client that does not read must not hold up the end
    "server_header": False,
}
"""What uvicorn has to be told to serve this application well."""


LOOPBACK_PAGES = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"


def _cross_origin(keys: Keys) -> Middleware:
    """Pages of other sites may call where a key is asked for: keys come in a header, never in a cookie. Without keys
    only pages of this machine may."""
    allowed: dict[str, Any] = {"allow_origins": ["*"]} if keys.required else {"allow_origin_regex": LOOPBACK_PAGES}
    return Middleware(
        CORSMiddleware,
        **allowed,
        allow_methods=["GET", "POST", "PATCH", "PUT", "DELETE"],
        allow_headers=["*"],
        expose_headers=["Location", *HEADS, *RATE_HEADERS],
    )


def create_api(
    service: Service,
    *,
    keys: Keys,
    ready: Callable[[], bool],
    models: Sequence[str],
    engines: Callable[[], Engines | None] = lambda: None,
    minds: Callable[[], Minds | None] = lambda: None,
    page: Path | None = None,
    more: Sequence[BaseRoute] = (),
) -> Starlette:
    """`service`: how sessions are opened, counted and limited. `ready`: whether the models are warm.
    `models`: ids of the models that run here. `engines`: those that the audio routes use, None while they are not
    warm; `minds`: the language models by name, as long. `page`: folder of the page, None for none. `more`: routes of
    what the application keeps, such as files.
    """
    routes: list[BaseRoute] = [
        *realtime_routes(service, keys),
        *model_routes(models, keys, minds, engines),
        *voice_routes(engines, keys),
        *speech_routes(engines, keys),
        *more,
        *health_routes(ready, service.metrics, keys),
        *(page_routes(page) if page is not None else ()),
    ]
    middleware = [Middleware(Heads), Middleware(SafeHeaders), _cross_origin(keys), Middleware(AnthropicErrors)]
    if not keys.required:
        middleware.append(Middleware(LoopbackOnly))
    middleware.append(Middleware(LimitRates, rates=service.rates, keys=keys))
    return Starlette(
        routes=routes,
        middleware=middleware,
        exception_handlers={
            HTTPException: on_http_error,
            RequestError: on_request_error,
            StorageError: on_storage_error,
            EngineTrouble: on_engine_trouble,
            ClientDisconnect: on_disconnect,
            Exception: on_crash,
        },
    )
