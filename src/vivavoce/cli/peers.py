"""The peers of `bench peers`: how each is installed, started, asked and timed."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal

from vivavoce.errors import StartupError

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

    from vivavoce.audio.pcm import Samples
    from vivavoce.cli.clips import Clip
    from vivavoce.cli.ear import Ear
    from vivavoce.settings import Settings

HEARD_RATE = 16_000  # Hz of what goes to a peer on the bare wire; what comes back has 24,000
WIRE_24K = {side: {"format": {"type": "audio/pcm", "rate": 24_000}} for side in ("input", "output")}
"""Said aloud, since not every Realtime server takes 24 kHz for granted."""
READY_WITHIN = 180.0
STOP_WITHIN = 10.0
REFUSED_FOR = 20.0
"""Seconds for which a peer may refuse a conversation, because it is still putting the last one away."""
PATIENCE = 15.0
"""Seconds after the last word within which an answer has to begin."""
LISTENING = 2.0
"""Seconds for which an answer is listened to. Then we hang up: its end is not measured."""

Ask = Callable[["Clip"], Awaitable["Turn"]]


@dataclass(frozen=True, slots=True)
class Peer:
    """How one peer is installed and started. `pip`: one list of arguments for each `pip install`.

    `wire`: "realtime" is the Realtime WebSocket, "bare" 16-bit PCM in binary messages (bench/peers.md)."""

    name: str
    title: str
    script: str
    wire: Literal["bare", "realtime"]
    pip: tuple[tuple[str, ...], ...]


PEERS = (
    Peer(
        "pipecat",
        "Pipecat 1.14.0",
        "pipecat_peer.py",
        "bare",
        (("pipecat-ai[websocket,openai,silero,local-smart-turn-v3]==1.14.0",),),
    ),
    Peer(
        "s2s",
        "speech-to-speech 1.1.0",
        "s2s_peer.py",
        "realtime",
        # Without the engines that it would load by default: gigabytes that are not used here. This torch, because
        # an index that has a build without CUDA offers it under the same number.
        (
            ("--no-deps", "speech-to-speech==1.1.0", "torch==2.13.0", "silero-vad==6.2.3"),
            (
                *("anyio<5", "fastapi", "huggingface-hub", "httpx", "jsonschema", "nltk==3.10.3", "numpy<2.4"),
                *(
                    "openai==2.28.0",
                    "onnxruntime",
                    "packaging",
                    "pillow",
                    "pydantic",
                    "PyYAML",
                    "requests",
                    "rich",
                    "scipy",
                ),
                *("soxr", "transformers>=5.18,<6", "uvicorn", "websockets", "lingua-language-detector"),
                *("sounddevice", "filelock", "typing_extensions", "sympy", "networkx", "jinja2", "fsspec"),
            ),
        ),
    ),
    Peer(
        "livekit",
        "LiveKit Agents 1.8.9",
        "livekit_peer.py",
        "bare",
        (("livekit-agents[openai]==1.8.9",),),
    ),
)
SETTINGS = ("defaults", "best")


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and what was heard then. Times in ms, counted from the last voiced sample of the question."""

    question: str
    first_sound_ms: float | None
    content_ms: float | None
    """To the answer behind an opener; of systems that have no openers, the first sound."""
    cut_in: bool
    """Something audible came before the question was over."""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class System:
    """Something to be measured under one set of settings; `run` starts it and gives what asks it."""

    name: str
    settings: str
    run: Callable[[], Any]


# --- the command -------------------------------------------------------------------------------------


def chosen(names: str) -> list[Peer]:
    """The peers named. Raises StartupError for one that is not known."""
    known = {peer.name: peer for peer in PEERS}
    wanted = [name for name in names.split(",") if name]
    for name in wanted:
        if name not in known:
            raise StartupError(f"There is no peer {name!r}.", f"Choose among {', '.join(known)}.")
    return [known[name] for name in wanted]


