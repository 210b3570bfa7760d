"""`/v1/chat/completions/{id}`: completions that were to be stored; and the list of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vivavoce.api.auth import Keys, locked
from vivavoce.api.body import read_object
from vivavoce.api.rest.chat_request import read_metadata
from vivavoce.api.rest.paging import listed, page, read_page
from vivavoce.conversation.items import new_id
from vivavoce.storage.completions import Completions, Wanted

LONGEST_URI = 8 * 1024 * 1024
"""Letters of a picture that is stored with its message; larger ones are left out, as OpenAI does."""
_METADATA = re.compile(r"metadata\[(.+)\]")


def stored_routes(kept: Completions, keys: Keys) -> list[Route]:
    async def list_all(request: Request) -> Response:
        asked, query = read_page(request, "completion"), request.query_params
        named = ((_METADATA.fullmatch(name), value) for name, value in query.items())
        metadata = {match[1]: value for match, value in named if match}
        wanted = Wanted(asked.limit, asked.after, asked.newest_first, query.get("model"), metadata or None)
        found, more = await kept.list(keys.owner(request), wanted)
        return JSONResponse(listed(found, has_more=more))

    async def retrieve(request: Request) -> Response:
        stored = await kept.get(keys.owner(request), request.path_params["id"])
        return JSONResponse(dict(stored.body))

    async def update(request: Request) -> Response:
        metadata = read_metadata(await read_object(request)) or {}
        stored = await kept.describe(keys.owner(request), request.path_params["id"], metadata)
        return JSONResponse(dict(stored.body))

    async def delete(request: Request) -> Response:
        completion_id = request.path_params["id"]
        await kept.delete(keys.owner(request), completion_id)
        return JSONResponse({"id": completion_id, "object": "chat.completion.deleted", "deleted": True})

    async def messages(request: Request) -> Response:
        asked = read_page(request, "message")
        stored = await kept.get(keys.owner(request), request.path_params["id"])
        return JSONResponse(page(stored.messages, asked))

    return [
        Route("/v1/chat/completions", locked(keys, list_all), methods=["GET"]),
        Route("/v1/chat/completions/{id}", locked(keys, retrieve), methods=["GET"]),
        Route("/v1/chat/completions/{id}", locked(keys, update), methods=["POST"]),
        Route("/v1/chat/completions/{id}", locked(keys, delete), methods=["DELETE"]),
        Route("/v1/chat/completions/{id}/messages", locked(keys, messages), methods=["GET"]),
    ]


def to_keep(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Messages in the form of the list: each with an id, its words as content, its parts apart. Recordings and files
    are left out."""
    return [{"id": new_id("msg"), **message, **_content(message.get("content"))} for message in messages]


def _content(content: Any) -> dict[str, Any]:
    if not isinstance(content, list):
        return {"content": content, "content_parts": None}
    texts = [part["text"] for part in content if isinstance(part.get("text"), str)]
    return {"content": "\n".join(texts), "content_parts": [part for part in content if _is_kept(part)]}


def _is_kept(part: Mapping[str, Any]) -> bool:
    if part.get("type") == "image_url":
        return len(part["image_url"]["url"]) <= LONGEST_URI
    return part.get("type") == "text"
