"""`/v1/chat/completions`: OpenAI's Chat Completions for all minds there are, streamed or whole, and those stored."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vivavoce.api.auth import Keys, locked
from vivavoce.api.body import read_object, while_connected
from vivavoce.api.problems import answering_engines, trouble_of, warming_up
from vivavoce.api.rest.attachments import LARGEST_REQUEST, Opener, Reader
from vivavoce.api.rest.chat_request import ChatAsked, read_chat, read_metadata
from vivavoce.api.rest.chat_shelf import ChatShelf, Stored
from vivavoce.api.rest.chat_wire import END, Chunks, Head, broken_off, completion, new_head
from vivavoce.api.rest.event_stream import EventStream, data
from vivavoce.api.rest.paging import page, read_page
from vivavoce.api.rest.replies import Reply, Sounded, Tally, thoughts_of, whole
from vivavoce.api.rest.voicing import voiced
from vivavoce.assistant.minds import Minds
from vivavoce.errors import RequestError, TurnError
from vivavoce.ports import Engines, LanguageModel, Prompt, Thought, Urgency

Told = AsyncGenerator[Thought | Sounded, None]


def chat_routes(
    minds: Callable[[], Minds | None], engines: Callable[[], Engines | None], keys: Keys, opener: Opener
) -> list[Route]:
    """`minds`, `engines`: None while they are not warm."""
    shelf = ChatShelf()

    async def complete(request: Request) -> Response:
        asked = read_chat(await read_object(request, LARGEST_REQUEST))
        known, ready = minds(), engines()
        if known is None or ready is None:
            return warming_up()
        owner = keys.owner(request)
        mind = known.choose(asked.model)
        async with answering_engines():
            reader = Reader(mind, ready.stt, owner, lambda id: shelf.spoken(owner, id))
            items = await while_connected(request, opener.items(asked.items, reader))
            prompt = replace(asked.prompt, items=items, session=_session(owner, asked), urgency=Urgency.SOON)
            answer = Answer(asked, prompt, mind, ready, shelf, owner)
            if asked.stream:
                return EventStream(await while_connected(request, answer.events()))
            return JSONResponse(await while_connected(request, answer.whole()))

    return [
        Route("/v1/chat/completions", locked(keys, complete), methods=["POST"]),
        *_stored_routes(shelf, keys),
    ]


def _session(owner: str, asked: ChatAsked) -> str:
    """Requests of one caller that name the same cache share one; the others share what nobody else needs."""
    if not asked.cache_key:
        return ""
    return "chat " + hashlib.sha256(f"{owner} {asked.cache_key}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Answer:
    """One request under way. Its choices are made one after the other, so that none pushes out a conversation."""

    asked: ChatAsked
    prompt: Prompt
    mind: LanguageModel
    engines: Engines
    shelf: ChatShelf
    owner: str

    async def whole(self) -> dict[str, Any]:
        head = new_head(self.asked, self.mind.name, int(time.time()))
        replies = [await whole(self._thoughts(n)) for n in range(self.asked.choices)]
        wire = completion(head, self.asked, replies)
        self._note(head, wire, replies)
        return wire

    async def events(self) -> AsyncGenerator[bytes, None]:
        """The stream, once the mind has begun: what fails before is an answer with a status."""
        thoughts = self._thoughts(0)
        first = await anext(thoughts)
        return self._events(_resumed(first, thoughts))

    async def _events(self, first: Told) -> AsyncGenerator[bytes, None]:
        head = new_head(self.asked, self.mind.name, int(time.time()))
        chunks, replies = Chunks(head, self.asked), []
        try:
            for n in range(self.asked.choices):
                yield data(chunks.opening(n))
                tally = Tally()
                async with aclosing(self._thoughts(n) if n else first) as thoughts:
                    async for thought in thoughts:
                        tally.add(thought)
                        for chunk in chunks.of(n, thought):
                            yield data(chunk)
                replies.append(tally.reply())
        except (TurnError, RequestError) as error:
            yield data(broken_off(trouble_of(error)))
            return
        if self.asked.include_usage:
            yield data(chunks.account(replies))
        self._note(head, completion(head, self.asked, replies), replies)
        yield END

    def _thoughts(self, n: int) -> Told:
        """Of the choice `n`; each has a seed of its own, or they would all be the same."""
        seed = self.prompt.seed
        prompt = self.prompt if seed is None else replace(self.prompt, seed=seed + n)
        thoughts = thoughts_of(self.mind, prompt, parallel=self.asked.parallel)
        aloud = self.asked.aloud
        if aloud is None:
            return thoughts
        return voiced(thoughts, self.engines.tts, voice=aloud.voice, format=aloud.format)

    def _note(self, head: Head, wire: dict[str, Any], replies: list[Reply]) -> None:
        for id, reply in zip(head.sounds, replies, strict=False):
            self.shelf.note_spoken(self.owner, id, reply.text)
        if self.asked.store:
            self.shelf.keep(self.owner, wire, self.asked.messages)


async def _resumed(first: Thought | Sounded, rest: Told) -> Told:
    async with aclosing(rest):
        yield first
        async for thought in rest:
            yield thought


# --- those stored


def _stored_routes(shelf: ChatShelf, keys: Keys) -> list[Route]:
    def stored(request: Request) -> Stored:
        return shelf.get(keys.owner(request), request.path_params["id"])

    async def list_all(request: Request) -> Response:
        asked = read_page(request, "completion")
        model, metadata = request.query_params.get("model"), _asked_metadata(request)
        found = [
            each.completion
            for each in shelf.of(keys.owner(request))
            if model in (None, each.completion["model"])
            and metadata.items() <= (each.completion["metadata"] or {}).items()
        ]
        return JSONResponse(page(found, asked))

    async def retrieve(request: Request) -> Response:
        return JSONResponse(dict(stored(request).completion))

    async def update(request: Request) -> Response:
        metadata = read_metadata(await read_object(request))
        owner, completion_id = keys.owner(request), request.path_params["id"]
        return JSONResponse(dict(shelf.describe(owner, completion_id, metadata).completion))

    async def delete(request: Request) -> Response:
        shelf.remove(keys.owner(request), request.path_params["id"])
        return JSONResponse({"id": request.path_params["id"], "object": "chat.completion.deleted", "deleted": True})

    async def messages(request: Request) -> Response:
        return JSONResponse(page(list(stored(request).messages), read_page(request, "message")))

    return [
        Route("/v1/chat/completions", locked(keys, list_all), methods=["GET"]),
        Route("/v1/chat/completions/{id}", locked(keys, retrieve), methods=["GET"]),
        Route("/v1/chat/completions/{id}", locked(keys, update), methods=["POST"]),
        Route("/v1/chat/completions/{id}", locked(keys, delete), methods=["DELETE"]),
        Route("/v1/chat/completions/{id}/messages", locked(keys, messages), methods=["GET"]),
    ]


def _asked_metadata(request: Request) -> dict[str, str]:
    """`metadata[name]=value`, as OpenAI's clients write it."""
    named = re.compile(r"metadata\[(.+)\]")
    return {found[1]: value for name, value in request.query_params.items() if (found := named.fullmatch(name))}
