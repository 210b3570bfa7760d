"""JSON from strangers: read strictly, and only what could be written back."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from vivavoce.errors import RequestError

DEEPEST = 64  # levels; deeper ones could be read but not written back
_TOO_DEEP = f"it is nested more than {DEEPEST} levels deep"


def json_object(text: str) -> dict[str, Any]:
    """The JSON object in a text. Raises RequestError for anything else, however crafted."""
    try:
        value = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        why = str(error) if isinstance(error, ValueError) else _TOO_DEEP
        raise _unreadable(f"is not valid JSON: {why}. Send one JSON object as text") from None
    if not isinstance(value, dict):
        raise _unreadable("must be a JSON object")
    return value


def check_writable(value: dict[str, Any], text: str) -> None:
    """What could be read and not be written back: half a surrogate pair, endless nesting. Raises RequestError."""
    if text.count("{") + text.count("[") > DEEPEST and _depth(value) > DEEPEST:
        raise _unreadable(f"cannot be taken: {_TOO_DEEP}")
    if "\\u" in text:  # only an escape can smuggle in half a pair
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise _unreadable("holds half of a surrogate pair; send whole characters") from None


def _unreadable(why: str) -> RequestError:
    return RequestError(f"The message {why}.", code="invalid_json")


def _depth(value: Any) -> int:
    """Levels of nesting, counted without recursion."""
    level, depth = [value], 0
    while level:
        depth += 1
        inner = [it for it in level if isinstance(it, dict | list)]
        level = [child for it in inner for child in (it.values() if isinstance(it, dict) else it)]
    return depth


def _finite(number: str) -> float:
    """1e999 is JSON, but would be written back as the Infinity that is not."""
    value = float(number)
    return value if math.isfinite(value) else _no_constant(number)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")
