"""JSON schemas that come with requests, and whether an answer fits one. Pure.

Patterns are left to the engines: a crafted regular expression would hold up everybody.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from jsonschema.validators import extend
from referencing.exceptions import Unresolvable

from vivavoce.api.fields import invalid


def _nothing(*_: object) -> None:
    """In place of a keyword that is not looked at."""


_Validator: Any = extend(Draft202012Validator, {"pattern": _nothing, "patternProperties": _nothing})


def checked_schema(schema: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    """The schema, which is one. Raises RequestError. References to other documents are not followed."""
    try:
        Draft202012Validator.check_schema(dict(schema))
    except SchemaError as error:
        where = ".".join(str(step) for step in error.absolute_path)
        raise invalid(path, f"be a JSON schema; {f'at {where}: ' if where else ''}{error.message[:200]}") from None
    if outside := _reference(schema):
        raise invalid(path, f"hold references within itself only (#/$defs/…), not {outside[:60]!r}")
    return schema


def misfit(text: str, schema: Mapping[str, Any]) -> str | None:
    """Why `text` is no JSON that fits `schema`; None where it is. Tells nothing of what stands in it."""
    try:
        value = json.loads(text)
    except ValueError:
        return "it is no JSON"
    try:
        error = next(_Validator(dict(schema)).iter_errors(value), None)
    except (RecursionError, Unresolvable, re.error):
        return "the schema refers to what is not in it, to itself without end, or to a pattern that is none"
    if error is None:
        return None
    where = ".".join(str(step) for step in error.absolute_path) or "the top"
    return f"at {where}, '{error.validator}' is not kept"


def _reference(schema: Any) -> str | None:
    """A reference that leads out of the schema."""
    waiting = [schema]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            for name in ("$ref", "$dynamicRef"):
                if isinstance(value.get(name), str) and not value[name].startswith("#"):
                    return str(value[name])
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return None
