"""How much each key may ask for: requests and tokens a minute, where the operator sets a limit.

Each key has two buckets. They hold a minute's worth, and fill up again all the while. A request takes one from the
first, and is refused when there is none, or when the second is empty; what it came to in tokens is taken from the
second once it is known, and may leave a debt.

REST tells them in `x-ratelimit-*`, to clients of Anthropic in `anthropic-ratelimit-*`, and refuses with 429; in a
Realtime session each response is a request, told in `rate_limits.updated`, and one that is refused fails with
`rate_limit_exceeded`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vivavoce.api.anthropic_form import expects_anthropic
from vivavoce.api.auth import Keys
from vivavoce.errors import RateLimited

MINUTE = 60.0
RATE_HEADERS = ["retry-after", "retry-after-ms"] + [
    head
    for what in ("limit", "remaining", "reset")
    for name in ("requests", "tokens")
    for head in (f"x-ratelimit-{what}-{name}", f"anthropic-ratelimit-{name}-{what}")
]
SHORT = {"requests": "RPM", "tokens": "TPM"}

Name = Literal["requests", "tokens"]
NAMES: tuple[Name, ...] = ("requests", "tokens")


@dataclass(frozen=True, slots=True)
class Rate:
    """One limit as it stands. `reset_seconds`: until it is whole again, if nothing more is asked for."""

    name: Name
    limit: int
    remaining: int
    reset_seconds: float


@dataclass(slots=True)
class _Bucket:
    limit: int
    level: float
    at: float

    def fill(self, now: float) -> None:
        self.level = min(float(self.limit), self.level + (now - self.at) * self.limit / MINUTE)
        self.at = now

    def seconds_until(self, level: float) -> float:
        return max(0.0, (level - self.level) * MINUTE / self.limit)


@dataclass(slots=True)
class Rates:
    """`requests`, `tokens`: a minute, of each key; 0: no limit. `clock`: seconds, never going back."""

    requests: int = 0
    tokens: int = 0
    clock: Callable[[], float] = time.monotonic
    _buckets: dict[tuple[str, Name], _Bucket] = field(default_factory=dict[tuple[str, Name], _Bucket], init=False)

    def take(self, owner: str) -> None:
        """A request begins. Raises RateLimited when it may not."""
        for name in NAMES:
            bucket = self._bucket(owner, name)
            if bucket is not None and bucket.level < 1:
                raise _refusal(name, bucket)
        bucket = self._bucket(owner, "requests")
        if bucket is not None:
            bucket.level -= 1

    def spend(self, owner: str, tokens: int) -> None:
        """A request came to so many tokens."""
        bucket = self._bucket(owner, "tokens")
        if bucket is not None:
            bucket.level -= tokens

    def of(self, owner: str) -> list[Rate]:
        """The limits of a key as they stand; none where there are none."""
        rates: list[Rate] = []
        for name in NAMES:
            bucket = self._bucket(owner, name)
            if bucket is not None:
                left = max(0, math.floor(bucket.level))
                rates.append(Rate(name, bucket.limit, left, round(bucket.seconds_until(bucket.limit), 3)))
        return rates

    def _bucket(self, owner: str, name: Name) -> _Bucket | None:
        limit = self.requests if name == "requests" else self.tokens
        if not limit:
            return None
        now = self.clock()
        bucket = self._buckets.setdefault((owner, name), _Bucket(limit, limit, now))
        bucket.fill(now)
        return bucket


def _refusal(name: Name, bucket: _Bucket) -> RateLimited:
    seconds = bucket.seconds_until(1)
    used = math.ceil(bucket.limit - bucket.level)
    message = (
        f"Rate limit reached on {name} per min ({SHORT[name]}): Limit {bucket.limit}, Used {used}. "
        f"Please try again in {seconds:.3g}s."
    )
    return RateLimited(message, name, seconds)


# --- REST --------------------------------------------------------------------------------------------

_spender: ContextVar[Callable[[int], None]] = ContextVar("spender", default=lambda tokens: None)


def spend(tokens: int) -> None:
    """What is being done for a request came to so many tokens; called from wherever they are counted."""
    _spender.get()(tokens)


@contextmanager
def counted(rates: Rates, owner: str) -> Iterator[None]:
    """What is done inside is a request of the owner's. Raises RateLimited when it may not be made."""
    rates.take(owner)
    token = _spender.set(lambda tokens: rates.spend(owner, tokens))
    try:
        yield
    finally:
        _spender.reset(token)


class LimitRates:
    """Counts requests that ask for work (POST below /v1/) of callers that showed a key that fits."""

    def __init__(self, app: ASGIApp, rates: Rates, keys: Keys) -> None:
        self._app, self._rates, self._keys = app, rates, keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._counts(scope):
            await self._app(scope, receive, send)
            return
        owner = self._keys.owner(HTTPConnection(scope))

        async def send_with_rates(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                told = _anthropic if expects_anthropic(scope) else _openai
                for rate in self._rates.of(owner):
                    headers.update(told(rate))
            await send(message)

        try:
            with counted(self._rates, owner):
                await self._app(scope, receive, send_with_rates)
        except RateLimited as refusal:
            await _too_many(refusal)(scope, receive, send_with_rates)

    def _counts(self, scope: Scope) -> bool:
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith("/v1/"):
            return False
        limited = bool(self._rates.requests or self._rates.tokens)
        return limited and self._keys.admit(HTTPConnection(scope))


def _too_many(refusal: RateLimited) -> JSONResponse:
    """OpenAI's clients tell by the type which limit it was."""
    headers = {
        "retry-after": str(math.ceil(refusal.seconds)),
        "retry-after-ms": str(math.ceil(refusal.seconds * 1000)),
    }
    said = {"message": str(refusal), "type": refusal.name, "param": None, "code": "rate_limit_exceeded"}
    return JSONResponse({"error": said}, 429, headers)


def _openai(rate: Rate) -> dict[str, str]:
    return {
        f"x-ratelimit-limit-{rate.name}": str(rate.limit),
        f"x-ratelimit-remaining-{rate.name}": str(rate.remaining),
        f"x-ratelimit-reset-{rate.name}": _duration(rate.reset_seconds),
    }


def _anthropic(rate: Rate) -> dict[str, str]:
    """The moment of the reset, in whole seconds, not the time until then."""
    reset = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=math.ceil(rate.reset_seconds))
    head = f"anthropic-ratelimit-{rate.name}"
    return {
        f"{head}-limit": str(rate.limit),
        f"{head}-remaining": str(rate.remaining),
        f"{head}-reset": reset.isoformat().replace("+00:00", "Z"),
    }


def _duration(seconds: float) -> str:
    """As OpenAI writes it: "20ms", "1.5s", "6m0s"."""
    if seconds < 1:
        return f"{math.ceil(seconds * 1000)}ms"
    minutes, rest = divmod(seconds, MINUTE)
    return f"{int(minutes)}m{rest:g}s" if minutes else f"{rest:g}s"
