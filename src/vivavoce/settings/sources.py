"""Where values are given: command line, environment, vivavoce.toml, defaults; the nearest giver wins."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vivavoce.errors import StartupError
from vivavoce.settings.keys import names_engine
from vivavoce.settings.tree import SECTIONS

PREFIX = "VIVAVOCE_"
SHORT_NAMES = {
    "VIVAVOCE_HOME": "paths.home",
    "VIVAVOCE_CACHE": "paths.cache",
    "VIVAVOCE_API_KEYS": "server.keys",
    "VIVAVOCE_URL": "client.url",
    "VIVAVOCE_API_KEY": "client.key",
}


@dataclass(frozen=True, slots=True)
class Given:
    """A value as it is written, and who gave it."""

    value: Any
    source: str


def default_paths() -> dict[str, Given]:
    from platformdirs import user_cache_dir, user_data_dir

    return {
        "paths.home": Given(user_data_dir("vivavoce", appauthor=False), "default"),
        "paths.cache": Given(user_cache_dir("vivavoce", appauthor=False), "default"),
    }


def from_environment(environment: Mapping[str, str]) -> dict[str, Given]:
    """Raises StartupError."""
    return {key: Given(value, name) for name, value in environment.items() if (key := _key_of(name))}


def _key_of(name: str) -> str | None:
    """The setting that a variable names; None for variables that are none of ours."""
    if name in SHORT_NAMES or not name.startswith(PREFIX):
        return SHORT_NAMES.get(name)
    rest = name.removeprefix(PREFIX)
    if "__" in rest:
        return rest.lower().replace("__", ".")
    for section in (*SECTIONS, "engines", "minds"):
        if rest.startswith(f"{section.upper()}_"):
            raise StartupError(
                f"The environment variable {name} names no setting.",
                f"Two underscores part section and key: {PREFIX}{section.upper()}__{rest[len(section) + 1 :]}.",
            )
    return None


def from_file(path: Path) -> dict[str, Given]:
    """What vivavoce.toml gives, nothing where there is none. Raises StartupError."""
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StartupError(f"{path} cannot be read: {error}.", "Correct the file or move it away.") from error
    given = {key: Given(value, str(path)) for key, value in _flat(tree)}
    if "paths.home" in given:
        raise StartupError(
            f"paths.home in {path} cannot say where that file lies.", "Set the environment variable VIVAVOCE_HOME."
        )
    return given


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def layered(*layers: dict[str, Given]) -> dict[str, Given]:
    """Later layers win. A layer that names an engine drops the options that were meant for another."""
    merged: dict[str, Given] = {}
    for layer in layers:
        for table in [key.removesuffix("name") for key in layer if names_engine(key)]:
            merged = {key: one for key, one in merged.items() if not key.startswith(table)}
        merged |= layer
    return merged


def can_show_pages(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether opening a browser makes sense: a desktop with a person before it, not a CI job."""
    if environment.get("CI"):
        return False
    if sys.platform in ("win32", "darwin"):
        return "SSH_CONNECTION" not in environment
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))
