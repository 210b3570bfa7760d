"""`/v1/responses`: OpenAI's Responses for all minds there are, with tools that run beside the server, in the foreground
or in the background, streamed or whole, kept or not."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from dataclasses import replace
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from vivavoce.api.auth import Keys, locked
from vivavoce.api.body import read_object, while_connected
from vivavoce.api.fields import Fields, invalid
from vivavoce.api.problems import EngineTrouble, answering_engines, told, warming_up
from vivavoce.api.rest.attachments import LARGEST_REQUEST
from vivavoce.api.rest.event_stream import EventStream, named
from vivavoce.api.rest.paging import page, read_page
from vivavoce.api.rest.replies import tokens_of
from vivavoce.api.rest.responses_compact import compacted
from vivavoce.api.rest.responses_jobs import Job
from vivavoce.api.rest.responses_reading import UNDER_WAY, Means
from vivavoce.api.rest.responses_request import read_response
from vivavoce.api.rest.responses_run import prepared, reading_of
from vivavoce.api.rest.responses_socket import response_socket
from vivavoce.api.rest.responses_wire import shown
from vivavoce.conversation.hosted import readable
from vivavoce.errors import RequestError
from vivavoce.ports import Prompt
from vivavoce.storage.responses import StoredResponse

Wire = dict[str, Any]


def response_routes(means: Means, keys: Keys) -> list[BaseRoute]:
    desk = Desk(means, keys)
    return [
        Route("/v1/responses", locked(keys, desk.create), methods=["POST"]),
        Route("/v1/responses/input_tokens", locked(keys, desk.input_tokens), methods=["POST"]),
        Route("/v1/responses/compact", locked(keys, desk.compact), methods=["POST"]),
        response_socket(means, keys),
        Route("/v1/responses/{id}", locked(keys, desk.retrieve), methods=["GET"]),
        Route("/v1/responses/{id}", locked(keys, desk.delete), methods=["DELETE"]),
        Route("/v1/responses/{id}/cancel", locked(keys, desk.cancel), methods=["POST"]),
        Route("/v1/responses/{id}/input_items", locked(keys, desk.input_items), methods=["GET"]),
    ]


class Desk:
    """The routes. A response belongs to the key with which it was asked for; to others it does not exist."""

    def __init__(self, means: Means, keys: Keys) -> None:
        self._means, self._keys = means, keys
        self._opened = time.time()

    # --- making one

    async def create(self, request: Request) -> Response:
        fields = await read_object(request, LARGEST_REQUEST)
        asked = read_response(fields, self._means.prompts)
        if self._means.minds() is None or self._means.engines() is None:
            return warming_up()
        async with answering_engines():
            making = await while_connected(request, prepared(self._means, asked, self._keys.owner(request)))
            await making.start()
        if asked.stream:
            return EventStream(_streamed(making.job))
        if asked.background:
            return JSONResponse(making.response())
        await while_connected(request, _finished(making.job))
        trouble = making.job.trouble
        if trouble is not None:
            raise EngineTrouble(told(trouble))
        return JSONResponse(making.response())

    async def input_tokens(self, request: Request) -> Response:
        """How long a request is, without what the tools of servers would add."""
        fields = await read_object(request, LARGEST_REQUEST)
        asked = read_response(Fields({"model": "", **fields.raw, "background": False}, ""), self._means.prompts)
        if self._means.minds() is None or self._means.engines() is None:
            return warming_up()
        async with answering_engines():
            reading, mind = reading_of(self._means, asked, self._keys.owner(request))
            read = await while_connected(request, reading.read())
            items = tuple(readable(read.items, {}))
            prompt = Prompt(read.instructions, items, tools=asked.options.tools, schema=asked.schema)
            counted = await while_connected(request, tokens_of(mind, prompt))
        return JSONResponse({"object": "response.input_tokens", "input_tokens": counted})

    async def compact(self, request: Request) -> Response:
        """A conversation made short."""
        fields = await read_object(request, LARGEST_REQUEST)
        asked = read_response(Fields({**fields.raw, "background": False, "store": False}, ""), self._means.prompts)
        if self._means.minds() is None or self._means.engines() is None:
            return warming_up()
        async with answering_engines():
            owner = self._keys.owner(request)
            reading, mind = reading_of(self._means, asked, owner)
            read = await while_connected(request, reading.read())
            seal = partial(self._means.seals.seal, owner=owner, kind="compaction")
            return JSONResponse(await while_connected(request, compacted(mind, read, seal)))

    # --- those kept

    async def retrieve(self, request: Request) -> Response:
        owner, response_id = self._keys.owner(request), request.path_params["id"]
        stored = await self._stored(owner, response_id)
        if request.query_params.get("stream") == "true":
            job = self._means.jobs.to_follow(owner, response_id)
            return EventStream(_followed(job, _starting_after(request)))
        return JSONResponse(_wire(stored))

    async def delete(self, request: Request) -> Response:
        owner, response_id = self._keys.owner(request), request.path_params["id"]
        job = self._means.jobs.find(owner, response_id)
        if job is not None:
            await job.cancel()
        await self._means.archive.responses.delete(owner, response_id)
        return JSONResponse({"id": response_id, "object": "response", "deleted": True})

    async def cancel(self, request: Request) -> Response:
        owner, response_id = self._keys.owner(request), request.path_params["id"]
        stored = await self._stored(owner, response_id)
        if not stored.body.get("background"):
            raise RequestError(
                "Only a response in the background can be cancelled; another one ends with its connection.",
                param="response_id",
                code="not_in_background",
            )
        job = self._means.jobs.find(owner, response_id)
        if job is not None:
            await job.cancel()
        return JSONResponse(_wire(await self._stored(owner, response_id)))

    async def input_items(self, request: Request) -> Response:
        stored = await self._stored(self._keys.owner(request), request.path_params["id"])
        asked = read_page(request, "item")
        newest_first = request.query_params.get("order", "desc") == "desc"
        return JSONResponse(page([shown(body) for body in stored.read], replace(asked, newest_first=newest_first)))

    async def _stored(self, owner: str, response_id: str) -> StoredResponse:
        """As it stands now. One that nobody makes any more, since the server was started anew, has failed. Raises
        RequestError."""
        stored = await self._means.archive.responses.get(owner, response_id)
        if stored.status not in UNDER_WAY:
            return stored
        job = self._means.jobs.find(owner, response_id)
        if job is not None:
            body = job.now()
            return replace(stored, status=body["status"], body=body)
        if stored.created < self._opened:
            error = {"code": "server_error", "message": "The server was started anew while this response was made."}
            return replace(stored, status="failed", body={**stored.body, "status": "failed", "error": error})
        return stored


def _wire(stored: StoredResponse) -> Wire:
    return {**stored.body, "output": [shown(body) for body in stored.body["output"]]}


def _starting_after(request: Request) -> int:
    number = request.query_params.get("starting_after", "-1")
    if number != "-1" and not (number.isdecimal() and len(number) < 10):
        raise invalid("starting_after", "be the sequence number of an event", number)
    return int(number)


async def _finished(job: Job) -> None:
    """Wait for a response; who stops waiting ends it."""
    try:
        await job.wait()
    finally:
        if not job.ended:
            await job.cancel()


async def _streamed(job: Job) -> AsyncGenerator[bytes, None]:
    """The events of a new response, which ends with its reader unless it is in the background."""
    try:
        async for event in job.follow():
            yield named(event)
    finally:
        if not job.ended and not job.background:
            await job.cancel()


async def _followed(job: Job, after: int) -> AsyncGenerator[bytes, None]:
    async for event in job.follow(after):
        yield named(event)
