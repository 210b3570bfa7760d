"""The server under measurement in `bench/facade.py`: `vivavoce serve --demo` as it is, which also notes when each frame
reached the ear, and when each piece of sound was handed over for its listener.

Scripted engines; the assistant speaks for a minute. Notes go to the file named by FACADE_NOTES at the end. With
FACADE_VAD=silero the voice detector is the real one: for sessions that only listen, which `vivavoce bench load --url`
opens.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
import weakref
from array import array
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from vivavoce.api.realtime.client import Client
from vivavoce.app import house, serve
from vivavoce.audio.pcm import Pcm
from vivavoce.engines.scripted import ScriptedModel, ToneVoice, scripted_engines
from vivavoce.engines.vad import silero
from vivavoce.loading import model_files
from vivavoce.ports import Engines
from vivavoce.session import mouth
from vivavoce.session.ear import Ear
from vivavoce.session.session import Session
from vivavoce.settings import Settings, read_settings

SPEECH = "One two three four five six seven eight nine ten eleven twelve. " * 15
"""A minute. It lies in every session as a list of words, through which the garbage collector looks."""
heard_ids, heard_at = bytearray(), array("d")
"""Of all frames; no objects, or the collections of garbage would be about them."""
told_at: dict[str, float] = {}

_take, _tell = Ear.take, Client.tell


def take(self: Ear, sound: Pcm) -> None:
    """The first six samples of a frame are its number."""
    if len(sound) == 480:
        heard_ids.extend(sound.samples[:6].tobytes())
        heard_at.append(perf_counter())
    _take(self, sound)


def tell(self: Client, wires: list[dict[str, object]]) -> None:
    wires = list(wires)
    for wire in wires:
        if wire["type"] == "response.output_audio.delta":
            told_at[str(wire["event_id"])] = perf_counter()
    _tell(self, wires)


collections: list[tuple[float, float]] = []
"""When each began, and for how many seconds."""


def note_collection(phase: str, _: dict[str, int]) -> None:
    now = perf_counter()
    if phase == "start":
        collections.append((now, 0.0))
    else:
        collections[-1] = (collections[-1][0], now - collections[-1][0])


open_sessions: weakref.WeakSet[Session] = weakref.WeakSet()
_run = Session.run


async def run(self: Session) -> None:
    open_sessions.add(self)
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, tell_what_is_held)
    await _run(self)


def tell_what_is_held() -> None:
    """For `bench/connects.py`: a line for each SIGUSR1."""
    gc.collect()
    held = {"tasks": len(asyncio.all_tasks()), "objects": len(gc.get_objects()), "sessions": len(open_sessions)}
    with Path(os.environ["FACADE_NOTES"]).with_suffix(".held").open("a") as notes:
        notes.write(json.dumps(held) + "\n")


SOUND = np.resize(np.float32(0.2) * np.cos(np.arange(2400, dtype=np.float32) * 2 * np.pi / 100), 24_000 * 60)


class ReadyVoice(ToneVoice):
    """Its sound is made already: what a voice costs is not measured here."""

    async def synthesize(self, text: str, **_: Any) -> AsyncGenerator[Pcm, None]:
        yield Pcm(SOUND[: round(0.06 * len(text.strip()) * self.rate)], self.rate)


def engines(settings: Settings) -> Engines:
    scripted = scripted_engines(llm=ScriptedModel([SPEECH], per_word=0.001), tts=ReadyVoice())
    if os.environ.get("FACADE_VAD") != "silero":
        return scripted
    return replace(scripted, vad=silero.load(silero.Options(), model_files(settings)))


if __name__ == "__main__":
    Ear.take, Client.tell, Session.run, house.demo_engines = take, tell, run, engines  # type: ignore[method-assign]
    mouth.CHUNK_SECONDS = float(os.environ.get("FACADE_PIECE", mouth.CHUNK_SECONDS))
    gc.callbacks.append(note_collection)
    settings = read_settings({"server.port": int(sys.argv[1]), "server.max_sessions": 2000})
    import uvloop

    with suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(settings, demo=True))
    digits = (np.frombuffer(heard_ids, np.float32).reshape(-1, 6) * 32768).astype(np.int64)
    numbers = (digits << 6 * np.arange(6)).sum(axis=1).tolist()
    notes = {"heard": [numbers, list(heard_at)], "told": told_at, "collections": collections}
    if "FACADE_NOTES" in os.environ:
        Path(os.environ["FACADE_NOTES"]).write_text(json.dumps(notes))
