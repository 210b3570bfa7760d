"""`GET /health`: 200 when questions are answered, 503 while models warm up, for whoever sends traffic or restarts.
`GET /status`: how far that has come, always 200, for people who wait. `GET /metrics`: for Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vivavoce import __version__
from vivavoce.api.auth import Keys, locked
from vivavoce.telemetry.metrics import CONTENT_TYPE, Metrics


@dataclass(frozen=True, slots=True)
class Progress:
    """Kinds of models that are `loaded`, of those that have to be before questions are answered."""

    loaded: tuple[str, ...] = ()
    of: tuple[str, ...] = ()


def status_routes(ready: Callable[[], bool], progress: Callable[[], Progress]) -> list[Route]:
    async def status(_: Request) -> Response:
        come, said = progress(), "ok" if ready() else "warming_up"
        return JSONResponse({"status": said, "version": __version__, "loaded": come.loaded, "of": come.of})

    return [Route("/status", status)]


def health_routes(ready: Callable[[], bool], metrics: Metrics, keys: Keys) -> list[Route]:
    async def health(_: Request) -> Response:
        if ready():
            return JSONResponse({"status": "ok", "version": __version__})
        return JSONResponse({"status": "warming_up", "version": __version__}, 503, {"Retry-After": "1"})

    async def exposition(_: Request) -> Response:
        return Response(metrics.exposition(), media_type=CONTENT_TYPE)

    return [Route("/health", health), Route("/metrics", locked(keys, exposition))]
