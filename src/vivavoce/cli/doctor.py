"""`vivavoce doctor`: looks at everything a conversation needs, and holds one with itself.

Each finding is fine, a warning or wrong; what is wrong comes with its remedy, and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vivavoce import __version__

if TYPE_CHECKING:
    from vivavoce.ports import Engines
    from vivavoce.settings import Settings

Level = Literal["fine", "warning", "wrong"]

LIBRARIES = ("numpy", "onnxruntime", "ctranslate2", "xllamacpp", "uvicorn", "websockets", "openai", "sounddevice")
ENOUGH_MEMORY_GIB = 4.0  # the default engines take 2.5, and the system wants some
ENOUGH_DISK_GIB = 2.0  # the default models take one, twice while they are put together
PATIENCE = 60.0
"""Seconds that the spoken self-check may take."""


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    found: str
    level: Level = "fine"
    remedy: str = ""


def add_parser(commands: Any) -> None:
    parser = commands.add_parser(
        "doctor", help="check this machine, the models and the whole loop", description=__doc__
    )
    parser.add_argument("--json", action="store_true", help="for scripts")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from vivavoce.settings import read_settings

    findings = []
    for finding in examine(read_settings()):
        findings.append(finding)
        if not args.json:
            _print(finding)
    wrong = [finding for finding in findings if finding.level == "wrong"]
    if args.json:
        import json

        print(json.dumps({"fine": not wrong, "findings": [asdict(one) for one in findings]}, indent=2))
    else:
        print(f"\n{len(wrong)} of {len(findings)} need attention." if wrong else "\nAll is well.")
    return 1 if wrong else 0


def examine(settings: Settings) -> Iterator[Finding]:
    """Every finding, the slow ones last; each as soon as it is known."""
    yield from _machine(settings)
    yield _port(settings)
    yield from _sound()
    missing = []
    for finding in _models(settings):
        missing += [finding] if finding.level == "wrong" else []
        yield finding
    if missing:
        yield Finding("self-check", "left out: models are missing", "warning", missing[0].remedy)
    else:
        yield from _engines(settings)


def _machine(settings: Settings) -> Iterator[Finding]:
    yield Finding("vivavoce", f"{__version__}, Python {platform.python_version()}, {platform.platform(terse=True)}")
    yield Finding("libraries", ", ".join(f"{name} {_version(name)}" for name in LIBRARIES))
    yield Finding("home", str(settings.paths.home))
    yield Finding("cores", str(os.cpu_count()), *_short((os.cpu_count() or 1) < 2, "One core is too slow to talk."))
    memory = _memory_gib()
    if memory is not None:
        few = f"The default models want {ENOUGH_MEMORY_GIB:g} GiB; choose smaller ones in {settings.paths.file}."
        yield Finding("memory", f"{memory:.1f} GiB", *_short(memory < ENOUGH_MEMORY_GIB, few))
    free = shutil.disk_usage(_existing(settings.paths.cache)).free / 2**30
    full = "Free some space, or set VIVAVOCE_CACHE to a folder on another disk."
    yield Finding("disk", f"{free:.1f} GiB free for models", *_short(free < ENOUGH_DISK_GIB, full))


def _short(short: bool, remedy: str) -> tuple[Level, str]:
    return ("warning", remedy) if short else ("fine", "")


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def _memory_gib() -> float | None:
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30


def _existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _port(settings: Settings) -> Finding:
    host, port = settings.server.host, settings.server.port
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            remedy = "A server may be running already. Else choose another: vivavoce serve --port 0."
            return Finding("port", f"{port}: {error.strerror}", "warning", remedy)
    return Finding("port", f"{port} is free")


def _sound() -> Iterator[Finding]:
    from vivavoce.cli.talk_live import open_devices
    from vivavoce.errors import StartupError

    try:
        devices = open_devices()
    except StartupError as error:
        # No reason to call the machine ill: the page and files need no sound card here.
        yield Finding("microphone and speakers", str(error), "warning", error.remedy)
        return
    for what, kind in (("microphone", "input"), ("speakers", "output")):
        yield Finding(what, str(devices.library.query_devices(kind=kind)["name"]))


def _models(settings: Settings) -> Iterator[Finding]:
    from vivavoce.models.store import Store

    store = Store(settings.paths.models)
    for name in needed_models(settings):
        problems = store.verify(name)
        if problems:
            yield Finding(f"model {name}", "; ".join(problems), "wrong", f"Run `vivavoce models pull {name}`.")
        else:
            yield Finding(f"model {name}", "verified")


def needed_models(settings: Settings) -> list[str]:
    """The models that the chosen engines load: those that their options name. Raises StartupError."""
    from importlib import import_module

    from vivavoce.models.catalog import read_catalog
    from vivavoce.settings import ENGINE_FOLDERS, fill

    known = {model.id for model in read_catalog()}
    named: list[str] = []
    for kind, folder in ENGINE_FOLDERS.items():
        choice = getattr(settings.engines, kind)
        module = import_module(f"vivavoce.engines.{folder}.{choice.name}")
        named += _words(asdict(fill(module.Options, choice.options, f"engines.{kind}")))
    return list(dict.fromkeys(name for name in named if name in known))


def _words(options: dict[str, Any]) -> Iterator[str]:
    for value in options.values():
        if isinstance(value, dict):
            yield from _words(value)
        elif isinstance(value, str):
            yield value


def _engines(settings: Settings) -> Iterator[Finding]:
    from time import monotonic

    from vivavoce.errors import VivavoceError
    from vivavoce.loading import load_engines

    began = monotonic()
    try:
        engines = load_engines(settings)
    except VivavoceError as error:
        yield Finding("engines", str(error), "wrong", getattr(error, "remedy", "") or "Look at `vivavoce settings`.")
        return
    try:
        names = ", ".join(f"{kind} {getattr(engines, kind).name}" for kind in ("vad", "turn", "stt", "llm", "tts"))
        yield Finding("engines", f"{names}; loaded in {monotonic() - began:.1f} s")
        yield from _self_check(engines)
    finally:
        engines.close()


def _self_check(engines: Engines) -> Iterator[Finding]:
    import asyncio

    from vivavoce.errors import VivavoceError
    from vivavoce.session.self_check import self_check

    async def talk() -> Any:
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
    stages = getattr(check, "latency", None)
    if stages is not None:
        told = ", ".join(f"{name} {ms:.0f}" for name, ms in asdict(stages).items() if ms is not None)
        yield Finding("self-check: ms after the last word", told)


def _innermost(error: Exception) -> BaseException:
    """The first thing that went wrong in a group of tasks."""
    inner: BaseException = error
    while isinstance(inner, BaseExceptionGroup):
        inner = inner.exceptions[0]
    return inner


_MARKS: dict[Level, Callable[[str], str]] = {
    "fine": lambda text: f"[green]✓[/] {text}",
    "warning": lambda text: f"[yellow]![/] {text}",
    "wrong": lambda text: f"[red]✗[/] {text}",
}


def _print(finding: Finding) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False, soft_wrap=True)
    console.print(_MARKS[finding.level](f"[bold]{escape(finding.what)}[/]  {escape(finding.found)}"))
    if finding.remedy:
        console.print(f"  [dim]{escape(finding.remedy)}[/]")
    sys.stdout.flush()
