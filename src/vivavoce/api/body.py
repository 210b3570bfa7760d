"""What comes in the body of a request: limited in size, checked for what it says it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from vivavoce.api.fields import Fields
from vivavoce.api.json_text import check_writable, json_object
from vivavoce.errors import RequestError

T = TypeVar("T")

LARGEST_JSON = 1024 * 1024
LARGEST_UPLOAD = 25 * 1024 * 1024
"""Bytes of a file, as OpenAI has it."""
OF_THE_FORM = 256 * 1024
"""Bytes that the other fields of an upload may take."""
MOST_FIELDS = 200


async def read_text(request: Request, most: int = LARGEST_JSON) -> str:
    """The body as text. Raises RequestError."""
    taken = bytearray()
    async for piece in request.stream():
        taken += piece
        if len(taken) > most:
            raise _too_large(most)
    try:
        return taken.decode()
    except UnicodeDecodeError:
        raise RequestError("The body must be JSON in UTF-8.", code="invalid_json") from None


async def read_object(request: Request, most: int = LARGEST_JSON) -> Fields:
    """The JSON object in the body, {} where there is none. Raises RequestError."""
    text = await read_text(request, most) or "{}"
    value = json_object(text)
    check_writable(value, text)
    return Fields(value, "")


@asynccontextmanager
async def read_form(request: Request) -> AsyncIterator[FormData]:
    """A form with its uploaded files, which are gone afterwards. Raises RequestError."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise RequestError("Send multipart/form-data.", code="invalid_content_type")
    limited = Request(request.scope, _limited(request))
    try:
        form = await limited.form(max_files=2, max_fields=MOST_FIELDS, max_part_size=OF_THE_FORM)
    except HTTPException as error:
        raise RequestError(f"The form cannot be read: {error.detail}", code="invalid_form") from None
    try:
        yield form
    finally:
        await form.close()


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which stops when the client goes away before. The body must have been read. Raises
    ClientDisconnect."""
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(_gone(request))
    try:
        await asyncio.wait([working, leaving], return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientDisconnect
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.wait([working, leaving])


async def in_thread(work: Callable[..., T], *args: Any) -> T:
    """`work(*args)` in a thread that has ended when this returns, cancelled or not."""
    running = asyncio.create_task(asyncio.to_thread(work, *args))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _limited(request: Request) -> Any:
    taken = 0

    async def receive() -> Message:
        nonlocal taken
        message = await request.receive()
        taken += len(message.get("body", b""))
        if taken > LARGEST_UPLOAD + OF_THE_FORM:
            raise _too_large(LARGEST_UPLOAD)
        return message

    return receive


def _too_large(most: int) -> RequestError:
    size = f"{most // 2**20} MiB"
    return RequestError(f"The body is larger than {size}; send less at once.", code="request_too_large")
