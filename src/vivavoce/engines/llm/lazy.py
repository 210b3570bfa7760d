"""A language model that is loaded when somebody first asks it: a second one costs memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from vivavoce.engines.lazy import Lazy
from vivavoce.errors import EngineFailed, EngineTooSlow, StartupError
from vivavoce.ports import LanguageModel, Prompt, Thought

LOADED_WITHIN = 120.0
"""Seconds: some gigabytes from a slow disk."""


class LazyModel:
    """A LanguageModel. `context`, `sees`: known before it is loaded."""

    def __init__(self, load: Callable[[], LanguageModel], name: str, *, context: int, sees: bool) -> None:
        self.name, self.context, self.sees = name, context, sees
        self._lazy: Lazy[LanguageModel] = Lazy(load)

    async def reply(self, prompt: Prompt) -> AsyncGenerator[Thought, None]:
        """Stream the reply; the first one waits for the model."""
        model = await self._loaded()
        async with aclosing(model.reply(prompt)) as thoughts:
            async for thought in thoughts:
                yield thought

    async def warm(self, prompt: Prompt) -> None:
        """Whoever opens a conversation with this model wants it loaded."""
        await (await self._loaded()).warm(prompt)

    async def p_end(self, prompt: Prompt) -> float | None:
        model = self._lazy.loaded
        return None if model is None else await model.p_end(prompt)

    def forget(self, session: str) -> None:
        if self._lazy.loaded is not None:
            self._lazy.loaded.forget(session)

    def close(self) -> None:
        """Free the model; one that is being loaded is freed as soon as it is."""
        self._lazy.close()

    async def _loaded(self) -> LanguageModel:
        try:
            async with asyncio.timeout(LOADED_WITHIN):
                return await self._lazy.get()
        except StartupError as error:
            raise EngineFailed(f"{self.name} could not be loaded: {error} {error.remedy}".strip()) from None
        except TimeoutError:
            raise EngineTooSlow(f"{self.name} could not be loaded within {LOADED_WITHIN:g} s") from None
