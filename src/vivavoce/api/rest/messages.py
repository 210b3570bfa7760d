"""`/v1/messages`: Anthropic's Messages for all minds there are, streamed or whole, and how many tokens one takes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vivavoce.api.anthropic_form import anthropic_error
from vivavoce.api.auth import Keys, locked
from vivavoce.api.body import read_object, while_connected
from vivavoce.api.problems import EngineTrouble, answering_engines, trouble_of, warming_up
from vivavoce.api.rest import messages_wire as wire
from vivavoce.api.rest.attachments import LARGEST_REQUEST, Opener, Reader
from vivavoce.api.rest.event_stream import EventStream, named
from vivavoce.api.rest.messages_request import MessageAsked, read_messages
from vivavoce.api.rest.replies import thoughts_of, tokens_of, whole
from vivavoce.assistant.minds import Minds
from vivavoce.errors import TurnError
from vivavoce.ports import Engines, LanguageModel, Prompt, Thought, Urgency
from vivavoce.session.accounts import estimated_tokens


def message_routes(
    minds: Callable[[], Minds | None], engines: Callable[[], Engines | None], keys: Keys, opener: Opener
) -> list[Route]:
    """`minds`, `engines`: None while they are not warm."""

    async def prepared(request: Request, asked: MessageAsked) -> tuple[LanguageModel, Prompt]:
        known, ready = minds(), engines()
        if known is None or ready is None:
            raise EngineTrouble(warming_up())
        mind = known.choose(asked.model)
        items = await while_connected(request, opener.items(asked.items, Reader(mind, ready.stt, keys.owner(request))))
        return mind, replace(asked.prompt, items=items, urgency=Urgency.SOON)

    async def create(request: Request) -> Response:
        asked = read_messages(await read_object(request, LARGEST_REQUEST))
        async with answering_engines():
            mind, prompt = await prepared(request, asked)
            thoughts = thoughts_of(mind, prompt, parallel=asked.parallel)
            if asked.stream:
                first = await while_connected(request, anext(thoughts))
                events = wire.MessageEvents(mind.name, estimated_tokens(prompt), thinking=asked.thinking)
                return EventStream(_events(first, thoughts, events, _id(request)))
            reply = await while_connected(request, whole(thoughts))
        return JSONResponse(wire.message(mind.name, reply, thinking=asked.thinking))

    async def count(request: Request) -> Response:
        asked = read_messages(await read_object(request, LARGEST_REQUEST), counting=True)
        async with answering_engines():
            mind, prompt = await prepared(request, asked)
            tokens = await while_connected(request, tokens_of(mind, prompt))
        return JSONResponse({"input_tokens": tokens})

    return [
        Route("/v1/messages", locked(keys, create), methods=["POST"]),
        Route("/v1/messages/count_tokens", locked(keys, count), methods=["POST"]),
    ]


async def _events(
    first: Thought, rest: AsyncGenerator[Thought, None], events: wire.MessageEvents, request_id: str
) -> AsyncGenerator[bytes, None]:
    try:
        async with aclosing(rest):
            for event in (*events.opening(), *events.of(first)):
                yield named(event)
            async for thought in rest:
                for event in events.of(thought):
                    yield named(event)
    except TurnError as error:
        trouble = trouble_of(error)
        yield named(anthropic_error(trouble.status, trouble.message, request_id))


def _id(request: Request) -> str:
    return str(request.scope.get("request_id", ""))