def scripts_folder(given: Path | None) -> Path:
    """Where the scripts of the peers lie. Raises StartupError."""
    folder = given or Path(__file__).resolve().parents[3] / "bench" / "peers"
    if not (folder / "model_server.py").exists():
        raise StartupError(
            f"{folder} does not hold the scripts of the peers.",
            "Run from the sources, or give their folder bench/peers with --scripts.",
        )
    return folder


# --- installing --------------------------------------------------------------------------------------


def python_of(peer: Peer, folder: Path) -> Path:
    """The Python of a peer's environment."""
    return folder / peer.name / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def install(peer: Peer, folder: Path) -> None:
    """Make the environment of a peer, unless it is there as `peer.pip` says. Raises StartupError."""
    import json

    done = folder / peer.name / "installed.json"
    recipe = json.dumps(peer.pip)
    if done.exists() and done.read_text(encoding="utf-8") == recipe:
        return
    print(f"installing {peer.title} …", file=sys.stderr, flush=True)
    _command([sys.executable, "-m", "venv", "--clear", str(folder / peer.name)], peer)
    for packages in peer.pip:
        _command([str(python_of(peer, folder)), "-m", "pip", "install", "--quiet", *packages], peer)
    done.write_text(recipe, encoding="utf-8")


def _command(command: list[str], peer: Peer) -> None:
    import subprocess

    try:
        subprocess.run(command, check=True, stdout=sys.stderr)  # noqa: S603 - our own list of arguments
    except (OSError, subprocess.CalledProcessError) as error:
        raise StartupError(
            f"{peer.title} cannot be installed: {error}",
            f"pip's message is above. Leave it out with --peers, or set pip's index; its packages: {peer.pip[0]}.",
        ) from None


# --- processes ---------------------------------------------------------------------------------------


@asynccontextmanager
async def process(command: Sequence[str], ready: Callable[[], Awaitable[bool]]) -> AsyncIterator[None]:
    """A process that is ended at the end. Raises StartupError when it is not ready in time."""
    # What it prints is progress and errors; our stdout may be read by a script.
    child = await asyncio.create_subprocess_exec(*command, stdout=sys.stderr.fileno(), env=_environment())
    try:
        deadline = monotonic() + READY_WITHIN
        while not await ready():
            if child.returncode is not None or monotonic() > deadline:
                raise StartupError(f"{Path(command[1]).name} did not start.", "Its own message is above.")
            await asyncio.sleep(0.2)
        yield
    finally:
        await _end(child)


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.returncode is not None:
        return
    child.terminate()
    try:
        async with asyncio.timeout(STOP_WITHIN):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()


