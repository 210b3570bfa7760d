"""What WebRTC adds to a turn, and how many calls one gateway carries: `.venv/bin/python -m bench.webrtc` from the
repository's folder, with what `make test` installs. Scripted engines, so that only the transport is measured.

- Added time: from the last loud sample that leaves the caller to the first loud one that it hears, over a WebSocket and
  over WebRTC in turn, on loopback.
- Load: N callers at once, all of them silent, then all of them spoken to; the gateway's share of a core. The callers
  run on the same machine, and cost it more than the gateway does.
"""

from __future__ import annotations

import asyncio
import base64
import json
import statistics
import time
from pathlib import Path

import numpy as np
from tests.conftest import started
from tests.webrtc.caller import RATE, Caller
from websockets.asyncio.client import connect

from vivavoce.audio.codecs import to_pcm16
from vivavoce.audio.pcm import Pcm

TURNS = 12
SPEECH = 1.0
CALLERS = (1, 10, 20, 30)
MEASURED = 5.0
SESSION = {
    "type": "realtime",
    "audio": {"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 200}}},
}


def tone(rate: int) -> Pcm:
    times = np.arange(round(SPEECH * rate)) / rate
    return Pcm((0.3 * np.sin(2 * np.pi * 330 * times)).astype(np.float32), rate)


async def over_webrtc(base: str) -> float:
    loop = asyncio.get_running_loop()
    async with Caller(base, SESSION) as caller:
        await asyncio.sleep(0.5)
        caller.voice.say(tone(RATE))
        await caller.voice.spoken.wait()
        spoken = loop.time()
        while True:
            await asyncio.sleep(0.005)
            loud = [at for at, samples in caller.heard if at > spoken and np.abs(samples).max() > 0.05]
            if loud:
                return loud[0] - spoken


async def over_websocket(base: str) -> float:
    loop = asyncio.get_running_loop()
    frames = np.concatenate([np.zeros(12_000, np.float32), tone(24_000).samples, np.zeros(120_000, np.float32)])
    last_loud = 12_000 + 24_000
    url = base.replace("http", "ws") + "/v1/realtime"
    async with connect(url, proxy=None, max_size=None) as socket:
        await socket.send(json.dumps({"type": "session.update", "session": SESSION}))
        spoken = 0.0

        async def speak() -> None:
            nonlocal spoken
            due = loop.time()
            for at in range(0, len(frames), 480):
                sound = base64.b64encode(to_pcm16(frames[at : at + 480])).decode()
                await socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": sound}))
                if at + 480 == last_loud:
                    spoken = loop.time()
                due += 0.02
                await asyncio.sleep(max(0.0, due - loop.time()))

        speaking = asyncio.create_task(speak())
        async for message in socket:
            if json.loads(message)["type"] == "response.output_audio.delta":
                heard = loop.time()
                break
        speaking.cancel()
        return heard - spoken


async def compare(base: str) -> None:
    taken: dict[str, list[float]] = {"WebSocket": [], "WebRTC": []}
    for _ in range(TURNS):
        taken["WebSocket"].append(await over_websocket(base))
        taken["WebRTC"].append(await over_webrtc(base))
    print("| transport | p50 ms | worst ms |\n|---|---|---|")
    for name, seconds in taken.items():
        print(f"| {name} | {statistics.median(seconds) * 1000:.0f} | {max(seconds) * 1000:.0f} |")


def gateway(server: int) -> int:
    """The process that has the calls: the server's child of this name."""
    running = (it for it in Path("/proc").iterdir() if it.name.isdigit())
    ours = (it for it in running if parent_of(it) == server)
    return next(int(it.name) for it in ours if b"vivavoce.webrtc\0" in (it / "cmdline").read_bytes())


def parent_of(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:  # it has ended meanwhile
        return 0


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


async def load(base: str, server: int) -> None:
    print("\n| callers | | gateway, share of a core | calls that heard every frame |\n|---|---|---|---|")
    for count in CALLERS:
        callers = [await Caller(base, SESSION).__aenter__() for _ in range(count)]
        await asyncio.sleep(1)
        await measure(callers, gateway(server), "all listen")
        for caller in callers:
            caller.send("response.create")
        await asyncio.sleep(1.5)
        await measure(callers, gateway(server), "the assistant speaks to all")
        for caller in callers:
            await caller.__aexit__()


async def measure(callers: list[Caller], process: int, what: str) -> None:
    before, began = cpu_seconds(process), time.monotonic()
    heard = [len(caller.heard) for caller in callers]
    await asyncio.sleep(MEASURED)
    used, passed = cpu_seconds(process) - before, time.monotonic() - began
    whole = sum(len(caller.heard) - was >= passed * 50 * 0.98 for caller, was in zip(callers, heard, strict=True))
    print(f"| {len(callers)} | {what} | {used / passed:.0%} | {whole} of {len(callers)} |")


if __name__ == "__main__":
    with started("--demo", environment={"VIVAVOCE_SERVER__MAX_SESSIONS": "100"}) as (address, process):
        asyncio.run(compare(address))
        asyncio.run(load(address, process.pid))
