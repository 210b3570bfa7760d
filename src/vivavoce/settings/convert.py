"""Values as they are written, turned into what a field wants."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from vivavoce.errors import StartupError
from vivavoce.settings.secrets import ApiKey, DatabaseUrl, Secret, is_secret
from vivavoce.settings.sources import Given
from vivavoce.settings.tree import FILE_NAME

T = TypeVar("T")


def fill(options: type[T], values: Mapping[str, Any], where: str) -> T:
    """An engine's `options` dataclass from what the settings say about it.

    `where` is the table's name for errors ("engines.tts"). Strings, as the environment gives them,
    become what the fields want. Raises StartupError for unknown options and unfit values.
    """
    hints = get_type_hints(options)
    known = [one.name for one in fields(options) if one.init]  # type: ignore[arg-type]
    for name in values:
        if name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise StartupError(f"There is no option {where}.{name}.", f"{hint}It takes: {', '.join(known)}.")
    given = {
        name: converted(f"{where}.{name}", Given(value, "settings"), hints[name]) for name, value in values.items()
    }
    try:
        return options(**given)
    except ValueError as error:
        raise StartupError(f"The options of {where} do not fit: {error}.", f"Correct them in {FILE_NAME}.") from error


def converted(key: str, given: Given, wanted: Any) -> Any:
    """The value of a key as its type wants it. Raises StartupError."""
    try:
        return _convert(given.value, wanted)
    except ValueError as error:
        shown = "***" if is_secret(key) else repr(given.value)
        raise StartupError(f"{key} is {shown} ({given.source}).", f"It must be {error}.") from error


def _convert(value: Any, wanted: Any) -> Any:
    origin = get_origin(wanted)
    if origin is Literal:
        return _one_of(value, get_args(wanted))
    if origin in (Union, UnionType):
        return _first_that_fits(value, get_args(wanted))
    if origin is tuple:
        return tuple(_convert(part, get_args(wanted)[0]) for part in _parts(value) if part != "")
    return _SIMPLE.get(wanted, _as_is)(value)


def _parts(value: Any) -> list[Any]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    if not isinstance(value, (list, tuple)):
        raise ValueError("a list")
    return list(value)


def _one_of(value: Any, choices: tuple[Any, ...]) -> Any:
    if value not in choices:
        raise ValueError("one of " + ", ".join(map(str, choices)))
    return value


def _first_that_fits(value: Any, kinds: tuple[Any, ...]) -> Any:
    if type(None) in kinds and value in (None, "", "none"):
        return None
    kind = next(kind for kind in kinds if kind is not type(None))
    return _convert(value, kind)


def _as_is(value: Any) -> Any:
    return value


def _bool(value: Any) -> bool:
    words = {"true": True, "yes": True, "1": True, "on": True, "false": False, "no": False, "0": False, "off": False}
    found = words.get(str(value).lower())
    if found is None:
        raise ValueError("true or false")
    return found


def _int(value: Any) -> int:
    try:
        if isinstance(value, bool) or int(value) != float(value):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise ValueError("a whole number") from None
    return int(value)


def _float(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError("a number") from None
    if isinstance(value, bool) or not math.isfinite(number):
        raise ValueError("a number")
    return number


def _str(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("text in quotes")
    return value


def _path(value: Any) -> Path:
    if not isinstance(value, (str, Path)) or not str(value):
        raise ValueError("a folder")
    return Path(value).expanduser().absolute()


_SIMPLE: dict[Any, Any] = {
    bool: _bool,
    int: _int,
    float: _float,
    str: _str,
    Path: _path,
    Secret: lambda value: Secret(_str(value)),
    DatabaseUrl: lambda value: DatabaseUrl(_str(value)),
    ApiKey: lambda value: ApiKey.of(_str(value)),
}
