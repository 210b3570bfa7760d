"""Waiting for a model on another machine: deadlines, and tries made again while nothing was told yet."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from itertools import count
from math import isfinite

from vivavoce.errors import EngineBusy, EngineFailed, EngineTooSlow, PromptRefused, TurnError
from vivavoce.ports import Thought

FIRST_WAIT, LONGEST_WAIT = 0.25, 4.0
"""Seconds before the second try; each further wait is twice as long, up to the longest."""
BUSY = (429, 503, 529)
KEYS = (401, 402, 403)
UNFIT = (400, 413, 422)


MOST_PER_TOKEN = 16
"""Characters of an answer for each token of the model's context: more is no answer."""


class Unusable(Exception):
    """What a server sent is no answer; the message says why and quotes nothing."""


class Trouble(Exception):
    """What went wrong with one try. `again`: another try may go better; `wait`: seconds that the server asked for."""

    def __init__(self, error: TurnError, *, again: bool = False, wait: float | None = None) -> None:
        super().__init__(str(error))
        self.error, self.again, self.wait = error, again, wait


def refusal(name: str, status: int, retry_after: str | None) -> Trouble:
    """What a server's status means. Its message is left out: servers quote the request in it."""
    if status in BUSY:
        wait = _seconds(retry_after)
        return Trouble(EngineBusy(f"{name} has no room now ({status})", wait), again=True, wait=wait)
    if status in KEYS:
        return Trouble(EngineFailed(f"{name} refused the key ({status}): check its api_key in the settings"))
    if status in UNFIT:
        why = "it may be too long, or ask for what that model cannot do"
        return Trouble(PromptRefused(f"{name} refused the request ({status}): {why}."))
    return Trouble(EngineFailed(f"{name} answered {status}"), again=status >= 500 or status in (408, 409))


def _seconds(retry_after: str | None) -> float | None:
    """The header in seconds; its form as a date is not worth a clock."""
    try:
        seconds = float(retry_after or "")
    except ValueError:
        return None
    return max(0.0, seconds) if isfinite(seconds) else None


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds until the `first` thought, all tries together; seconds a `step` after it; `tries` at most."""

    first: float
    step: float
    tries: int

    async def of(
        self, attempt: Callable[[], AsyncGenerator[Thought, None]], name: str
    ) -> AsyncGenerator[Thought, None]:
        """The thoughts of the first try that has any. An attempt raises Trouble; this raises TurnError."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self.first
        for number in count(1):
            told = False
            try:
                async with aclosing(attempt()) as thoughts:
                    async for thought in self._timed(thoughts, until, name):
                        told = True
                        yield thought
                return
            except Trouble as trouble:
                wait = _backoff(number) if trouble.wait is None else trouble.wait
                if told or not trouble.again or number >= self.tries or loop.time() + wait >= until:
                    raise trouble.error from None
            await asyncio.sleep(wait)

    async def _timed(
        self, thoughts: AsyncGenerator[Thought, None], until: float, name: str
    ) -> AsyncGenerator[Thought, None]:
        told = False
        while True:
            limit = self.step if told else self.first
            try:
                async with asyncio.timeout_at(asyncio.get_running_loop().time() + self.step if told else until):
                    thought = await anext(thoughts, None)
            except TimeoutError:
                raise EngineTooSlow(f"{name} did not answer within {limit:g} s") from None
            if thought is None:
                return
            yield thought
            told = True


def _backoff(number: int) -> float:
    """Drawn from the upper half, so that those who were refused together do not come again together."""
    longest: float = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (number - 1))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
