"""`/v1/files`: files that are handed over once and named by their id afterwards; to each client in its own form."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vivavoce.api.anthropic_form import from_anthropic
from vivavoce.api.auth import Keys, locked
from vivavoce.api.body import in_thread, read_form
from vivavoce.api.fields import Fields, invalid, missing
from vivavoce.api.rest import files_anthropic as anthropics
from vivavoce.api.rest.files_anthropic import LONGEST, SHORTEST
from vivavoce.assistant.documents import LARGEST, kind_of, picture_type, safe_name
from vivavoce.assistant.files import FileShelf, StoredFile
from vivavoce.errors import RequestError

PURPOSES = ("user_data", "assistants", "vision")
UNSERVED = ("batch", "fine-tune", "evals")
MOST_LISTED = 10_000


def file_routes(shelf: FileShelf, keys: Keys) -> list[Route]:
    async def create(request: Request) -> Response:
        async with read_form(request) as form:
            if from_anthropic(request.scope):
                purpose, lasts = anthropics.PURPOSE, anthropics.lasts(form)
            else:
                purpose, lasts = _purpose(form), _lasts(form)
            name, data = await _upload(form)
        _check_content(data, name, purpose)
        owner = keys.owner(request)
        file = await in_thread(lambda: shelf.put(owner, name, purpose, data, lasts=lasts))
        return _told(file, request)

    async def list_files(request: Request) -> Response:
        files = await in_thread(shelf.files, keys.owner(request))
        if from_anthropic(request.scope):
            return JSONResponse(anthropics.page(files, request.query_params))
        return JSONResponse(_page(files, request))

    async def retrieve(request: Request) -> Response:
        file = await in_thread(shelf.find, keys.owner(request), request.path_params["id"])
        return _told(file, request)

    async def content(request: Request) -> Response:
        owner, file_id = keys.owner(request), request.path_params["id"]
        file = await in_thread(shelf.find, owner, file_id)
        # never as what it may be: a page of this server's own address must not run in a browser
        headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(file.name)}"}
        data = await in_thread(shelf.content, owner, file_id)
        return Response(data, media_type="application/octet-stream", headers=headers)

    async def delete(request: Request) -> Response:
        file_id = request.path_params["id"]
        await in_thread(shelf.delete, keys.owner(request), file_id)
        theirs = from_anthropic(request.scope)
        gone = {"id": file_id, "object": "file", "deleted": True}
        return JSONResponse(anthropics.deleted(file_id) if theirs else gone)

    return [
        Route("/v1/files", locked(keys, create), methods=["POST"]),
        Route("/v1/files", locked(keys, list_files), methods=["GET"]),
        Route("/v1/files/{id}", locked(keys, retrieve), methods=["GET"]),
        Route("/v1/files/{id}", locked(keys, delete), methods=["DELETE"]),
        Route("/v1/files/{id}/content", locked(keys, content), methods=["GET"]),
    ]


def _told(file: StoredFile, request: Request) -> Response:
    return JSONResponse(anthropics.wire_file(file) if from_anthropic(request.scope) else wire_file(file))


def wire_file(file: StoredFile) -> dict[str, Any]:
    wire: dict[str, Any] = {
        "id": file.id,
        "object": "file",
        "bytes": file.bytes,
        "created_at": file.created,
        "filename": file.name,
        "purpose": file.purpose,
        "status": "processed",
    }
    return wire if file.expires is None else {**wire, "expires_at": file.expires}


def _purpose(form: FormData) -> str:
    purpose = form.get("purpose")
    if purpose in UNSERVED:
        raise RequestError(f"Nothing here works on files for {purpose!r}.", param="purpose", code="invalid_value")
    if purpose not in PURPOSES:
        raise invalid("purpose", f"be one of {', '.join(PURPOSES)}", purpose)
    return str(purpose)


def _lasts(form: FormData) -> int | None:
    seconds = form.get("expires_after[seconds]")
    if seconds is None:
        return None
    anchor = form.get("expires_after[anchor]")
    if anchor != "created_at":
        raise invalid("expires_after.anchor", "be created_at", anchor)
    if not (isinstance(seconds, str) and seconds.isdecimal() and SHORTEST <= int(seconds[:9]) <= LONGEST):
        raise invalid("expires_after.seconds", f"be a whole number from {SHORTEST} to {LONGEST}", seconds)
    return int(seconds)


async def _upload(form: FormData) -> tuple[str, bytes]:
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise missing("file", "send the file as a file of the form")
    return safe_name(file.filename or "file"), await file.read()


def _check_content(data: bytes, name: str, purpose: str) -> None:
    """Raises RequestError: what nothing here could read is refused now, not when it is asked about."""
    if not data:
        raise RequestError("The file is empty.", param="file", code="empty_file")
    if len(data) > LARGEST:
        raise RequestError(f"The file is larger than {LARGEST // 2**20} MiB.", param="file", code="file_too_large")
    if picture_type(data) is not None:
        return
    if purpose == "vision":
        raise RequestError("For vision send a PNG or JPEG picture.", param="file", code="unsupported_file")
    kind_of(data, name)


def _page(files: list[StoredFile], request: Request) -> dict[str, Any]:
    """Raises RequestError. The newest first, unless `order` is asc."""
    asked = Fields({name: value for name, value in request.query_params.items()}, "")
    order = asked.choice("order", ("asc", "desc"), "desc")
    limit = asked.text("limit", str(MOST_LISTED))
    if not limit.isdecimal() or not 1 <= int(limit[:9]) <= MOST_LISTED:
        raise invalid("limit", f"be a whole number from 1 to {MOST_LISTED}", limit)
    purpose, after = asked.text("purpose", None), asked.text("after", None)
    found = [file for file in files if purpose in (None, file.purpose)]
    found = found if order == "asc" else found[::-1]
    if after is not None:
        ids = [file.id for file in found]
        if after not in ids:
            raise invalid("after", "be the id of a file of the list", after)
        found = found[ids.index(after) + 1 :]
    page = [wire_file(file) for file in found[: int(limit)]]
    ends = {"first_id": page[0]["id"] if page else None, "last_id": page[-1]["id"] if page else None}
    return {"object": "list", "data": page, **ends, "has_more": len(found) > len(page)}
