"""The page at `/`, its service worker and icons beside it, its files at `/static/…`. It may load and call nothing but
this server."""

from __future__ import annotations

from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; font-src 'self'; "
        "img-src 'self' data:; media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "microphone=(self), camera=(), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


BESIDE = ("sw.js", "manifest.webmanifest", "icon.svg", "icon-192.png", "icon-512.png", "icon-maskable-512.png")
"""Files that have to lie beside the page: a service worker serves the folder that it came from."""
NEW_EACH_TIME = {"cache-control": "no-cache"}
FOR_EVER = "public, max-age=31536000, immutable"
"""What lies in `static` carries a digest in its name."""


def page_routes(folder: Path) -> list[BaseRoute]:
    """`folder` holds `index.html`, the files BESIDE it and, in `static`, everything else it asks for."""

    async def page(_: Request) -> Response:
        return FileResponse(folder / "index.html", headers=NEW_EACH_TIME)

    async def beside(request: Request) -> Response:
        return FileResponse(folder / request.url.path.rpartition("/")[2], headers=NEW_EACH_TIME)

    static = GZipMiddleware(_Lasting(StaticFiles(directory=folder / "static")))
    return [
        Route("/", page),
        *(Route(f"/{name}", beside) for name in BESIDE if (folder / name).exists()),
        Mount("/static", static, name="static"),
    ]


class _Lasting:
    """Files that browsers may keep without asking again."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_lasting(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                MutableHeaders(scope=message)["cache-control"] = FOR_EVER
            await send(message)

        await self._app(scope, receive, send_lasting)


class SafeHeaders:
    """Puts the headers above on every HTTP response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_safely if scope["type"] == "http" else send)
