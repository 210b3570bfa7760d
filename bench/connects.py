"""What is left of those who were here: `nice -n -10 .venv/bin/python -m bench.connects [10000]`, from the repository's
folder. Scripted engines.

Clients come and go, forty at a time: some hang up properly at once, some in the middle of an answer, some break off,
some do so before the WebSocket is open. Every thousand of them the server's memory, tasks and open files are read, once
all of them have gone.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import uvloop
from bench.facade import server
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

AT_ONCE = 40
STEP = 1000
APPEND = json.dumps({"type": "input_audio_buffer.append", "audio": "A" * 12_800})
HEADERS = b"Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"


async def come_and_go(url: str, number: int) -> None:
    kind = number % 5
    if kind == 4:
        _, writer = await asyncio.open_connection("127.0.0.1", int(url.split(":")[2].split("/")[0]))
        writer.write(b"GET /v1/realtime HTTP/1.1\r\n" + HEADERS[: 20 + number % 40])
        writer.transport.abort()
        return
    with suppress(WebSocketException, OSError):
        async with connect(url, proxy=None, compression=None, max_size=None) as socket:
            await socket.recv()
            if kind == 0:
                return
            await socket.send(APPEND)
            await socket.send('{"type":"response.create"}')
            while "output_audio.delta" not in str(await socket.recv()):
                pass
            if kind == 3:
                socket.transport.abort()


def read(pid: int, notes: Path) -> dict[str, int]:
    """What the server holds now; `notes` has a line for every SIGUSR1."""
    before = notes.stat().st_size if notes.exists() else 0
    os.kill(pid, signal.SIGUSR1)
    while not notes.exists() or notes.stat().st_size == before:
        time.sleep(0.05)
    held: dict[str, int] = json.loads(notes.read_text().splitlines()[-1])
    status = Path(f"/proc/{pid}/status").read_text()
    held["kib"] = int(status.split("VmRSS:")[1].split()[0])
    held["files"] = len(os.listdir(f"/proc/{pid}/fd"))
    return held


async def run(url: str, pid: int, notes: Path, count: int) -> None:
    print("| connects | memory, MiB | tasks | open files | objects | sessions |\n|---|---|---|---|---|---|")
    places, began = asyncio.Semaphore(AT_ONCE), time.monotonic()
    await come_and_go(url, 1)  # whatever is made once, is made
    await asyncio.sleep(3)
    for done in range(0, count + 1, STEP):
        held = await asyncio.to_thread(read, pid, notes)
        print(
            f"| {done:,} | {held['kib'] / 1024:.1f} | {held['tasks']} | {held['files']} | {held['objects']:,} "
            f"| {held['sessions']} |",
            flush=True,
        )
        if done == count:
            break

        async def one(number: int) -> None:
            async with places:
                await come_and_go(url, number)

        async with asyncio.TaskGroup() as tasks:
            for number in range(done, done + STEP):
                tasks.create_task(one(number))
        await asyncio.sleep(3)  # those who broke off are waited for, for a second
    print(f"\n{count:,} in {time.monotonic() - began:.0f} s")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    os.environ["VIVAVOCE_SERVER__RESUME_SECONDS"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        notes = Path(folder) / "notes"
        with server(notes) as (process, port), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run(f"ws://127.0.0.1:{port}/v1/realtime", process.pid, notes.with_suffix(".held"), count))


if __name__ == "__main__":
    main()
