"""The models and engines that the settings choose, up to a conversation of the house with itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import asdict
from importlib import import_module
from time import monotonic
from typing import Any

from vivavoce.cli.doctor.finding import Finding, wrong
from vivavoce.errors import VivavoceError
from vivavoce.loading import load_engines
from vivavoce.models.catalog import read_catalog
from vivavoce.models.store import Store
from vivavoce.ports import Engines
from vivavoce.session.self_check import SelfCheck, self_check
from vivavoce.settings import ENGINE_FOLDERS, SESSION_ENGINES, EngineChoice, Settings, fill

PATIENCE = 60.0
"""Seconds that the spoken self-check may take."""


def engines(settings: Settings) -> Iterator[Finding]:
    """The models, then the engines with the self-check where they are all here."""
    missing: list[Finding] = []
    for finding in _models(settings):
        missing += [finding] if finding.level == "wrong" else []
        yield finding
    if missing:
        yield Finding("self-check", "left out: models are missing", "warning", missing[0].remedy)
    else:
        yield from _engines(settings)


def _models(settings: Settings) -> Iterator[Finding]:
    store = Store(settings.paths.models)
    for name in needed_models(settings):
        problems = store.verify(name)
        if problems:
            yield Finding(f"model {name}", "; ".join(problems), "wrong", f"Run `vivavoce models pull {name}`.")
        else:
            yield Finding(f"model {name}", "verified")


def needed_models(settings: Settings) -> list[str]:
    """The models that the chosen engines load: those that their options name. Raises StartupError."""
    known = {model.id for model in read_catalog()}
    named = [word for _, _, options in chosen(settings) for word in _words(asdict(options))]
    return list(dict.fromkeys(name for name in named if name in known))


def chosen(settings: Settings) -> Iterator[tuple[str, EngineChoice, Any]]:
    """Every engine of the settings: its table, its name, its options. Raises StartupError."""
    tables = {f"engines.{kind}": (kind, getattr(settings.engines, kind)) for kind in ENGINE_FOLDERS}
    tables |= {f"minds.{name}": ("llm", mind.engine) for name, mind in settings.minds.items()}
    for table, (kind, choice) in tables.items():
        module = import_module(f"vivavoce.engines.{ENGINE_FOLDERS[kind]}.{choice.name}")
        yield table, choice, fill(module.Options, choice.options, table)


def _words(options: dict[str, Any]) -> Iterator[str]:
    for value in options.values():
        if isinstance(value, dict):
            yield from _words(value)
        elif isinstance(value, str):
            yield value


def _engines(settings: Settings) -> Iterator[Finding]:
    began = monotonic()
    try:
        loaded = load_engines(settings)
    except VivavoceError as error:
        yield wrong("engines", error, "Look at `vivavoce settings`.")
        return
    try:
        names = ", ".join(f"{kind} {getattr(loaded, kind).name}" for kind in SESSION_ENGINES)
        yield Finding("engines", f"{names}; loaded in {monotonic() - began:.1f} s")
        yield from _self_check(loaded)
    finally:
        loaded.close()


def _self_check(engines: Engines) -> Iterator[Finding]:
    async def talk() -> SelfCheck:
        async with asyncio.timeout(PATIENCE):
            return await self_check(engines)

    try:
        check = asyncio.run(talk())
    except (VivavoceError, TimeoutError, ExceptionGroup) as error:
        reason = str(_innermost(error)) or f"no answer within {PATIENCE:g} s"
        yield Finding("self-check", reason, "wrong", "Other programs may use all cores; try again when it is quiet.")
        return
    yield Finding("self-check: asked", check.asked)
    yield Finding("self-check: heard", check.heard or "nothing", "fine" if check.heard else "wrong")
    yield Finding("self-check: answered", check.answered or "nothing", "fine" if check.answered else "wrong")
    yield Finding("self-check: voice to voice", f"{check.voice_to_voice_ms:.0f} ms")
    stages = ", ".join(f"{name} {ms:.0f}" for name, ms in asdict(check.latency).items() if ms is not None)
    yield Finding("self-check: ms after the last word", stages)


def _innermost(error: Exception) -> BaseException:
    """The first thing that went wrong in a group of tasks."""
    inner: BaseException = error
    while isinstance(inner, BaseExceptionGroup):
        inner = inner.exceptions[0]
    return inner
