"""A language model in a process of its own, started when somebody first asks it.

llama.cpp holds Python's lock while it loads a model: in the server's own process a second model would silence every
conversation for seconds. Apart, it loads beside them, computes behind them, and takes nothing with it when it dies.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from vivavoce import errors
from vivavoce.conversation.items import Message as Spoken
from vivavoce.conversation.items import Readable, Speech
from vivavoce.engines.llm._apart_process import WINDOW
from vivavoce.engines.llm.frames import Message, packed, read
from vivavoce.errors import EngineFailed, EngineTooSlow, TurnError
from vivavoce.ports import Prompt, Thought

LOADED_WITHIN = 120.0
"""Seconds: some gigabytes from a slow disk."""
WAITING = WINDOW + 2


class Traits(Protocol):
    """What an engine's options tell before it is loaded."""

    @property
    def name(self) -> str: ...
    @property
    def context(self) -> int: ...
    @property
    def sees(self) -> bool: ...


class Apart:
    """A LanguageModel. A process that has died is started again by the next who asks."""

    def __init__(self, engine: str, options: Traits, folder: Path) -> None:
        """`engine`: the file in `engines/llm/` that loads it; `folder`: of the models."""
        self.name, self.context, self.sees = options.name, options.context, options.sees
        self._begin: Message = (engine, options, folder)
        self._starting: asyncio.Task[_Child] | None = None

    async def reply(self, prompt: Prompt) -> AsyncGenerator[Thought, None]:
        """Stream the reply; the first one waits for the model. Leaving early stops it."""
        child = await self._child()
        number, answers = child.ask("reply", prompt)
        try:
            while (message := await answers.get())[0] == "thought":
                child.send("took", number)
                yield message[2]
            _check(message, self.name)
        finally:
            child.leave(number)

    async def warm(self, prompt: Prompt) -> None:
        """Whoever opens a conversation with this model wants it loaded."""
        await self._value("warm", prompt)

    async def p_end(self, prompt: Prompt) -> float | None:
        loaded = self._starting is not None and self._starting.done()
        value = await self._value("p_end", prompt) if loaded else None
        return value if isinstance(value, float) else None

    async def count(self, prompt: Prompt) -> int | None:
        """The first one waits for the model."""
        value = await self._value("count", prompt)
        return value if isinstance(value, int) else None

    def forget(self, session: str) -> None:
        if (child := self._alive()) is not None:
            child.send("forget", session)

    def close(self) -> None:
        """End the process."""
        if self._starting is not None and not self._starting.done():
            self._starting.cancel()
        elif (child := self._alive()) is not None:
            child.end()

    async def _value(self, kind: str, prompt: Prompt) -> object:
        child = await self._child()
        number, answers = child.ask(kind, prompt)
        try:
            if (message := await answers.get())[0] == "value":
                return message[2]
            _check(message, self.name)
            return None
        finally:
            child.leave(number)

    def _alive(self) -> _Child | None:
        started = self._starting
        if started is None or not started.done() or started.cancelled() or started.exception() is not None:
            return None
        return started.result() if started.result().alive else None

    async def _child(self) -> _Child:
        if self._starting is None or (self._starting.done() and self._alive() is None):
            self._starting = asyncio.create_task(self._start(), name=f"loading {self.name}")
        try:
            async with asyncio.timeout(LOADED_WITHIN):
                return await asyncio.shield(self._starting)
        except TimeoutError:
            raise EngineTooSlow(f"{self.name} could not be loaded within {LOADED_WITHIN:g} s") from None

    async def _start(self) -> _Child:
        child = _Child(self._begin)
        try:
            first = await child.first()
        except BaseException:
            child.end()
            raise
        if first != ("ready",):
            child.end()
            why = " ".join(map(str, first[1:])) if first else "its process ended"
            raise EngineFailed(f"{self.name} could not be loaded: {why}")
        return child


class _Child:
    """The process, its pipes, and the thread that reads them."""

    def __init__(self, begin: Message) -> None:
        command = [sys.executable, "-m", "vivavoce.engines.llm._apart_process"]
        self.process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self.alive = True
        self._numbers = count(1)
        self._asked: dict[int, asyncio.Queue[Message]] = {}
        self._loop = asyncio.get_running_loop()
        self._first: asyncio.Future[Message | None] = self._loop.create_future()
        self.send(*begin)
        threading.Thread(target=self._listen, name="answers of a model apart", daemon=True).start()

    async def first(self) -> Message | None:
        """Whether it could load its model; None: it ended."""
        return await self._first

    def ask(self, kind: str, prompt: Prompt) -> tuple[int, asyncio.Queue[Message]]:
        number = next(self._numbers)
        # never fuller than this: the process waits until what it has told was taken
        answers = self._asked[number] = asyncio.Queue(WAITING)
        self.send(kind, number, _light(prompt))
        if not self.alive:
            answers.put_nowait(GONE)
        return number, answers

    def leave(self, number: int) -> None:
        """Nobody waits for this any more."""
        if self._asked.pop(number, None) is not None:
            self.send("leave", number)

    def send(self, *message: object) -> None:
        """The process reads at once whatever it does, so that the pipe is never full."""
        if self.alive and self.process.stdin is not None:
            with suppress(OSError):
                self.process.stdin.write(packed(message))
                self.process.stdin.flush()

    def end(self) -> None:
        self.alive = False
        self.process.kill()

    def _listen(self) -> None:
        """In a thread: hand over what comes, until the process ends."""
        assert self.process.stdout is not None and self.process.stdin is not None  # noqa: S101 - pipes
        with suppress(OSError, ValueError, EOFError):
            while (message := read(self.process.stdout.read)) is not None:
                self._on_loop(self._take, message)
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        with suppress(OSError):
            self.process.stdin.close()
        self._on_loop(self._over)

    def _on_loop(self, what: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # the server has ended
            self._loop.call_soon_threadsafe(what, *arguments)

    def _take(self, message: Message) -> None:
        if not self._first.done():
            self._first.set_result(message)
        elif len(message) > 1 and (answers := self._asked.get(message[1])) is not None:
            answers.put_nowait(message)

    def _over(self) -> None:
        self.alive = False
        if not self._first.done():
            self._first.set_result(None)
        for answers in self._asked.values():
            with suppress(asyncio.QueueFull):
                answers.put_nowait(GONE)


GONE: Message = ("end", 0, "EngineFailed", "its process ended")


def _check(message: Message, name: str) -> None:
    """Raise what the process says went wrong."""
    _, _, kind, words = message
    if not kind:
        return
    error: Any = getattr(errors, kind, EngineFailed)
    known = isinstance(error, type) and issubclass(error, TurnError)
    raise (error if known else EngineFailed)(words if name in words else f"{name}: {words}")


def _light(prompt: Prompt) -> Prompt:
    """Without sound, which no language model hears and which would be megabytes."""
    return replace(prompt, items=tuple(_silent(item) for item in prompt.items))


def _silent(item: Readable) -> Readable:
    if not isinstance(item, Spoken):
        return item
    parts = tuple(replace(part, sound=None) if isinstance(part, Speech) else part for part in item.parts)
    return replace(item, parts=parts)
