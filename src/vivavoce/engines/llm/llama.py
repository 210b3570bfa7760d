"""Chat models in GGUF files on llama.cpp, through `xllamacpp`.

What keeps it quick on few cores:
- one prompt cache ("slot") for each conversation, kept to it; what a newcomer pushes out waits in RAM;
- when the oldest items are dropped, the rest is shifted in the cache, not read again (`n_cache_reuse`);
- prompts are read 64 tokens at a time, so that cancelling, and everybody else's next word, never waits long;
- reading ahead gives way to replies, and a reader's reply to a listener's (`precedence.py`).
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from vivavoce.engines.llm import llama_wire
from vivavoce.engines.llm import tools as function_tools
from vivavoce.engines.llm.gguf import PLAIN, Template, file_of, is_path, template_of
from vivavoce.engines.llm.llama_server import LlamaServer, TooLong, parameters
from vivavoce.engines.llm.llama_wire import Request
from vivavoce.engines.llm.llama_writing import Writer
from vivavoce.engines.llm.precedence import Places, ReadersStop
from vivavoce.engines.llm.render import ChatMessage, Ruler, chat, chatml
from vivavoce.engines.llm.slots import Slots
from vivavoce.engines.pool import Stop, Worker
from vivavoce.errors import EngineBusy, EngineFailed, StartupError
from vivavoce.models import ModelFiles
from vivavoce.ports import Prompt, Thought, Urgency

T = TypeVar("T")

MARGIN = 16
"""Tokens of the context left free."""
READ_ONLY = {"max_tokens": 0}
ALL = 10**9
"""Tokens: nothing is cut."""
FITTINGS = 4
"""Tries at cutting a prompt to size; each corrects the estimate by what the model counted."""


@dataclass(frozen=True, slots=True)
class Options:
    """`model`: an id of the catalog, or the path of any GGUF file. `threads` that write: one is best beside speech
    recognition: two wait for each other at every barrier (on two busy cores 1 token/s instead of 20).
    `prompt_threads` that read: two find the first token in 0.6 of the time of one. `hottest`: temperatures above it
    are held to it; small models ramble when hot. `call_above`: probability above which a reply that starts as a call
    is one. `cache_mib`: RAM for the prompt caches of conversations without a slot. `deadline`: seconds that one step
    may take, waiting for a slot included.
    """

    model: str = "qwen2.5-coder-0.5b-instruct"
    slots: int = 4
    threads: int = 1
    prompt_threads: int = 2
    context_per_slot: int = 4096
    max_tokens: int = 512
    hottest: float = 0.5
    call_above: float = 0.6
    cache_mib: int = 128
    queue: int = 16
    deadline: float = 30.0

    @property
    def name(self) -> str:
        """The model's id, or what its file is called."""
        return Path(self.model).stem if is_path(self.model) else self.model

    @property
    def context(self) -> int:
        return self.context_per_slot

    @property
    def sees(self) -> bool:
        return False


def load(options: Options, models: ModelFiles) -> Llama:
    """Read the model and start its threads. Raises StartupError when the file cannot be read."""
    path = file_of(options.model, models)
    try:
        server = LlamaServer(parameters(str(path), options), options.name)
    except Exception as error:
        raise StartupError(
            f"{options.name} could not be loaded: {error}.", "Is there memory for it, and is the file whole?"
        ) from error
    return Llama(server, options, template_of(path))


@dataclass(frozen=True, eq=False, slots=True)
class _Ahead:
    """Something that is read before its reply is asked for. `waited`: a decision waits for it, so that it stops for the
    reply of its own `session` only."""

    session: str
    waited: bool = False
    stop: threading.Event = field(default_factory=threading.Event)


