"""Plays a user against a Session with scripted engines, in virtual time, and keeps what happened."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import numpy as np

from tests import virtual_time
from vivavoce.audio.pcm import Pcm
from vivavoce.conversation.config import SemanticVad, SessionConfig, TranscriptionOptions, TurnPolicy
from vivavoce.conversation.events import Event
from vivavoce.engines.scripted import scripted_engines
from vivavoce.ports import Engines
from vivavoce.session.session import Session
from vivavoce.session.tooling import NO_TOOLS, Tooling

RATE = 16_000
FRAME = 0.02
FADING = round(0.16 * RATE)

SEMANTIC = SessionConfig(turn=TurnPolicy(SemanticVad()), transcription=TranscriptionOptions())


def tone(seconds: float) -> Pcm:
    """What the scripted detector takes for voice; it falls at its end, as that of somebody who is done."""
    samples = 0.3 * np.sin(2 * np.pi * 200 * np.arange(round(seconds * RATE)) / RATE)
    fading = min(FADING, len(samples))
    samples[len(samples) - fading :] *= np.geomspace(1.0, 1e-3, fading)
    return Pcm(samples.astype(np.float32), RATE)


def room(seconds: float) -> Pcm:
    """A quiet room, -60 dBFS: a microphone never hears nothing."""
    noise = np.random.default_rng(7).normal(0.0, 1e-3, round(seconds * RATE))
    return Pcm(noise.astype(np.float32), RATE)


@dataclass
class Scene:
    session: Session
    events: list[tuple[float, Event]] = field(default_factory=list)
    refuse: Exception | None = None

    async def send(self, event: Event) -> None:
        if self.refuse is not None:
            raise self.refuse
        self.events.append((asyncio.get_running_loop().time(), event))

    async def speak(self, seconds: float) -> None:
        await self.play(tone(seconds))

    async def silence(self, seconds: float) -> None:
        await self.play(room(seconds))

    async def play(self, sound: Pcm) -> None:
        """At real time, in 20 ms frames, as a microphone."""
        step = round(FRAME * RATE)
        for start in range(0, len(sound), step):
            await self.session.hear(Pcm(sound.samples[start : start + step], RATE))
            await asyncio.sleep(FRAME)

    def of(self, *kinds: type) -> list[Event]:
        return [event for _, event in self.events if isinstance(event, kinds)]

    def when(self, kind: type) -> float:
        return next(at for at, event in self.events if isinstance(event, kind))

    @property
    def names(self) -> list[str]:
        return [type(event).__name__ for _, event in self.events]


def play(
    script: Callable[[Scene], Awaitable[None]],
    *,
    engines: Engines | None = None,
    config: SessionConfig = SEMANTIC,
    closed: bool = True,
    tooling: Tooling = NO_TOOLS,
) -> Scene:
    """Run a script of the user; the session is closed at its end, and no task may be left."""

    async def run() -> Scene:
        scene: Scene

        async def send(event: Event) -> None:
            await scene.send(event)

        scene = Scene(Session(engines or scripted_engines(), config, send, tooling=tooling))
        running = asyncio.create_task(scene.session.run())
        await asyncio.sleep(0)
        await script(scene)
        if closed:
            await scene.session.close()
        await running
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not {task for task in left if "bounded" not in repr(task)}, f"tasks left: {left}"
        return scene

    return virtual_time.run(run())
