"""What the remote engines share: a client of an OpenAI-compatible server, and its errors as ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

import openai
from openai import AsyncOpenAI

from vivavoce.errors import EngineBusy, EngineFailed, EngineTooSlow, TurnError

T = TypeVar("T")

LOOPBACK = ("localhost", "127.0.0.1", "::1")
NO_KEY = "none"
"""The client insists on a key; servers of one's own seldom do."""


class Access(Protocol):
    """What the options of every such engine say of its server. `timeout`: seconds that one step of an answer may
    take."""

    @property
    def base_url(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def api_key(self) -> str: ...
    @property
    def timeout(self) -> float: ...
    @property
    def max_retries(self) -> int: ...


class OpenAIServer:
    """One server, named in errors by model and host."""

    def __init__(self, access: Access) -> None:
        host = urlsplit(access.base_url).hostname or ""
        self.name = f"{access.model} at {host}"
        self.timeout = access.timeout
        self.client = AsyncOpenAI(
            base_url=access.base_url,
            api_key=access.api_key or NO_KEY,
            timeout=access.timeout,
            max_retries=access.max_retries,
            # a proxy of the environment cannot reach servers on this machine
            http_client=openai.DefaultAsyncHttpxClient(trust_env=host not in LOOPBACK),
        )
        self._hanging_up: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def errors(self) -> AsyncIterator[None]:
        """Turn whatever goes wrong inside into a TurnError that names the server and nothing of the user's.

        The original is not chained: servers quote the request in their messages.
        """
        try:
            yield
        except TurnError:
            raise
        except Exception as error:  # noqa: BLE001 - mapped: the client's transport has errors of its own besides
            raise self.trouble(error) from None

    async def steps(self, answer: AsyncIterator[T]) -> AsyncGenerator[T, None]:
        """The parts of a streamed answer, each within the deadline."""
        with suppress(StopAsyncIteration):
            while True:
                async with asyncio.timeout(self.timeout):
                    part = await anext(answer)
                yield part

    def close(self) -> None:
        """Hang up. Without a running event loop there is none to do it on; the process's end does it then."""
        with suppress(RuntimeError):
            self._hanging_up = asyncio.get_running_loop().create_task(self.client.close())

    def trouble(self, error: Exception) -> TurnError:
        """What an error of the client means, without its message: servers quote the request there."""
        match error:
            case openai.RateLimitError():
                return EngineBusy(f"{self.name} has no room now (429)")
            case openai.APITimeoutError() | TimeoutError():
                return EngineTooSlow(f"{self.name} did not answer within {self.timeout:g} s")
            case openai.AuthenticationError() | openai.PermissionDeniedError():
                return EngineFailed(f"{self.name} refused the key ({error.status_code})")
            case openai.APIStatusError():
                return EngineFailed(f"{self.name} answered {error.status_code}")
            case openai.APIConnectionError():
                return EngineFailed(f"{self.name} cannot be reached")
            case openai.APIError():
                return EngineFailed(f"{self.name} reported an error")
        return EngineFailed(f"{self.name} broke off ({type(error).__name__})")
