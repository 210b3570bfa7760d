"""Logs for people and for `grep`: one line each, `time LEVEL logger message key=value`.

They never hold speech, text of users or keys. Three rules see to it:

- extra fields are printed only when `FIELDS` knows them, so nobody can add `text=`;
- an exception is printed by its type and stack, not by its message: libraries quote their input there;
- libraries that log the traffic they carry stay at INFO or above whatever the level, and whatever
  still looks like a key is struck out.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from types import TracebackType
from typing import TextIO

FIELDS = (
    "session", "response", "model", "engine", "tool", "code", "error_id", "request_id", "seconds", "status", "count",
    "decision", "reason", "at_ms",
)  # fmt: skip
"""Names that may be given as `extra`; their values are ids, names, codes and numbers."""

CHATTY = ("websockets", "uvicorn", "httpx", "httpcore", "openai", "anthropic", "asyncio", "huggingface_hub", "urllib3")
"""Libraries that log bodies or frames at DEBUG."""
TELLTALE = ("mcp", "httpx2")
"""Libraries that log whole addresses and names of sessions at INFO."""

SECRET = re.compile(
    r"(?i)(bearer\s+|openai-insecure-api-key\.|\b(?:x-)?api[-_]?key[\"']?\s*[=:]\s*[\"']?)[^\s\"',&;]+|\b(?:sk|ek)[-_][\w-]{6,}"
)
STRUCK = "***"

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class DiscreetFormatter(logging.Formatter):
    """Formats a record by the rules above."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        pairs = [f"{name}={getattr(record, name)}" for name in FIELDS if hasattr(record, name)]
        return struck(" ".join([super().formatMessage(record), *pairs]))

    def formatException(self, ei: _ExcInfo) -> str:
        error = ei[1]
        if error is None:
            return ""
        return "\n".join(line for cause in _chain(error) for line in _stack(cause))


def struck(text: str) -> str:
    """`text` with everything that looks like a key struck out."""
    return SECRET.sub(lambda found: (found.group(1) or "") + STRUCK, text)


def set_up(level: int | str = logging.INFO, stream: TextIO | None = None) -> None:
    """Send all logs of the process, our own and the libraries', to `stream` (default: stderr)."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(DiscreetFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in (*CHATTY, *TELLTALE):
        library = logging.getLogger(name)
        library.handlers, library.propagate = [], True
        library.setLevel(max(logging.WARNING if name in TELLTALE else logging.INFO, root.level))


def _chain(error: BaseException | None) -> list[BaseException]:
    """The error, what caused it, what caused that …: the first cause first."""
    chain: list[BaseException] = []
    while error is not None and error not in chain:
        chain.insert(0, error)
        error = error.__cause__ or error.__context__
    return chain


def _stack(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    inner = [line for part in getattr(error, "exceptions", ()) for line in _stack(part)]
    return [f"{type(error).__module__}.{type(error).__qualname__}", *lines, *inner]
