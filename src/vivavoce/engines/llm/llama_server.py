"""One loaded llama.cpp: a request goes in, its chunks come out, and a listener's request goes first."""

from __future__ import annotations

import http.client
import json
import secrets
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from typing import Protocol
from urllib.parse import urlsplit

import xllamacpp

from vivavoce.engines.llm.llama_wire import Chunk, Request, has_text
from vivavoce.engines.llm.precedence import Precedence, ReadersStop
from vivavoce.engines.llm.pull import Push, pull
from vivavoce.engines.llm.render import ChatMessage
from vivavoce.engines.pool import Stop
from vivavoce.errors import EngineFailed

COUNTED_WITHIN = 10.0
"""Seconds."""
STEP = 64
"""Prompt tokens read at once: 0.35 s of one core. Larger steps read no faster on a CPU."""


class Sizes(Protocol):
    """How much of the machine a model may take; see `llama.Options`."""

    @property
    def slots(self) -> int: ...
    @property
    def context_per_slot(self) -> int: ...
    @property
    def threads(self) -> int: ...
    @property
    def prompt_threads(self) -> int: ...
    @property
    def cache_mib(self) -> int: ...


class TooLong(Exception):
    """The model counted more tokens than fit."""

    def __init__(self, tokens: int) -> None:
        super().__init__(tokens)
        self.tokens = tokens


class BadSchema(Exception):
    """The grammar compiler does not understand a schema."""


class LlamaServer:
    """Blocking; for the threads of a worker. Raises TooLong, BadSchema and EngineFailed; a library's own message is
    left out of the latter, since it may quote the prompt."""

    def __init__(self, given: xllamacpp.CommonParams, name: str) -> None:
        """Blocks while it loads, and holds Python's lock. Raises what the library raises."""
        self._server, self._name, self._key = xllamacpp.Server(given), name, given.api_keys[0]
        self._precedence = Precedence()

    def chat(self, request: Request, stop: Stop) -> Generator[Chunk, None, None]:
        """The chunks of a chat completion; empty ones are signs of life. With a `ReadersStop` the request gives way
        to others until its first word."""
        if not isinstance(stop, ReadersStop):
            yield from self._chat(request, stop, self._precedence.listener())
            return

        def ask(over: Stop) -> Generator[Chunk, None, None]:
            return self._chat(request, over, nullcontext())

        alive: Chunk = {}
        with closing(self._precedence.give_way(ask, has_text, stop, alive=alive)) as coming:
            yield from coming

    def complete(self, request: Request, stop: Stop) -> Iterator[Chunk]:
        """The chunks of a completion of bare text."""

        def call(push: Push[Chunk]) -> object:
            with _speaking_errors(self._name, constrained=False), self._precedence.listener():
                return self._server.handle_completions(request, push)

        return pull(call, stop)

    def count(self, messages: list[ChatMessage]) -> int:
        """Tokens of the messages in the model's template. Over the library's port, since it offers no call for that;
        there it neither waits for the model nor disturbs it."""
        place = urlsplit(self._server.listening_address)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=COUNTED_WITHIN)
        headers = {"content-type": "application/json", "authorization": f"Bearer {self._key}"}
        try:
            body = json.dumps({"messages": messages}).encode()
            connection.request("POST", "/v1/chat/completions/input_tokens", body, headers)
            return int(json.loads(connection.getresponse().read())["input_tokens"])
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            raise EngineFailed(f"{self._name} could not count ({type(error).__name__})") from None
        finally:
            connection.close()

    def close(self) -> None:
        """Free the model."""
        self._server = None

    def _chat(self, request: Request, stop: Stop, rank: AbstractContextManager[None]) -> Generator[Chunk, None, None]:
        def call(push: Push[Chunk]) -> object:
            with _speaking_errors(self._name, constrained="response_format" in request), rank:
                return self._server.handle_chat_completions(request, push)

        for chunk in pull(call, stop):
            if error := chunk.get("error"):
                if error.get("type") == "exceed_context_size_error":
                    raise TooLong(int(error["n_prompt_tokens"]))
                raise EngineFailed(f"{self._name}: {error.get('type', 'unknown error')}")
            yield chunk


@contextmanager
def _speaking_errors(name: str, *, constrained: bool) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        if constrained:
            raise BadSchema from error
        raise EngineFailed(f"{name} refused the request") from error


def parameters(path: str, options: Sizes) -> xllamacpp.CommonParams:
    given = xllamacpp.CommonParams()
    given.model.path = path
    given.n_parallel = options.slots
    given.n_ctx = options.slots * options.context_per_slot
    given.cpuparams.n_threads = options.threads
    given.cpuparams_batch.n_threads = options.prompt_threads
    # threads that wait for one another sleep: spinning takes the cores from recogniser and voice
    given.cpuparams.poll = given.cpuparams_batch.poll = 0
    given.n_batch = given.n_ubatch = STEP
    given.cache_ram_mib = options.cache_mib
    given.n_cache_reuse = 32  # tokens in a row that are worth shifting
    given.verbosity = 0
    # the library opens a port on loopback whether or not it is wanted: nobody else knows this key
    given.api_keys = [secrets.token_urlsafe(32)]
    given.ui = given.endpoint_slots = given.endpoint_props = False
    given.n_threads_http = 1
    return given
