"""Conversations out and in as files, which OpenAI has not: `/v1/conversations/export`, `/import`, `/{id}/export`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import islice
from typing import IO

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from vivavoce.api.auth import Keys, locked
from vivavoce.api.body import in_thread
from vivavoce.api.fields import invalid
from vivavoce.api.rest.imports import LARGEST_FILE, conversations_in
from vivavoce.errors import RequestError
from vivavoce.storage.conversations import Conversations
from vivavoce.storage.database import Database
from vivavoce.storage.transfer import WRITTEN, Imported, bring_in, everything, whole

IN_MEMORY = 1024 * 1024
AT_ONCE = 16
"""Conversations that are read before they are written."""


def transfer_routes(threads: Conversations, database: Database, keys: Keys) -> list[Route]:
    async def export_all(request: Request) -> Response:
        headers = {"content-disposition": 'attachment; filename="vivavoce-conversations.json"'}
        owner = keys.owner(request)
        return StreamingResponse(everything(threads, owner), media_type="application/json", headers=headers)

    async def export_one(request: Request) -> Response:
        written = request.query_params.get("format", "json")
        found = next((form for name, form in WRITTEN.items() if name == written), None)
        if found is None:
            raise invalid("format", f"be one of {', '.join(WRITTEN)}", written)
        media_type, ending, write = found
        conversation, items = await whole(threads, keys.owner(request), request.path_params["id"])
        headers = {"content-disposition": f'attachment; filename="{conversation.id}.{ending}"'}
        return Response(write(conversation, items), media_type=media_type, headers=headers)

    async def bring(request: Request) -> Response:
        if request.headers.get("content-type", "").startswith("multipart/"):
            raise RequestError(
                "Send the file itself as the body, not a form: curl --data-binary @conversations.json.",
                code="invalid_content_type",
            )
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
            await _receive(request, file)
            return JSONResponse(await _bring_all(file, database, keys.owner(request)))

    return [
        Route("/v1/conversations/export", locked(keys, export_all), methods=["GET"]),
        Route("/v1/conversations/import", locked(keys, bring), methods=["POST"]),
        Route("/v1/conversations/{id}/export", locked(keys, export_one), methods=["GET"]),
    ]


async def _receive(request: Request, file: IO[bytes]) -> None:
    taken = 0
    async for piece in request.stream():
        taken += len(piece)
        if taken > LARGEST_FILE:
            raise RequestError(
                f"The file is larger than {LARGEST_FILE // 2**20} MiB. Take it apart, or import it at the server with "
                "`vivavoce threads import`.",
                param="file",
                code="file_too_large",
            )
        await in_thread(file.write, piece)
    file.seek(0)


async def _bring_all(file: IO[bytes], database: Database, owner: str) -> dict[str, object]:
    """What came of it. Where the file breaks off, what came before is kept."""
    counts = {"imported": 0, "already_here": 0, "items": 0}
    reading = conversations_in(file)
    trouble: RequestError | None = None
    while trouble is None:
        some, trouble = await in_thread(_some, reading)
        for one in some:
            new = await bring_in(database, owner, one)
            counts["imported" if new else "already_here"] += 1
            counts["items"] += len(one.items) if new else 0
        if not some:
            break
    if trouble is not None and not counts["imported"]:
        raise trouble
    return {"object": "vivavoce.import", **counts, "error": None if trouble is None else str(trouble)}


def _some(reading: Iterator[Imported]) -> tuple[list[Imported], RequestError | None]:
    some: list[Imported] = []
    try:
        for one in islice(reading, AT_ONCE):
            some.append(one)
    except RequestError as error:
        return some, error
    return some, None
