"""`/v1/conversations`: threads and their items, as OpenAI has them; and ours: a list with full-text search, forks, and
the sound that was kept. Everything is somebody's (`Keys.owner`); an id of somebody else is answered with 404."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vivavoce.api.auth import Keys, locked
from vivavoce.api.body import read_object
from vivavoce.api.fields import Fields, invalid, missing
from vivavoce.api.metadata import read_metadata
from vivavoce.api.rest.conversation_items import read_items
from vivavoce.storage.conversations import Conversation, Conversations, Found, Metadata, Page
from vivavoce.storage.rows import StoredItem

LARGEST = 20 * 1024 * 1024
"""Bytes of a body: items may hold pictures."""
MOST_LISTED, USUALLY_LISTED = 100, 20
LONGEST_QUERY = 500
INCLUDES = (
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
)
"""What can be asked for with `include`. All that is kept is always given."""


def conversation_routes(threads: Conversations, keys: Keys) -> list[Route]:
    return [*_thread_routes(threads, keys), *_overview_routes(threads, keys), *_item_routes(threads, keys)]


def _thread_routes(threads: Conversations, keys: Keys) -> list[Route]:
    async def create(request: Request) -> Response:
        body = await read_object(request, LARGEST)
        metadata, items = read_metadata(body) or {}, read_items(body) or []
        return JSONResponse(wire_conversation(await threads.create(keys.owner(request), metadata, items)))

    async def retrieve(request: Request) -> Response:
        return JSONResponse(wire_conversation(await threads.get(keys.owner(request), request.path_params["id"])))

    async def update(request: Request) -> Response:
        metadata = read_metadata(await read_object(request)) or {}
        owner, conversation_id = keys.owner(request), request.path_params["id"]
        return JSONResponse(wire_conversation(await threads.describe(owner, conversation_id, lambda _: metadata)))

    async def patch(request: Request) -> Response:
        """Only what is named changes; null takes a pair away."""
        changes = (await read_object(request)).need_object("metadata")
        owner, conversation_id = keys.owner(request), request.path_params["id"]

        def patched(now: Metadata) -> Metadata:
            after = {key: value for key, value in {**now, **changes.raw}.items() if value is not None}
            return read_metadata(Fields({"metadata": after}, "")) or {}

        return JSONResponse(wire_conversation(await threads.describe(owner, conversation_id, patched)))

    async def delete(request: Request) -> Response:
        conversation_id = request.path_params["id"]
        await threads.delete(keys.owner(request), conversation_id)
        return JSONResponse({"id": conversation_id, "object": "conversation.deleted", "deleted": True})

    thread = "/v1/conversations/{id}"
    return [
        Route("/v1/conversations", locked(keys, create), methods=["POST"]),
        Route(thread, locked(keys, retrieve), methods=["GET"]),
        Route(thread, locked(keys, update), methods=["POST"]),
        Route(thread, locked(keys, patch), methods=["PATCH"]),
        Route(thread, locked(keys, delete), methods=["DELETE"]),
    ]


def _overview_routes(threads: Conversations, keys: Keys) -> list[Route]:
    async def find(request: Request) -> Response:
        owner, limit = keys.owner(request), _limit(request)
        after, query = request.query_params.get("after"), request.query_params.get("query", "")
        if len(query) > LONGEST_QUERY:
            raise invalid("query", f"have at most {LONGEST_QUERY} characters")
        if query.strip():
            matches = await threads.search(owner, query, limit=limit, after=after)
            return JSONResponse(_page([wire_found(found) for found in matches.rows], matches.more))
        page = await threads.newest(owner, limit=limit, after=after)
        return JSONResponse(_page([wire_conversation(row) for row in page.rows], page.more))

    async def fork(request: Request) -> Response:
        body = await read_object(request)
        up_to = body.text("up_to_item_id", None)
        made = await threads.fork(keys.owner(request), request.path_params["id"], up_to)
        return JSONResponse(wire_conversation(made))

    return [
        Route("/v1/conversations", locked(keys, find), methods=["GET"]),
        Route("/v1/conversations/{id}/fork", locked(keys, fork), methods=["POST"]),
    ]


def _item_routes(threads: Conversations, keys: Keys) -> list[Route]:
    async def create(request: Request) -> Response:
        _check_include(request)
        items = read_items(await read_object(request, LARGEST))
        if not items:
            raise missing("items", "give an array with at least one item")
        written = await threads.add(keys.owner(request), request.path_params["id"], items)
        return JSONResponse(_page([wire_item(item) for item in written], False))

    async def find(request: Request) -> Response:
        _check_include(request)
        order = request.query_params.get("order", "desc")
        if order not in ("asc", "desc"):
            raise invalid("order", "be asc or desc", order)
        page: Page[StoredItem] = await threads.items(
            keys.owner(request),
            request.path_params["id"],
            limit=_limit(request),
            after=request.query_params.get("after"),
            order="asc" if order == "asc" else "desc",
        )
        return JSONResponse(_page([wire_item(item) for item in page.rows], page.more))

    async def retrieve(request: Request) -> Response:
        _check_include(request)
        item = await threads.item(keys.owner(request), request.path_params["id"], request.path_params["item"])
        return JSONResponse(wire_item(item))

    async def delete(request: Request) -> Response:
        owner, ids = keys.owner(request), request.path_params
        return JSONResponse(wire_conversation(await threads.remove(owner, ids["id"], ids["item"])))

    async def audio(request: Request) -> Response:
        owner, ids = keys.owner(request), request.path_params
        media_type, data = await threads.audio(owner, ids["id"], ids["item"])
        return Response(data, media_type=media_type, headers={"cache-control": "private"})

    items = "/v1/conversations/{id}/items"
    return [
        Route(items, locked(keys, create), methods=["POST"]),
        Route(items, locked(keys, find), methods=["GET"]),
        Route(f"{items}/{{item}}", locked(keys, retrieve), methods=["GET"]),
        Route(f"{items}/{{item}}", locked(keys, delete), methods=["DELETE"]),
        Route(f"{items}/{{item}}/audio", locked(keys, audio), methods=["GET"]),
    ]


def wire_conversation(conversation: Conversation) -> dict[str, Any]:
    return {
        "id": conversation.id,
        "object": "conversation",
        "created_at": int(conversation.created),
        "metadata": conversation.metadata,
        "updated_at": int(conversation.updated),
    }


def wire_found(found: Found) -> dict[str, Any]:
    """A conversation with the places where the words are. They come in pieces, so that whoever shows them need not
    take marks apart from text."""
    snippets = [
        {
            "item_id": snippet.item_id,
            "role": snippet.role,
            "pieces": [{"text": piece.text, "match": piece.match} for piece in snippet.pieces],
        }
        for snippet in found.snippets
    ]
    return {**wire_conversation(found.conversation), "snippets": snippets}


def wire_item(item: StoredItem) -> dict[str, Any]:
    """The item as it is kept; `vivavoce` holds what OpenAI has no field for."""
    return {**item.body, "vivavoce": {"created_at": item.created, **item.body.get("vivavoce", {})}}


def _page(data: list[dict[str, Any]], more: bool) -> dict[str, Any]:
    first, last = (data[0]["id"], data[-1]["id"]) if data else ("", "")
    return {"object": "list", "data": data, "first_id": first, "last_id": last, "has_more": more}


def _limit(request: Request) -> int:
    written = request.query_params.get("limit", str(USUALLY_LISTED))
    if not (written.isascii() and written.isdigit() and 1 <= int(written[:9]) <= MOST_LISTED):
        raise invalid("limit", f"be a whole number from 1 to {MOST_LISTED}", written)
    return int(written)


def _check_include(request: Request) -> None:
    for name in (*request.query_params.getlist("include"), *request.query_params.getlist("include[]")):
        if name not in INCLUDES:
            raise invalid("include", f"be among {', '.join(INCLUDES)}", name)