def _environment() -> dict[str, str]:
    """Ours, with no proxy for this machine, no spinning threads, and a word where clients insist on a key."""
    quiet = {"KMP_BLOCKTIME": "0", "OMP_WAIT_POLICY": "PASSIVE", "PYTHONUNBUFFERED": "1", "OPENAI_API_KEY": "none"}
    local = {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
    return {**os.environ, **quiet, **local}


def listening(port: int) -> Callable[[], Awaitable[bool]]:
    """Tells whether somebody takes connections at a port of this machine."""

    async def ready() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return True

    return ready


# --- systems -----------------------------------------------------------------------------------------


async def measure(
    args: argparse.Namespace, settings: Settings, peers: list[Peer], scripts: Path, clips: list[Clip]
) -> dict[tuple[str, str], list[Turn]]:
    """Every system in turn, over every `rounds`-th question; then again over the next ones. The first question of
    each start is asked twice, and the first time does not count."""
    from vivavoce.cli.server import free_port

    port = free_port()
    models = f"http://127.0.0.1:{port}"
    turns: dict[tuple[str, str], list[Turn]] = {}
    async with process([sys.executable, str(scripts / "model_server.py"), str(port)], listening(port)):
        systems = [*_ours(settings), *_theirs(settings, peers, args.settings.split(","), scripts, models)]
        for start in range(args.rounds):
            for system in systems:
                async with locked(args.lock):
                    heard = await _ask_all(system, clips[start :: args.rounds])
                turns.setdefault((system.name, system.settings), []).extend(heard)
    return turns


@asynccontextmanager
async def locked(path: Path | None) -> AsyncIterator[None]:
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
    def start(openers: str) -> Callable[[], Any]:
        @asynccontextmanager
        async def run() -> AsyncIterator[Ask]:
            from vivavoce.cli.server import reach

            async with reach(settings, None, fresh=True) as running:
                yield _realtime(running.address.base, {"vivavoce": {"openers": openers}})

        return run

    return [System("vivavoce", "defaults", start("auto")), System("vivavoce", "openers off", start("off"))]


def _theirs(
    settings: Settings, peers: list[Peer], kinds: Iterable[str], scripts: Path, models: str
) -> Iterable[System]:
    for peer in peers:
        for kind in kinds:
            yield System(peer.title, kind, _start(peer, kind, settings, scripts, models))


def _start(peer: Peer, kind: str, settings: Settings, scripts: Path, models: str) -> Callable[[], Any]:
    @asynccontextmanager
    async def run() -> AsyncIterator[Ask]:
        from vivavoce.cli.server import free_port
        from vivavoce.conversation.config import PERSONA
        from vivavoce.loading import model_files

        port = free_port()
        turn_model = model_files(settings)("smart-turn-v3.2") / "smart-turn-v3.2-cpu.onnx"
        command = [
            *(str(python_of(peer, settings.paths.cache / "peers")), str(scripts / peer.script)),
            *("--port", str(port), "--models", f"{models}/v1", "--settings", kind),
            *("--instructions", PERSONA, "--smart-turn", str(turn_model)),
        ]
        async with process(command, listening(port)):
            bare = peer.wire == "bare"
            yield (
                _bare(f"ws://127.0.0.1:{port}/") if bare else _realtime(f"http://127.0.0.1:{port}", {"audio": WIRE_24K})
            )

    return run


# --- asking ------------------------------------------------------------------------------------------


def judge(ear: Ear, last_word: float) -> tuple[float | None, bool]:
    """From all that was heard: ms from the last voiced sample to the first audible one, and whether something
    audible came before."""
    from vivavoce.audio.pcm import Pcm
    from vivavoce.cli.clips import RATE, first_audible

    starts = []
    for chunk in ear.chunks:
        audible = first_audible(Pcm(chunk.samples, RATE))
        if audible is not None:
            starts.append(chunk.start + audible)
    after = next((start for start in starts if start >= last_word), None)
    ms = None if after is None else round((after - last_word) * 1000, 1)
    return ms, any(start < last_word for start in starts)


def _realtime(base: str, session: dict[str, Any]) -> Ask:
    """Asks over the Realtime WebSocket, with a conversation for each question."""
    return _patiently(lambda clip, asked: _ask_realtime(base, session, clip, asked))


def _patiently(once: Callable[[Clip, list[float]], Awaitable[Turn]]) -> Ask:
    """Asks once, and once more for as long as the peer refuses before a word has been said."""

    async def ask(clip: Clip) -> Turn:
        from vivavoce.cli.dialogue import ConversationEnded

        deadline = monotonic() + REFUSED_FOR
        while True:
            asked: list[float] = []
            try:
                return await once(clip, asked)
            except (ConversationEnded, TimeoutError) as error:
                if asked or monotonic() > deadline:
                    return Turn(clip.name, None, None, cut_in=False, problem=str(error) or "not ready in time")
            await asyncio.sleep(0.5)

    return ask


async def _ask_realtime(base: str, session: dict[str, Any], clip: Clip, asked: list[float]) -> Turn:
    """One question; `asked` takes the time of its last voiced sample. Raises ConversationEnded."""
    from vivavoce.cli.dialogue import dialogue
    from vivavoce.cli.server import Address

    async with dialogue(Address(base), session) as talk:
        last_word = talk.microphone.say(clip.samples) + clip.end
        asked.append(last_word)

        def content() -> float | None:
            """When the answer itself began to play, of an answer that was begun after the question."""
            known = [answer.content_at for answer in talk.protocol.answers.values() if answer.content_at]
            return next((at for at in known if at >= last_word), None)

        await hear(talk.ear, last_word, lambda: content() is not None or "vivavoce" not in session)
        problem = "; ".join(talk.protocol.problems)
    ms, cut_in = judge(talk.ear, last_word)
    if "vivavoce" not in session:
        return Turn(clip.name, ms, ms, cut_in=cut_in, problem=problem)
    at = content()
    return Turn(
        clip.name, ms, None if at is None else round((at - last_word) * 1000, 1), cut_in=cut_in, problem=problem
    )


async def hear(
    ear: Ear, last_word: float, whole: Callable[[], bool] = lambda: True, ended: Callable[[], bool] = lambda: False
) -> None:
    """Wait until an answer has sounded for LISTENING seconds and `whole()` holds; at most PATIENCE, and not when the
    conversation has `ended`."""
    while monotonic() < last_word + PATIENCE and not ended():
        ms, _ = judge(ear, last_word)
        if ms is not None and whole() and monotonic() > last_word + ms / 1000 + LISTENING:
            return
        await asyncio.sleep(0.1)


def _bare(url: str) -> Ask:
    """Asks over a WebSocket that carries bare PCM, with a connection for each question."""
    return _patiently(lambda clip, asked: _ask_bare(url, clip, asked))


async def _ask_bare(url: str, clip: Clip, asked: list[float]) -> Turn:
    async with _connected(url) as socket:
        talk = BareTalk(socket)
        await talk.ready()
        tasks = [asyncio.create_task(talk.read()), asyncio.create_task(talk.microphone.run())]
        try:
            await asyncio.sleep(0.5)
            last_word = talk.microphone.say(clip.samples) + clip.end
            asked.append(last_word)
            await hear(talk.ear, last_word, ended=tasks[0].done)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
    ms, cut_in = judge(talk.ear, last_word)
    nothing = "The peer closed the conversation." if talk.closed else "no answer"
    return Turn(clip.name, ms, ms, cut_in=cut_in, problem="" if ms is not None else nothing)


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[ClientConnection]:
    """A connection. Raises ConversationEnded when it is refused."""
    from websockets.asyncio.client import connect
    from websockets.exceptions import InvalidHandshake

    from vivavoce.cli.dialogue import ConversationEnded

    try:
        socket = await connect(url, compression=None, max_size=None, proxy=None)
    except (OSError, InvalidHandshake, TimeoutError) as error:
        raise ConversationEnded(f"{url} refused the conversation: {error}") from error
    async with socket:
        yield socket


class BareTalk:
    """A conversation over the bare wire: 16 kHz PCM goes, 24 kHz PCM comes, "ready" and "flush" are words."""

    def __init__(self, socket: ClientConnection) -> None:
        from vivavoce.audio.resample import Resampler
        from vivavoce.cli.clips import RATE
        from vivavoce.cli.dialogue import FileMicrophone
        from vivavoce.cli.ear import Ear

        self._socket = socket
        self._resampler = Resampler(RATE, HEARD_RATE)
        self.microphone = FileMicrophone(self._deliver)
        self.ear = Ear()
        self.closed = False

    async def ready(self) -> None:
        """Wait until the peer says that it hears. Raises ConversationEnded."""
        from websockets.exceptions import ConnectionClosed

        from vivavoce.cli.dialogue import ConversationEnded

        try:
            async with asyncio.timeout(REFUSED_FOR):
                while await self._socket.recv() != "ready":
                    pass
        except ConnectionClosed as error:
            raise ConversationEnded("The peer closed the conversation.") from error

    async def read(self) -> None:
        from websockets.exceptions import ConnectionClosed

        from vivavoce.audio.codecs import from_pcm16

        with suppress(ConnectionClosed):
            async for message in self._socket:
                if isinstance(message, bytes):
                    self.ear.hear("answer", from_pcm16(message), monotonic())
                elif message == "flush":
                    self.ear.flush(monotonic())
        self.closed = True

    async def _deliver(self, samples: Samples) -> None:
        from websockets.exceptions import ConnectionClosed

        from vivavoce.audio.codecs import to_pcm16

        with suppress(ConnectionClosed):
            await self._socket.send(to_pcm16(self._resampler.push(samples)))


# --- telling -----------------------------------------------------------------------------------------


def summarise(turns: dict[tuple[str, str], list[Turn]]) -> dict[str, Any]:
    """Everything measured, ready for JSON. Ratios are of medians, over the turns that were not cut in on."""
    from datetime import UTC, datetime

    from vivavoce import __version__

    rows = [{"system": name, "settings": kind, **_figures(heard)} for (name, kind), heard in turns.items()]
    ours = {row["settings"]: row["first_sound_ms"] for row in rows if row["system"] == "vivavoce"}
    for row in rows:
        row["to_vivavoce"] = _ratio(row["first_sound_ms"], ours.get("defaults"))
        row["to_vivavoce_without_openers"] = _ratio(row["first_sound_ms"], ours.get("openers off"))
    return {
        "kind": "peers",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "vivavoce": __version__,
        "machine": {"cores": os.cpu_count()},
        "systems": rows,
        "turns": [
            {"system": name, "settings": kind, **asdict(turn)}
            for (name, kind), heard in turns.items()
            for turn in heard
        ],
    }


def _figures(turns: list[Turn]) -> dict[str, Any]:
    clean = [turn for turn in turns if turn.first_sound_ms is not None and not turn.cut_in]
    return {
        "turns": len(turns),
        "answered": len(clean),
        "cut_in": sum(turn.cut_in for turn in turns),
        "unanswered": sum(turn.first_sound_ms is None and not turn.cut_in for turn in turns),
        "first_sound_ms": _spread([turn.first_sound_ms for turn in clean]),
        "content_ms": _spread([turn.content_ms for turn in clean]),
    }


def _spread(values: Iterable[float | None]) -> dict[str, float] | None:
    import numpy as np

    known = [value for value in values if value is not None]
    if not known:
        return None
    p50, p95 = np.percentile(known, [50, 95])
    figures = {"p50": p50, "p95": p95, "min": min(known), "max": max(known)}
    return {name: round(float(figure), 1) for name, figure in figures.items()}


def _ratio(theirs: dict[str, float] | None, ours: dict[str, float] | None) -> float | None:
    return None if not theirs or not ours else round(theirs["p50"] / ours["p50"], 2)


def show(report: dict[str, Any]) -> None:
    """The table for people."""
    from rich.console import Console
    from rich.table import Table

    heads = ("system", "settings", "first sound p50", "p95", "answer p50", "turns", "cut in", "unanswered")
    table = Table(*heads, "× vivavoce", "× without openers", box=None)
    for row in report["systems"]:
        sound, content = row["first_sound_ms"] or {}, row["content_ms"] or {}
        times = [f"{one:.0f}" if one is not None else "–" for one in (sound.get("p50"), sound.get("p95"))]
        answer = f"{content['p50']:.0f}" if content else "–"
        counts = [str(row[key]) for key in ("turns", "cut_in", "unanswered")]
        ratios = [f"{row[key]:.2f}" if row[key] else "–" for key in ("to_vivavoce", "to_vivavoce_without_openers")]
        table.add_row(row["system"], row["settings"], *times, answer, *counts, *ratios)
    Console(highlight=False, width=140).print(table)
