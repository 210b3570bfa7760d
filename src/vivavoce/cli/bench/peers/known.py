"""The peers, and how each is installed in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vivavoce.cli.bench.questions import listed
from vivavoce.errors import StartupError


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
                *("openai==2.28.0", "onnxruntime", "packaging", "pillow", "pydantic", "PyYAML", "requests", "rich"),
                *("scipy", "soxr", "transformers>=5.18,<6", "uvicorn", "websockets", "lingua-language-detector"),
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
"""What each peer is measured with: see bench/peers.md."""


def chosen(names: str) -> list[Peer]:
    """The peers named. Raises StartupError for one that is not known, and for none."""
    known = {peer.name: peer for peer in PEERS}
    return [known[name] for name in listed("--peers", names, tuple(known))]


def settings_of(names: str) -> list[str]:
    """The settings named. Raises StartupError for ones that are not known, and for none."""
    return listed("--settings", names, SETTINGS)


def scripts_folder(given: Path | None) -> Path:
    """Where the scripts of the peers lie. Raises StartupError."""
    folder = given or Path(__file__).resolve().parents[5] / "bench" / "peers"
    if not (folder / "model_server.py").exists():
        raise StartupError(
            f"{folder} does not hold the scripts of the peers.",
            "Run from the sources, or give their folder bench/peers with --scripts.",
        )
    return folder


def python_of(peer: Peer, folder: Path) -> Path:
    """The Python of a peer's environment."""
    return folder / peer.name / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def install(peer: Peer, folder: Path) -> None:
    """Make the environment of a peer, unless it is there as `peer.pip` says. Raises StartupError."""
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
    try:
        subprocess.run(command, check=True, stdout=sys.stderr)  # noqa: S603 - our own list of arguments
    except (OSError, subprocess.CalledProcessError) as error:
        raise StartupError(
            f"{peer.title} cannot be installed: {error}",
            f"pip's message is above. Leave it out with --peers, or set pip's index; its packages: {peer.pip[0]}.",
        ) from None
