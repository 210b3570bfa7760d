"""The settings in force, put together from all that is given, and checked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_type_hints

from vivavoce.errors import StartupError
from vivavoce.settings.convert import converted
from vivavoce.settings.keys import TOOL_SERVER, check_known, engine_names, mind_of
from vivavoce.settings.sources import Given, default_paths, from_environment, from_file, layered
from vivavoce.settings.tree import (
    ENGINE_FOLDERS,
    FILE_NAME,
    SECTIONS,
    EngineChoice,
    EngineChoices,
    MindChoice,
    Routing,
    Settings,
)


def read_settings(overrides: Mapping[str, Any] | None = None, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings now in force. `overrides`: dotted key to value, from the command line.

    Raises StartupError, naming key, source and the nearest valid key, for anything it does not know.
    """
    by_command = {key: Given(value, "command line") for key, value in (overrides or {}).items() if value is not None}
    by_environment, by_default = from_environment(environment), default_paths()
    home = converted("paths.home", {**by_default, **by_environment, **by_command}["paths.home"], Path)
    given = layered(by_default, from_file(home / FILE_NAME), by_environment, by_command)
    for key, one in given.items():
        check_known(key, one.source)
    sections = {name: _section(name, section, given) for name, section in SECTIONS.items()}
    engines = EngineChoices(**{kind: _engine(kind, given) for kind in ENGINE_FOLDERS})
    minds = {name: _mind(name, given) for name in dict.fromkeys(filter(None, map(mind_of, given)))}
    _check_routing(sections["routing"], ("vivavoce", *minds))
    sources = MappingProxyType({key: one.source for key, one in given.items() if one.source != "default"})
    return Settings(
        **sections,
        engines=engines,
        minds=MappingProxyType(minds),
        tool_servers=MappingProxyType(_tool_servers(given)),
        sources=sources,
    )


def _check_routing(routing: Routing, known: tuple[str, ...]) -> None:
    """Everyone who is named there has to be a mind."""
    named = {f"routing.aliases ({alias})": mind for alias, mind in routing.named().items() if mind != "auto"}
    named |= {f"routing.fallback ({mind})": mind for mind in routing.fallback}
    if routing.default != "auto":
        named["routing.default"] = routing.default
    named |= {"routing.quick": routing.quick, "routing.thinking": routing.thinking or "vivavoce"}
    for key, mind in named.items():
        if mind not in known:
            raise StartupError(
                f"{key} names {mind!r}, which is no mind.",
                f"Minds are: {', '.join(known)}. Add others as tables [minds.NAME].",
            )


def _section(name: str, section: type, given: Mapping[str, Given]) -> Any:
    hints = get_type_hints(section)
    values = {}
    for one in fields(section):
        key = f"{name}.{one.name}"
        if key in given:
            values[one.name] = converted(key, given[key], hints[one.name])
            _check_range(key, given[key], values[one.name], one.metadata)
    return section(**values)


def _check_range(key: str, given: Given, value: Any, limits: Mapping[str, Any]) -> None:
    low, high = limits["at_least"], limits["at_most"]
    if (low is not None and value < low) or (high is not None and value > high):
        upper = "" if high is None else f" and at most {high:g}"
        raise StartupError(f"{key} is {value} ({given.source}).", f"It must be at least {low:g}{upper}.")


def _tool_servers(given: Mapping[str, Given]) -> dict[str, dict[str, Any]]:
    """The options of each; tables inside them (headers, env) are put together again."""
    servers: dict[str, dict[str, Any]] = {}
    for key, one in given.items():
        if found := TOOL_SERVER.fullmatch(key):
            options = servers.setdefault(found[1], {})
            if found[3] is None:
                options[found[2]] = one.value
            else:
                options.setdefault(found[2], {})[found[3]] = str(one.value)
    return servers


def _mind(name: str, given: Mapping[str, Given]) -> MindChoice:
    prefix = f"minds.{name}."
    load = given.get(f"{prefix}load", Given("lazily", "default"))
    options = {key: one for key, one in given.items() if key != f"{prefix}load"}
    when = converted(f"{prefix}load", load, get_type_hints(MindChoice)["load"])
    return MindChoice(_engine("llm", options, prefix), when)


def _engine(kind: str, given: Mapping[str, Given], prefix: str = "") -> EngineChoice:
    """`prefix`: of the keys of its table; "": the usual one."""
    prefix = prefix or f"engines.{kind}."
    options = {key.removeprefix(prefix): one.value for key, one in given.items() if key.startswith(prefix)}
    default: EngineChoice = getattr(EngineChoices(), kind)
    name = options.pop("name", default.name)
    chosen = given.get(f"{prefix}name")
    if chosen and name not in (known := engine_names(kind)):
        raise StartupError(
            f"There is no {kind} engine {name!r} ({chosen.source}).",
            f"Set {prefix}name to one of: {', '.join(known)}.",
        )
    return EngineChoice(name, MappingProxyType(options))
