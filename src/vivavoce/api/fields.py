"""Reads one JSON object of a client field by field. Whatever is wrong becomes a RequestError that
names the field by its whole path and says what belongs there.

A field that is null counts as absent, as it does for the SDKs that write every field they know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from vivavoce.errors import RequestError

T = TypeVar("T")
R = TypeVar("R")
SHOWN = 60  # characters of a client's value that an error quotes


def invalid(path: str, remedy: str, value: object = None) -> RequestError:
    """`remedy` completes the sentence "<path> must …"."""
    got = "" if value is None else f", not {_shown(value)}"
    return RequestError(f"'{path}' must {remedy}{got}.", param=path, code="invalid_value")


def missing(path: str, remedy: str) -> RequestError:
    """`remedy` completes the sentence "Missing required parameter: <path>: …"."""
    return RequestError(
        f"Missing required parameter: '{path}': {remedy}.", param=path, code="missing_required_parameter"
    )


class Fields:
    """The object at `path`. Every reader raises RequestError for a value of the wrong type or range."""

    def __init__(self, value: object, path: str) -> None:
        if not isinstance(value, dict):
            raise invalid(path, "be an object", value)
        self.raw: Mapping[str, Any] = value
        self.path = path

    def at(self, name: str) -> str:
        """The path of one of the object's fields."""
        return f"{self.path}.{name}" if self.path else name

    def get(self, name: str) -> Any:
        """The bare value; None when absent."""
        return self.raw.get(name)

    def text(self, name: str, default: T) -> str | T:
        value = self.raw.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise invalid(self.at(name), "be a string", value)
        return value

    def need_text(self, name: str, remedy: str = "give a string") -> str:
        return self._need(self.text(name, None), name, remedy)

    def flag(self, name: str, default: bool) -> bool:
        value = self.raw.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise invalid(self.at(name), "be true or false", value)
        return value

    def number(self, name: str, default: T, low: float, high: float) -> float | T:
        value = self.raw.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise invalid(self.at(name), f"be a number from {low:g} to {high:g}", value)
        return float(value)

    def integer(self, name: str, default: T, low: int, high: int) -> int | T:
        value = self.raw.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise invalid(self.at(name), f"be a whole number from {low} to {high}", value)
        return value

    def need_integer(self, name: str, low: int, high: int) -> int:
        return self._need(self.integer(name, None, low, high), name, f"give a whole number from {low} to {high}")

    def choice(self, name: str, options: Sequence[str], default: T) -> Any:
        """One of `options`; typed Any so that a Literal's members can be passed on as such."""
        value = self.raw.get(name)
        if value is None:
            return default
        if not isinstance(value, str) or value not in options:
            raise invalid(self.at(name), f"be one of {', '.join(options)}", value)
        return value

    def need_choice(self, name: str, options: Sequence[str]) -> Any:
        return self._need(self.choice(name, options, None), name, f"give one of {', '.join(options)}")

    def object(self, name: str) -> Fields | None:
        value = self.raw.get(name)
        return None if value is None else Fields(value, self.at(name))

    def need_object(self, name: str) -> Fields:
        return self._need(self.object(name), name, "give an object")

    def array(self, name: str, read: Callable[[Any, str], R], *, most: int) -> list[R] | None:
        """At most `most` elements, each read by `read(value, path)`."""
        value = self.raw.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or len(value) > most:
            raise invalid(self.at(name), f"be an array of at most {most} elements", value)
        return [read(element, f"{self.at(name)}.{place}") for place, element in enumerate(value)]

    def _need(self, value: T | None, name: str, remedy: str) -> T:
        if value is None:
            raise missing(self.at(name), remedy)
        return value


def string(value: Any, path: str) -> str:
    """An element of an array of strings."""
    if not isinstance(value, str):
        raise invalid(path, "be a string", value)
    return value


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return f"an array of {len(value)}"
    text = repr(value[:SHOWN] if isinstance(value, str) else value)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
