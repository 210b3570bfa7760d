"""Python signatures as JSON schemas, and JSON arguments as what a signature takes."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

_SIMPLE: dict[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}
_OPTIONS = {"reads_only": False, "asks_first": False, "slow": False, "foreign": True}
"""As of HostedTool, with what holds where nothing is said."""


class Unfit(Exception):
    """A signature or arguments that do not fit; the message says which."""


def described(function: Callable[..., Any]) -> dict[str, Any]:
    """What a tool server tells of a function. `function.reads_only = True` and the like say how it may be called.
    Raises Unfit."""
    options = {name: bool(getattr(function, name, default)) for name, default in _OPTIONS.items()}
    text = " ".join(inspect.cleandoc(function.__doc__ or "").split())
    return {"name": function.__name__, "description": text, "parameters": schema_of(function), **options}


def schema_of(function: Callable[..., Any]) -> dict[str, Any]:
    """The JSON schema of its arguments. Raises Unfit."""
    hints = get_type_hints(function)
    properties: dict[str, Any] = {}
    required: list[str] = []
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise Unfit(f"{function.__name__}: arguments cannot be passed as *{name}")
        if name not in hints:
            raise Unfit(f"{function.__name__}: say what kind {name} is, such as {name}: str")
        properties[name] = _schema(hints[name], f"{function.__name__}: {name}")
        if parameter.default is parameter.empty:
            required.append(name)
        elif isinstance(parameter.default, (str, int, float, bool)):
            properties[name] = {**properties[name], "default": parameter.default}
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def arguments_for(function: Callable[..., Any], arguments: str) -> dict[str, Any]:
    """JSON arguments as keyword arguments. Raises Unfit."""
    try:
        given = json.loads(arguments or "{}")
    except ValueError:
        raise Unfit("the arguments are no JSON") from None
    if not isinstance(given, dict):
        raise Unfit("the arguments are no object")
    hints, parameters = get_type_hints(function), inspect.signature(function).parameters
    for name in given:
        if name not in parameters:
            raise Unfit(f"there is no argument {name}")
    for name, parameter in parameters.items():
        if name not in given and parameter.default is parameter.empty:
            raise Unfit(f"{name} is missing")
    return {name: _fitted(value, hints[name], name) for name, value in given.items()}


def _schema(hint: Any, where: str) -> dict[str, Any]:
    origin, inner = get_origin(hint), get_args(hint)
    if hint in _SIMPLE:
        return {"type": _SIMPLE[hint]}
    if origin is Literal:
        return {"enum": list(inner)}
    if origin is list and len(inner) == 1:
        return {"type": "array", "items": _schema(inner[0], where)}
    if origin in (dict, Mapping) and inner[:1] == (str,):
        return {"type": "object", "additionalProperties": _schema(inner[1], where)}
    if origin in (Union, UnionType):
        kinds = [_schema(kind, where) for kind in inner if kind is not NoneType]
        return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    raise Unfit(
        f"{where} is of a kind that models cannot write: use str, int, float, bool, Literal, list or dict of these"
    )


def _fitted(value: Any, hint: Any, name: str) -> Any:
    """`value` as `hint` has it; small models write numbers as text and text as numbers."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        if value is None and NoneType in inner:
            return None
        return _first_that_fits(value, [kind for kind in inner if kind is not NoneType], name)
    if origin is Literal:
        if value not in inner:
            raise Unfit(f"{name} must be one of {', '.join(map(str, inner))}")
        return value
    if origin is list and isinstance(value, list):
        return [_fitted(one, inner[0], name) for one in value]
    if origin in (dict, Mapping) and isinstance(value, dict):
        return {key: _fitted(one, inner[1], name) for key, one in value.items()}
    if hint in _SIMPLE:
        return _simple(value, hint, name)
    raise Unfit(f"{name} must be {'an array' if origin is list else 'an object'}")


def _first_that_fits(value: Any, kinds: list[Any], name: str) -> Any:
    for kind in kinds:
        try:
            return _fitted(value, kind, name)
        except Unfit:
            continue
    raise Unfit(f"{name} is of none of the kinds that it may be")


def _simple(value: Any, kind: Any, name: str) -> Any:
    if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    try:
        if kind is bool:
            return {"true": True, "false": False}[str(value).lower()]
        if kind is int and float(value) != int(float(value)):
            raise ValueError
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            return int(float(value)) if kind is int else kind(value)
    except (ValueError, KeyError, OverflowError, TypeError):
        pass
    raise Unfit(f"{name} must be {_SIMPLE[kind]}, not {json.dumps(value, default=str)[:60]}")
