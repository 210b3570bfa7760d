"""What is measured, one after the other: vivavoce and its peers, each started, asked and stopped."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from vivavoce.cli.bench.peers.asking import Ask, Turn, bare, realtime
from vivavoce.cli.bench.peers.known import Peer, python_of
from vivavoce.cli.clips import Clip
from vivavoce.cli.processes import started
from vivavoce.cli.server import free_port, reach
from vivavoce.conversation.config import PERSONA
from vivavoce.errors import StartupError
from vivavoce.loading import model_files
from vivavoce.settings import Settings

WIRE_24K = {side: {"format": {"type": "audio/pcm", "rate": 24_000}} for side in ("input", "output")}
"""Said aloud, since not every Realtime server takes 24 kHz for granted."""
READY_WITHIN = 180.0


@dataclass(frozen=True, slots=True)
class System:
    """Something to be measured under one set of settings; `run` starts it and gives what asks it."""

    name: str
    settings: str
    run: Callable[[], AbstractAsyncContextManager[Ask]]


async def measure(
    args: argparse.Namespace, settings: Settings, peers: list[Peer], kinds: list[str], scripts: Path, clips: list[Clip]
) -> dict[tuple[str, str], list[Turn]]:
    """Every system in turn, over every `rounds`-th question; then again over the next ones. The first question of
    each start is asked twice, and the first time does not count."""
    port = free_port()
    models = f"http://127.0.0.1:{port}"
    turns: dict[tuple[str, str], list[Turn]] = {}
    async with _process([sys.executable, str(scripts / "model_server.py"), str(port)], port):
        systems = [*_ours(settings), *_theirs(settings, peers, kinds, scripts, models)]
        for start in range(args.rounds):
            for system in systems:
                async with _locked(args.lock):
                    heard = await _ask_all(system, clips[start :: args.rounds])
                turns.setdefault((system.name, system.settings), []).extend(heard)
    return turns


@asynccontextmanager
async def _locked(path: Path | None) -> AsyncIterator[None]:
    """Hold a lock as flock(1) does, in its queue: who asks only now and then is never served on a busy machine."""
    if path is None:
        yield
        return
    import fcntl

    with path.open("a") as file:
        await asyncio.to_thread(fcntl.flock, file, fcntl.LOCK_EX)
        yield


async def _ask_all(system: System, clips: list[Clip]) -> list[Turn]:
    """Start a system and ask it. One that does not start has answered nothing; the others are measured all the same."""
    print(f"{system.name}, {system.settings}", file=sys.stderr, flush=True)
    try:
        return await _ask_started(system, clips)
    except StartupError as error:
        print(f"  {error} {error.remedy}", file=sys.stderr, flush=True)
        return [Turn(clip.name, None, None, cut_in=False, problem=str(error)) for clip in clips]


async def _ask_started(system: System, clips: list[Clip]) -> list[Turn]:
    turns = []
    async with system.run() as ask:
        for clip in [*clips[:1], *clips]:
            turns.append(await ask(clip))
            ms = turns[-1].first_sound_ms
            told = "cut in" if turns[-1].cut_in else "–" if ms is None else f"{ms:.0f} ms"
            print(f"  {clip.name:40} {told:>9}  {turns[-1].problem}", file=sys.stderr, flush=True)
    return turns[1:]


def _ours(settings: Settings) -> list[System]:
    def start(openers: str) -> Callable[[], AbstractAsyncContextManager[Ask]]:
        @asynccontextmanager
        async def run() -> AsyncIterator[Ask]:
            async with reach(settings, None, fresh=True) as running:
                yield realtime(running.address.base, {"vivavoce": {"openers": openers}})

        return run

    return [System("vivavoce", "defaults", start("auto")), System("vivavoce", "openers off", start("off"))]


def _theirs(
    settings: Settings, peers: list[Peer], kinds: Iterable[str], scripts: Path, models: str
) -> Iterable[System]:
    for peer in peers:
        for kind in kinds:
            yield System(peer.title, kind, _start(peer, kind, settings, scripts, models))


def _start(
    peer: Peer, kind: str, settings: Settings, scripts: Path, models: str
) -> Callable[[], AbstractAsyncContextManager[Ask]]:
    @asynccontextmanager
    async def run() -> AsyncIterator[Ask]:
        port = free_port()
        turn_model = model_files(settings)("smart-turn-v3.2") / "smart-turn-v3.2-cpu.onnx"
        command = [
            *(str(python_of(peer, settings.paths.cache / "peers")), str(scripts / peer.script)),
            *("--port", str(port), "--models", f"{models}/v1", "--settings", kind),
            *("--instructions", PERSONA, "--smart-turn", str(turn_model)),
        ]
        async with _process(command, port):
            if peer.wire == "bare":
                yield bare(f"ws://127.0.0.1:{port}/")
            else:
                yield realtime(f"http://127.0.0.1:{port}", {"audio": WIRE_24K})

    return run


def _process(command: list[str], port: int) -> AbstractAsyncContextManager[object]:
    """One that listens at `port`. Raises StartupError."""
    name = Path(command[1]).name
    return started(command, lambda: _listening(port), name=name, within=READY_WITHIN, environment=_environment())


def _environment() -> dict[str, str]:
    """Ours, with no proxy for this machine, no spinning threads, and a word where clients insist on a key."""
    quiet = {"KMP_BLOCKTIME": "0", "OMP_WAIT_POLICY": "PASSIVE", "PYTHONUNBUFFERED": "1", "OPENAI_API_KEY": "none"}
    local = {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
    return {**os.environ, **quiet, **local}


async def _listening(port: int) -> bool:
    """Whether somebody takes connections at a port of this machine."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True
