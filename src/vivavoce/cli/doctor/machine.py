"""The machine: its memory, its disk, its port, its sound."""

from __future__ import annotations

import os
import platform
import shutil
import socket
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from vivavoce import __version__
from vivavoce.cli.doctor.finding import Finding, Level
from vivavoce.cli.processes import memory_gib
from vivavoce.cli.talk_live import open_devices
from vivavoce.errors import StartupError
from vivavoce.settings import Settings

LIBRARIES = ("numpy", "onnxruntime", "ctranslate2", "xllamacpp", "uvicorn", "websockets", "openai", "sounddevice")
ENOUGH_MEMORY_GIB = 4.0  # the default engines take 2.5, and the system wants some
ENOUGH_DISK_GIB = 2.0  # the default models take one, twice while they are put together


def machine(settings: Settings) -> Iterator[Finding]:
    yield from _machine(settings)
    yield _port(settings)
    yield from _sound()
    yield _webrtc()


def _machine(settings: Settings) -> Iterator[Finding]:
    yield Finding("vivavoce", f"{__version__}, Python {platform.python_version()}, {platform.platform(terse=True)}")
    yield Finding("libraries", ", ".join(f"{name} {_version(name)}" for name in LIBRARIES))
    yield _home(settings.paths.home)
    yield Finding("cores", str(os.cpu_count()), *_short((os.cpu_count() or 1) < 2, "One core is too slow to talk."))
    memory = memory_gib()
    if memory is not None:
        few = f"The default models want {ENOUGH_MEMORY_GIB:g} GiB; choose smaller ones in {settings.paths.file}."
        yield Finding("memory", f"{memory:.1f} GiB", *_short(memory < ENOUGH_MEMORY_GIB, few))
    free = shutil.disk_usage(_existing(settings.paths.cache)).free / 2**30
    full = "Free some space, or set VIVAVOCE_CACHE to a folder on another disk."
    yield Finding("disk", f"{free:.1f} GiB free for models", *_short(free < ENOUGH_DISK_GIB, full))


def _home(home: Path) -> Finding:
    if not os.access(_existing(home), os.W_OK):
        return Finding("home", f"{home} cannot be written", "wrong", "Set VIVAVOCE_HOME to a folder of your own.")
    return Finding("home", str(home))


def _short(short: bool, remedy: str) -> tuple[Level, str]:
    return ("warning", remedy) if short else ("fine", "")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


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
    try:
        devices = open_devices()
    except StartupError as error:
        # No reason to call the machine ill: the page and files need no sound card here.
        yield Finding("microphone and speakers", str(error), "warning", error.remedy)
        return
    for what, kind in (("microphone", "input"), ("speakers", "output")):
        yield Finding(what, str(devices.library.query_devices(kind=kind)["name"]))


def _webrtc() -> Finding:
    if find_spec("aiortc") is None:
        remedy = "For WebRTC and more kinds of sound files: pip install 'vivavoce[media]'."
        return Finding("WebRTC", "not installed; browsers talk over WebSocket", remedy=remedy)
    return Finding("WebRTC", f"aiortc {_version('aiortc')}")
