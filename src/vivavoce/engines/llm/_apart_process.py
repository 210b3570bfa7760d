"""The process of one model: `python -m vivavoce.engines.llm._apart_process`, started by `apart.py`.

It steps aside for the server, whose voices must not wait, and ends when its pipe does.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Coroutine
from contextlib import aclosing, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from vivavoce.engines.llm.frames import Message, packed, read
from vivavoce.errors import StartupError, TurnError
from vivavoce.models.store import Store
from vivavoce.ports import LanguageModel, Prompt

WINDOW = 16
"""Thoughts that may be on their way unread: a model that nobody listens to rests."""
NICENESS = 19
"""Behind the voices of the server, which step aside themselves (`engines/aside.py`)."""


class _Child:
    def __init__(self, model: LanguageModel, out: BinaryIO) -> None:
        self._model, self._out = model, out
        self._running: dict[int, asyncio.Task[None]] = {}
        self._windows: dict[int, asyncio.Semaphore] = {}

    def take(self, message: Message) -> None:
        """Do what the parent asks; called on the event loop."""
        match message:
            case (str(kind), int(number), Prompt() as prompt):
                self._windows[number] = asyncio.Semaphore(WINDOW)
                works = {"reply": self._reply, "warm": self._warm, "p_end": self._p_end, "count": self._count}
                self._running[number] = asyncio.create_task(self._ended(number, works[kind](number, prompt)))
            case ("took", int(number)):
                if number in self._windows:
                    self._windows[number].release()
            case ("leave", int(number)):
                if number in self._running:
                    self._running[number].cancel()
            case ("forget", str(session)):
                self._model.forget(session)

    async def finish(self) -> None:
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def tell(self, *message: object) -> None:
        self._out.write(packed(message))
        self._out.flush()

    async def _ended(self, number: int, work: Coroutine[Any, Any, None]) -> None:
        """Tell the end of a piece of work, whatever it is."""
        try:
            await work
            self.tell("end", number, "", "")
        except TurnError as error:
            self.tell("end", number, type(error).__name__, str(error))
        except Exception as error:  # noqa: BLE001 - the parent is told; the next one may ask
            self.tell("end", number, "EngineFailed", f"{self._model.name} broke ({type(error).__name__})")
        finally:
            self._running.pop(number, None)
            self._windows.pop(number, None)

    async def _reply(self, number: int, prompt: Prompt) -> None:
        async with aclosing(self._model.reply(prompt)) as thoughts:
            async for thought in thoughts:
                await self._windows[number].acquire()
                self.tell("thought", number, thought)

    async def _warm(self, number: int, prompt: Prompt) -> None:
        await self._model.warm(prompt)

    async def _p_end(self, number: int, prompt: Prompt) -> None:
        self.tell("value", number, await self._model.p_end(prompt))

    async def _count(self, number: int, prompt: Prompt) -> None:
        self.tell("value", number, await self._model.count(prompt))


async def _serve(name: str, options: Any, folder: Path, source: BinaryIO, out: BinaryIO) -> None:
    try:
        model = import_module(f"vivavoce.engines.llm.{name}").load(options, Store(folder).path)
    except StartupError as error:
        out.write(packed(("failed", str(error), error.remedy)))
        out.flush()
        return
    child, ended, loop = _Child(model, out), asyncio.Event(), asyncio.get_running_loop()
    child.tell("ready")

    def listen() -> None:
        while (message := read(source.read)) is not None:
            loop.call_soon_threadsafe(child.take, message)
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=listen, daemon=True).start()
    await ended.wait()
    await child.finish()
    model.close()


def main() -> None:
    # libraries that print must not print into the pipe
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with suppress(OSError, AttributeError):
        os.nice(NICENESS)
    begun = read(sys.stdin.buffer.read)
    if begun is not None:
        name, options, folder = begun
        asyncio.run(_serve(name, options, folder, sys.stdin.buffer, out))


if __name__ == "__main__":
    with suppress(BrokenPipeError, KeyboardInterrupt):
        main()
