"""`GET /v1/vivavoce/tool_servers`: by which labels a session may name tools that run here; each lists its own."""

from __future__ import annotations

from collections.abc import Collection

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vivavoce.api.auth import Keys, locked


def tool_server_routes(labels: Collection[str], keys: Keys) -> list[Route]:
    async def listed(_: Request) -> Response:
        data = [{"object": "vivavoce.tool_server", "server_label": label} for label in labels]
        return JSONResponse({"object": "list", "data": data, "has_more": False})

    return [Route("/v1/vivavoce/tool_servers", locked(keys, listed), methods=["GET"])]
