"""How a reply is written by llama.cpp: in words and bursts, as a call, as JSON under a schema, or after thought.

In a worker's thread, blocking; None in place of a thought is a sign of life.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from vivavoce.conversation.config import Tool
from vivavoce.conversation.items import FunctionOutput
from vivavoce.engines.llm import llama_wire
from vivavoce.engines.llm import tools as function_tools
from vivavoce.engines.llm.gguf import Template
from vivavoce.engines.llm.llama_server import BadSchema, LlamaServer
from vivavoce.engines.llm.llama_wire import Chunk, Request
from vivavoce.engines.llm.scores import WordCutter
from vivavoce.engines.llm.think_tags import ThinkTags, cut
from vivavoce.engines.pool import Stop
from vivavoce.errors import EngineFailed, PromptRefused
from vivavoce.ports import Done, Prompt, Reasoning, Thought, Words

FIRST_BURST, BURST = 12, 32
"""Tokens written at a stretch: the first is a short clause and most of the next one."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Of one model. `call_above`: probability above which a reply that starts as a call is one."""

    server: LlamaServer
    name: str
    template: Template
    call_above: float

    def reply(self, prompt: Prompt, request: Request, stop: Stop) -> Iterator[Thought | None]:
        """Raises TooLong before anything is told, EngineFailed and PromptRefused."""
        request |= llama_wire.sampling(prompt) | (llama_wire.thinking(prompt) if self.template.thinks else {})
        looked: list[Chunk] = []
        calls = yield from self._wants_call(prompt, request, stop, looked)
        if calls:
            thoughts = self._call(prompt, request, stop)
        elif prompt.schema is not None:
            thoughts = self._fit_schema(prompt, request, stop)
        elif self.template.thinks and prompt.effort in llama_wire.THOUGHTFUL:
            thoughts = self._ponder(prompt, request, stop)
        else:
            thoughts = self._speak(prompt, request, stop)
        for thought in thoughts:
            if looked and isinstance(thought, Done):  # what the look has read was in no cache before
                thought = replace(thought, cached_tokens=llama_wire.done(looked).cached_tokens)
            yield thought

    def silently(self, request: Request, stop: Stop) -> Generator[None, None, list[Chunk]]:
        chunks = []
        for chunk in self.server.chat(request, stop):
            chunks.append(chunk)
            yield None
        return chunks

    def _wants_call(
        self, prompt: Prompt, request: Request, stop: Stop, looked: list[Chunk]
    ) -> Generator[None, None, bool]:
        """Whether this reply is to be a tool call: as the choice says, or by how the model would begin. `looked`: gets
        the chunks of a look at that."""
        mode = prompt.tool_choice.mode if prompt.tools else "none"
        if mode != "auto":
            return mode != "none"
        # a small model that has just been given a result asks for it again: it has to tell it
        if prompt.items and isinstance(prompt.items[-1], FunctionOutput):
            return False
        looked += yield from self.silently(request | llama_wire.FIRST_TOKEN, stop)
        return function_tools.p_call(llama_wire.first_tokens(looked)) >= self.call_above

    def _call(self, prompt: Prompt, request: Request, stop: Stop) -> Iterator[Thought | None]:
        tools = function_tools.callable_now(prompt.tools, prompt.tool_choice)
        if not tools:
            raise EngineFailed(f"{self.name}: there is no tool of the name that the tool choice asks for")
        chunks = yield from self._written(request, tools, stop)
        call = function_tools.parsed("".join(map(llama_wire.text, chunks)), tools)
        if call is None and not stop():
            raise EngineFailed(f"{self.name} wrote no valid call of a tool")
        if call is not None:
            yield call
        yield llama_wire.done(chunks)

    def _written(self, request: Request, tools: Sequence[Tool], stop: Stop) -> Generator[None, None, list[Chunk]]:
        """The chunks of a call under the grammar of the tools; of their names only, if need be."""
        try:
            return (yield from self.silently(llama_wire.calling(request, function_tools.call_schema(tools)), stop))
        except BadSchema:
            loose = function_tools.call_schema(tools, loose=True)
            return (yield from self.silently(llama_wire.calling(request, loose), stop))

    def _fit_schema(self, prompt: Prompt, request: Request, stop: Stop) -> Iterator[Thought | None]:
        """JSON that fits the prompt's schema. In one stretch: a grammar cannot be taken up again midway."""
        chunks: list[Chunk] = []
        cutter = WordCutter(())
        try:
            for chunk in self.server.chat(llama_wire.shaped(request, dict(prompt.schema or {})), stop):
                chunks.append(chunk)
                yield _told(chunk, cutter)
        except BadSchema:
            message = "The JSON schema cannot be enforced here. Use plain types, properties, enums and arrays."
            raise PromptRefused(f"{self.name}: {message}") from None
        yield llama_wire.done(chunks)

    def _ponder(self, prompt: Prompt, request: Request, stop: Stop) -> Iterator[Thought | None]:
        """Of a model that thinks first, which is asked to. In one stretch: thinking cannot be taken up again midway."""
        chunks: list[Chunk] = []
        tags, cutter = ThinkTags(), WordCutter(prompt.stop)
        with closing(self.server.chat(llama_wire.speaking(request, prompt), stop)) as coming:
            for chunk in coming:
                chunks.append(chunk)
                yield Reasoning(thought) if (thought := llama_wire.reasoning(chunk)) else None
                cutter.score(llama_wire.tokens(chunk))
                yield from cut(tags.push(llama_wire.text(chunk)), cutter)
                if cutter.found is not None:
                    break
        yield from cut(tags.finish(), cutter)
        if words := cutter.finish():
            yield words
        yield llama_wire.stopped(llama_wire.done(chunks), cutter.found)

    def _speak(self, prompt: Prompt, request: Request, stop: Stop) -> Iterator[Thought | None]:
        """In bursts: while nobody takes the words, the model rests, and the voice has the cores."""
        request, left, said, done = llama_wire.speaking(request, prompt), request["max_tokens"], "", Done()
        burst, cutter = FIRST_BURST, WordCutter(prompt.stop)
        while True:
            chunks: list[Chunk] = []
            with closing(
                self.server.chat(llama_wire.continued(request, said) | {"max_tokens": min(burst, left)}, stop)
            ) as coming:
                for chunk in coming:
                    chunks.append(chunk)
                    said += llama_wire.text(chunk)
                    yield _told(chunk, cutter)
                    if cutter.found is not None:
                        break
            done = llama_wire.joined(done, llama_wire.done(chunks))
            left, burst = left - burst, BURST
            if cutter.found is not None or left <= 0 or not done.cut_short or stop():
                break
        if words := cutter.finish():
            yield words
        yield llama_wire.stopped(done, cutter.found)


def _told(chunk: Chunk, cutter: WordCutter) -> Words | None:
    cutter.score(llama_wire.tokens(chunk))
    return cutter.push(llama_wire.text(chunk))
