"""What the clients under test say, and how they report. Runs in their environment: no more than Python is needed."""

from __future__ import annotations

import asyncio
import json
import math
import random
import struct
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field

RATE = 24_000
FRAME = 480
TOOL = {
    "name": "get_weather",
    "description": "The weather in a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
WEATHER = "sunny"


@dataclass
class Report:
    """What a client saw of its call."""

    tool: dict[str, str] = field(default_factory=dict)
    spoken_ms: float = 0.0
    """Of the assistant's sound that arrived."""
    interrupted: bool = False
    said: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def tell(self) -> None:
        print("REPORT " + json.dumps(asdict(self)), flush=True)


class Microphone:
    """Sends sound in real time through `push(16-bit PCM)`: silence, and while one speaks syllables of noise, which
    nobody takes for the assistant's own hum."""

    def __init__(self, push: Callable[[bytes], Awaitable[None]]) -> None:
        self._push, self._speaking = push, 0

    def speak(self, seconds: float) -> None:
        self._speaking = round(seconds * RATE / FRAME)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        due, position = loop.time(), 0
        while True:
            loud = 8000 if self._speaking > 0 else 0
            self._speaking -= 1
            level = loud * (0.6 + 0.4 * math.sin(2 * math.pi * 4 * position / RATE))
            samples = (int(level * random.uniform(-1, 1)) for _ in range(FRAME))
            await self._push(struct.pack(f"<{FRAME}h", *samples))
            position += FRAME
            due += FRAME / RATE
            await asyncio.sleep(max(0.0, due - loop.time()))
