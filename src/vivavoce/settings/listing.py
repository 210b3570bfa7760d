"""All settings as `vivavoce settings` tells them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from vivavoce.settings.keys import engine_names
from vivavoce.settings.secrets import is_secret
from vivavoce.settings.tree import ENGINE_FOLDERS, SECTIONS, EngineChoice, Settings


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of `vivavoce settings`; `value` is fit to be shown."""

    key: str
    value: Any
    source: str
    doc: str


def entries(settings: Settings) -> list[Entry]:
    """All settings in order, secrets masked."""
    return [*_section_entries(settings), *_engine_entries(settings), *_tool_server_entries(settings)]


def _tool_server_entries(settings: Settings) -> Iterator[Entry]:
    for name, options in settings.tool_servers.items():
        for option, value in options.items():
            key = f"tools.servers.{name}.{option}"
            shown = "***" if option in ("headers", "env", "authorization") else value
            yield Entry(key, shown, settings.sources.get(key, "vivavoce.toml"), "Option of a tool server")


def _section_entries(settings: Settings) -> Iterator[Entry]:
    for name, section in SECTIONS.items():
        for one in fields(section):
            key = f"{name}.{one.name}"
            value = _shown(getattr(getattr(settings, name), one.name))
            yield Entry(key, value, settings.sources.get(key, "default"), one.metadata["doc"])


def _engine_entries(settings: Settings) -> Iterator[Entry]:
    for kind in ENGINE_FOLDERS:
        yield from _choice_entries(settings, f"engines.{kind}", kind, getattr(settings.engines, kind))
    for name, mind in settings.minds.items():
        yield from _choice_entries(settings, f"minds.{name}", "llm", mind.engine)
        key = f"minds.{name}.load"
        yield Entry(key, mind.load, settings.sources.get(key, "default"), "lazily (when it is first asked) or start")


def _choice_entries(settings: Settings, table: str, kind: str, choice: EngineChoice) -> Iterator[Entry]:
    for name, value in {"name": choice.name, **choice.options}.items():
        key = f"{table}.{name}"
        doc = f"One of {', '.join(engine_names(kind))}" if name == "name" else f"Option of {choice.name}"
        shown = "***" if is_secret(key) and value else value
        yield Entry(key, shown, settings.sources.get(key, "default"), doc)


def _shown(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_shown(part) for part in value]
    return value if isinstance(value, (int, float, str)) else str(value)
