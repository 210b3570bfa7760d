"""`/v1/chat/completions`: OpenAI's Chat Completions for all minds there are, streamed or whole, and those stored."""

from __future__ import annotations

import hashlib
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
from vivavoce.api.rest.chat_request import ChatAsked, read_chat
from vivavoce.api.rest.chat_stored import stored_routes, to_keep
from vivavoce.api.rest.chat_wire import END, Chunks, Head, broken_off, completion, new_head
from vivavoce.api.rest.event_stream import EventStream, data
from vivavoce.api.rest.replies import Reply, Sounded, Tally, thoughts_of, whole
from vivavoce.api.rest.spoken import SpokenAnswers
from vivavoce.api.rest.voicing import voiced
from vivavoce.assistant.minds import Minds
from vivavoce.errors import RequestError, StorageError, TurnError
from vivavoce.ports import Engines, LanguageModel, Prompt, Thought, Urgency
from vivavoce.storage.completions import Completions

Told = AsyncGenerator[Thought | Sounded, None]


def chat_routes(
    minds: Callable[[], Minds | None],
    engines: Callable[[], Engines | None],
    keys: Keys,
    opener: Opener,
    kept: Completions,
) -> list[Route]:
    """`minds`, `engines`: None while they are not warm. `kept`: those that are to be stored."""
    spoken = SpokenAnswers()

    async def complete(request: Request) -> Response:
        asked = read_chat(await read_object(request, LARGEST_REQUEST))
        known, ready = minds(), engines()
        if known is None or ready is None:
            return warming_up()
        owner = keys.owner(request)
        mind = known.choose(asked.model)
        async with answering_engines():
            reader = Reader(mind, ready.stt, owner, lambda id: spoken.words(owner, id))
            items = await while_connected(request, opener.items(asked.items, reader))
            prompt = replace(asked.prompt, items=items, session=_session(owner, asked), urgency=Urgency.SOON)
            answer = Answer(asked, prompt, mind, ready, owner, spoken, kept)
            if asked.stream:
                return EventStream(await while_connected(request, answer.events()))
            return JSONResponse(await while_connected(request, answer.whole()))

    return [
        Route("/v1/chat/completions", locked(keys, complete), methods=["POST"]),
        Route("/chat/completions", locked(keys, complete), methods=["POST"]),  # as clients of Perplexity have it
        *stored_routes(kept, keys),
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
    owner: str
    spoken: SpokenAnswers
    kept: Completions

    async def whole(self) -> dict[str, Any]:
        head = new_head(self.asked, self.prompt, self.mind.name, int(time.time()))
        replies = [await whole(self._thoughts(n)) for n in range(self.asked.choices)]
        wire = completion(head, self.asked, replies)
        await self._note(head, wire, replies)
        return wire

    async def events(self) -> AsyncGenerator[bytes, None]:
        """The stream, once the mind has begun: what fails before is an answer with a status."""
        thoughts = self._thoughts(0)
        first = await anext(thoughts)
        return self._events(_resumed(first, thoughts))

    async def _events(self, first: Told) -> AsyncGenerator[bytes, None]:
        head = new_head(self.asked, self.prompt, self.mind.name, int(time.time()))
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
            await self._note(head, completion(head, self.asked, replies), replies)
        except (TurnError, RequestError, StorageError) as error:
            yield data(broken_off(trouble_of(error)))
            return
        if self.asked.include_usage:
            yield data(chunks.account(replies))
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

    async def _note(self, head: Head, wire: dict[str, Any], replies: list[Reply]) -> None:
        """Raises StorageError."""
        for id, reply in zip(head.sounds, replies, strict=False):
            self.spoken.note(self.owner, id, reply.text)
        if self.asked.store:
            await self.kept.keep(self.owner, wire, to_keep(self.asked.messages))


async def _resumed(first: Thought | Sounded, rest: Told) -> Told:
    async with aclosing(rest):
        yield first
        async for thought in rest:
            yield thought