class Llama:
    """One loaded model that several conversations talk to at once. A LanguageModel."""

    def __init__(self, server: LlamaServer, options: Options, template: Template = PLAIN) -> None:
        """`template`: where it is ChatML, a prompt can be read up to the middle of a message."""
        self.name = options.name
        self._template = template
        self.context, self.sees = options.context_per_slot, False
        self._options = options
        self._server = server
        self._writer = Writer(server, options.name, template, options.call_above)
        self._slots = Slots(options.slots)
        self._worker = Worker(options.name, threads=options.slots, queue=options.queue)
        self._ahead: set[_Ahead] = set()
        self._replying = Counter[str]()
        """Listeners' replies under way, by session."""
        self._readers = Places(self.name, max(1, options.slots // 2), options.queue)

    async def reply(self, prompt: Prompt) -> AsyncGenerator[Thought, None]:
        """Stream the reply. A prompt that is too long loses its oldest items, never its instructions.

        Leaving early stops the model within one step. `tool_choice` is kept: "required" and "function"
        yield a Call or raise EngineFailed; after a tool's result "auto" answers in words.
        """
        async with self._place(prompt):
            gives_way = prompt.urgency is not Urgency.NOW and self._options.slots > 1
            thoughts = self._worker.stream(
                lambda stop: self._think(prompt, ReadersStop(stop) if gives_way else stop),
                prompt.urgency,
                deadline=self._options.deadline,
            )
            async with aclosing(thoughts):
                async for thought in thoughts:
                    if thought is not None:
                        yield thought

    @asynccontextmanager
    async def _place(self, prompt: Prompt) -> AsyncIterator[None]:
        """A listener's reply stops what is read ahead; readers' take half of the slots at most. Raises EngineBusy
        and EngineTooSlow."""
        if prompt.urgency is Urgency.NOW:
            self._stop_ahead(prompt.session)
            self._replying[prompt.session] += 1
            try:
                yield
            finally:
                self._replying -= Counter([prompt.session])
            return
        async with self._readers.place(self._options.deadline):
            yield

    async def warm(self, prompt: Prompt) -> None:
        """Read the prompt into the cache of its session; without a session, into every slot.

        Does nothing while a reply is being made, and gives way as soon as one is asked for.
        """
        if self._replying:
            return
        rounds = 1 if prompt.session else self._options.slots
        with self._reading(_Ahead(prompt.session)) as stop:
            for _ in range(rounds):
                with suppress(EngineBusy):
                    await self._worker.call(lambda: self._read(prompt, stop), Urgency.SPARE, deadline=120.0)

    async def p_end(self, prompt: Prompt) -> float | None:
        """One step behind the user's words so far: how likely the message ends there. What was read for it is in
        the session's cache when the reply is asked for. Gives way to replies as `warm` does; where it is urgent, to
        that of its own session only: others' are mostly being spoken, and the model rests."""
        waited = prompt.urgency is Urgency.NOW
        if not self._template.chatml or not prompt.session:
            return None
        if self._replying[prompt.session] or (self._replying and not waited):
            return None
        if waited:
            self._stop_ahead(prompt.session)
        with self._reading(_Ahead(prompt.session, waited)) as stop:
            try:
                urgency = Urgency.SOON if waited else Urgency.SPARE  # a reply that waits for a thread goes first
                return await self._worker.call(lambda: self._peek(prompt, stop), urgency, deadline=10.0)
            except EngineBusy:
                return None

    @contextmanager
    def _reading(self, ahead: _Ahead) -> Iterator[threading.Event]:
        self._ahead.add(ahead)
        try:
            yield ahead.stop
        finally:
            ahead.stop.set()
            self._ahead.discard(ahead)

    def _stop_ahead(self, session: str) -> None:
        """The model is wanted for `session`."""
        for ahead in self._ahead:
            if not ahead.waited or ahead.session == session:
                ahead.stop.set()

    async def count(self, prompt: Prompt) -> int | None:
        """By the model's own template and tokenizer; the model itself is not asked."""
        messages = _messages(prompt, ALL, Ruler())
        return await asyncio.to_thread(self._server.count, messages)

    def forget(self, session: str) -> None:
        """The conversation is over; its slot is the next to be given away."""
        self._slots.forget(session)

    def close(self) -> None:
        """Let replies under way run out, then free the model."""
        for ahead in self._ahead:
            ahead.stop.set()
        self._worker.close()
        self._server.close()

    # --- in a worker's thread; None is a sign of life while the prompt is read --------------------------

    def _think(self, prompt: Prompt, stop: Stop) -> Iterator[Thought | None]:
        with self._slots.take(prompt.session) as slot:
            yield from self._fitted(prompt, slot, lambda request: self._writer.reply(prompt, request, stop))

    def _read(self, prompt: Prompt, stop: threading.Event) -> None:
        def read(request: Request) -> Iterator[None]:
            yield from self._writer.silently(request | READ_ONLY, stop.is_set)

        with self._slots.take(prompt.session, spare=True) as slot:
            if not stop.is_set():
                for _ in self._fitted(prompt, slot, read):
                    pass

    def _peek(self, prompt: Prompt, stop: threading.Event) -> float | None:
        reply = min(prompt.max_tokens or self._options.max_tokens, self.context // 2)
        with self._slots.take(prompt.session, spare=True) as slot:
            if stop.is_set():
                return None
            text = chatml(_messages(prompt, self.context - reply - MARGIN, Ruler()), open_ended=True)
            request = {
                "prompt": text,
                "id_slot": slot,
                "cache_prompt": True,
                "return_progress": True,
                **llama_wire.PEEK,
            }
            return llama_wire.p_end(list(self._server.complete(request, stop.is_set)))

    def _fitted(self, prompt: Prompt, slot: int, ask: Callable[[Request], Iterator[T]]) -> Iterator[T]:
        """What `ask` yields for the request of `prompt`, which is cut again as long as the model counts too
        many tokens: it says so before anything else."""
        reply = min(prompt.max_tokens or self._options.max_tokens, self.context // 2)
        room, ruler = self.context - reply - MARGIN, Ruler()
        for _ in range(FITTINGS):
            messages = _messages(prompt, room, ruler)
            try:
                yield from ask(
                    llama_wire.request(messages, slot, reply, min(prompt.temperature, self._options.hottest))
                )
                return
            except TooLong as error:
                written = sum(ruler.tokens(each["content"]) for each in messages)
                ruler = Ruler(ruler.bytes_per_token * 0.95 * written / error.tokens)
        raise EngineFailed(f"{self.name}: the prompt does not fit into {self.context} tokens")


def _messages(prompt: Prompt, room: int, ruler: Ruler) -> list[ChatMessage]:
    system = prompt.instructions + function_tools.described(prompt.tools) + function_tools.told(prompt.schema)
    return chat(system, prompt.items, room, ruler, prompt.truncation)
