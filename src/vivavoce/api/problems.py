"""Errors on the REST side, in the one form that every OpenAI client reads:
`{"error": {"message", "type", "param", "code"}}`. For clients of Anthropic `anthropic_form.py` translates it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import ceil

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from vivavoce.api.anthropic_form import anthropic_error, expects_anthropic
from vivavoce.errors import (
    EngineBusy,
    EngineTooSlow,
    ModelUnavailable,
    PromptRefused,
    RateLimited,
    RequestError,
    StorageError,
    TurnError,
)

log = logging.getLogger(__name__)

STATUSES = {
    "request_too_large": 413,
    "file_too_large": 413,
    "invalid_content_type": 415,
    "call_not_found": 404,
    "conversation_not_found": 404,
    "item_not_found": 404,
    "file_not_found": 404,
    "memory_not_found": 404,
    "reminder_not_found": 404,
    "model_not_found": 404,
    "completion_not_found": 404,
    "response_not_found": 404,
    "invalid_api_key": 401,
    "server_busy": 503,
}
SOON = 2
"""Seconds after which a busy engine may be asked again that has said nothing of it."""
ANOTHER = "Try again, or name another model: GET /v1/models lists them."
TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


def kind_of(status: int) -> str:
    """How OpenAI calls errors of a status."""
    return TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")


def problem(
    status: int,
    message: str,
    *,
    code: str | None = None,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    error = {"message": message, "type": kind_of(status), "param": param, "code": code}
    return JSONResponse({"error": error}, status, headers)


def on_http_error(request: Request, error: Exception) -> Response:
    """404, 405 and the like, as Starlette raises them."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class alone
    place = f"{request.method} {request.url.path}"
    match error.status_code:
        case 404:
            return problem(404, f"There is nothing at {place}.", code="not_found")
        case 405:
            return problem(405, f"{place} is not allowed.", code="method_not_allowed", headers=error.headers)
        case status:
            return problem(status, error.detail, headers=error.headers)


def warming_up() -> JSONResponse:
    return problem(503, "The models are still warming up.", code="warming_up", headers={"Retry-After": "2"})


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a client is told of a failure. `seconds`: after which it may try again, where it is worth a try."""

    status: int
    message: str
    code: str
    seconds: int | None = None

    @property
    def kind(self) -> str:
        return kind_of(self.status)

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.seconds is None else {"retry-after": str(self.seconds)}


def trouble_of(error: TurnError | RequestError | StorageError) -> Trouble:
    match error:
        case StorageError():
            return Trouble(503, f"What is kept cannot be reached now: {error}", "storage_unavailable")
        case RequestError():
            return Trouble(STATUSES.get(error.code or "", 400), str(error), error.code or "invalid_request")
        case EngineBusy():
            seconds = ceil(SOON if error.seconds is None else error.seconds)
            message = f"The server has more to do than it can now: {error}. Try again in {seconds} s."
            return Trouble(503, message, "server_busy", seconds)
        case RateLimited():
            return Trouble(429, str(error), "rate_limit_exceeded", ceil(error.seconds))
        case EngineTooSlow():
            return Trouble(504, _with_a_way_on(error), "too_slow")
        case PromptRefused():
            return Trouble(400, str(error), "unsupported_prompt")
        case _:
            return Trouble(500, _with_a_way_on(error), "engine_failed")


def _with_a_way_on(error: TurnError) -> str:
    return f"{str(error).rstrip('.')}. {ANOTHER}"


def told(trouble: Trouble) -> JSONResponse:
    return problem(trouble.status, trouble.message, code=trouble.code, headers=trouble.headers)


class EngineTrouble(Exception):
    """An engine could not do what a request needs; `answer` is what the client gets."""

    def __init__(self, answer: JSONResponse) -> None:
        super().__init__()
        self.answer = answer


@asynccontextmanager
async def answering_engines() -> AsyncIterator[None]:
    """What fails inside becomes the answer to the request."""
    try:
        yield
    except ModelUnavailable as error:
        message = f"{error}. {error.remedy}".rstrip()
        raise EngineTrouble(problem(503, message, code="model_unavailable")) from None
    except TurnError as error:
        it = trouble_of(error)
        raise EngineTrouble(told(it)) from None


def on_engine_trouble(_: Request, error: Exception) -> Response:
    assert isinstance(error, EngineTrouble)  # noqa: S101 - registered for this class alone
    return error.answer


def on_disconnect(_: Request, __: Exception) -> Response:
    """Nobody reads this; the number, nginx's, is for the log."""
    return Response(status_code=499)


def on_request_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)  # noqa: S101 - registered for this class alone
    status = STATUSES.get(error.code or "", 400)
    return problem(status, str(error), code=error.code, param=error.param)


def on_storage_error(request: Request, error: Exception) -> Response:
    """The database is away, or has too much to do."""
    log.error("storage failed: %s", type(error).__name__, extra={"request_id": request.scope.get("request_id", "")})
    message = f"What is kept cannot be reached now: {error} Try again in a moment."
    return problem(503, message, code="storage_unavailable", headers={"Retry-After": "2"})


def on_crash(request: Request, error: Exception) -> Response:
    """What nobody expected: the log has the stack, the client the id to quote. Runs outside all middleware."""
    request_id = request.scope.get("request_id", "")
    log.error("request failed", exc_info=error, extra={"request_id": request_id})
    message = f"The server failed; quote {request_id} when you report it."
    headers = {"x-request-id": request_id, "request-id": request_id}
    if expects_anthropic(request.scope):
        return JSONResponse(anthropic_error(500, message, request_id), 500, headers)
    return problem(500, message, code="internal_error", headers=headers)
