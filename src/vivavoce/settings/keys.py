"""Which keys there are, and which engines they may name."""

from __future__ import annotations

import re
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path

from vivavoce.errors import StartupError
from vivavoce.settings.tree import ENGINE_FOLDERS, SECTIONS

KEYS = [f"{name}.{one.name}" for name, section in SECTIONS.items() for one in fields(section)]
KEYS += [f"engines.{kind}.name" for kind in ENGINE_FOLDERS]
_MIND = re.compile(r"(minds\.([a-z0-9][a-z0-9_-]*)\.)[a-z]\w*")
TOOL_SERVER = re.compile(r"tools\.servers\.([a-zA-Z0-9_-]{1,64})\.([a-z]+)(?:\.(.+))?")
_TAKEN = ("vivavoce", "auto")
"""Names of minds that mean something already."""


def names_engine(key: str) -> bool:
    """Whether the value of a key is the name of an engine."""
    return key in KEYS and key.startswith("engines.") or mind_of(key) is not None and key.endswith(".name")


def mind_of(key: str) -> str | None:
    """The mind that a key is about."""
    found = _MIND.fullmatch(key)
    return found and found[2]


def check_known(key: str, source: str) -> None:
    """Raises StartupError, with the nearest key there is, for one that there is not."""
    section, _, rest = key.partition(".")
    kind, _, option = rest.partition(".")
    if key in KEYS or (section == "engines" and kind in ENGINE_FOLDERS and option):
        return
    if section == "minds":
        _check_mind(key, source)
        return
    if key.startswith("tools.servers."):
        _check_tool_server(key, source)
        return
    near = get_close_matches(key, KEYS, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]}? " if near else ""
    raise StartupError(f"There is no setting {key} ({source}).", f"{hint}`vivavoce settings` lists all there are.")


def _check_mind(key: str, source: str) -> None:
    name = mind_of(key)
    if name is None or name in _TAKEN:
        raise StartupError(
            f"{key} ({source}) is no setting of a mind.",
            "Write a table [minds.NAME] with the engine as `name`; NAME is of small letters, digits, _ and -, and "
            f"none of {', '.join(_TAKEN)}.",
        )


def _check_tool_server(key: str, source: str) -> None:
    found = TOOL_SERVER.fullmatch(key)
    if found is None or found[1] == "vivavoce":
        raise StartupError(
            f"{key} ({source}) is no setting of a tool server.",
            "Write a table [tools.servers.NAME] with a url or a command; NAME is of letters, digits, _ and -, and not "
            "vivavoce, which is the assistant's own.",
        )


def engine_names(kind: str) -> list[str]:
    """The engines of a kind: the files in its folder that load one. They are read, not imported: that is slow."""
    folder = Path(__file__).parent.parent / "engines" / ENGINE_FOLDERS[kind]
    return sorted(path.stem for path in folder.glob("[!_]*.py") if "\ndef load(" in path.read_text(encoding="utf-8"))
