"""What the façade adds: `.venv/bin/python -m bench.facade [--piece MS] [SESSIONS ...]` from the repository's folder.

Scripted engines, so that only the path from the socket to the ear and back is measured. N WebSocket sessions, each with
a microphone of 50 frames of 20 ms a second, to each of which the assistant speaks all the while, in pieces of 100 ms,
as the server cuts them, or of another length.

- to the ear: from the moment at which a frame is due to that at which the ear has it (`Ear.take`). The client writes
  it up to a millisecond later, or as late as it is itself: its own delay counts.
- to the client: from the moment at which a piece of sound is handed to its client's outbox to its arrival.
- late: how much later than its turn a piece came; sound is sent half a second ahead, so nobody hears it below 500 ms.
- longest collection: of Python's cyclic garbage in the server.

The clients are one process of raw frames, on the same machine; a second core carries them.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import httpx
import numpy as np
import uvloop

from vivavoce.cli.server import free_port

SECONDS = 20.0
STAGGER = 8.0
"""Seconds within which the answers begin: strangers do not speak in chorus, and a clause lasts about so long."""
SETTLE = 12.0
FRAME = 0.02
TICK = 0.001
COUNTS = (1, 20, 100, 200, 300, 400)
QUIET = np.random.default_rng(7).normal(0.0, 30.0, 480).astype("<i2").tobytes()
HEAD, TAIL = b'{"type":"input_audio_buffer.append","audio":"', b'"}'
REST = base64.b64encode(QUIET[12:])
SIZE = len(HEAD) + 16 + len(REST) + len(TAIL)
FRAME_HEAD = bytes([0x81, 0x80 | 126]) + SIZE.to_bytes(2, "big") + bytes(4)  # masked with zeros
SESSION = {
    "type": "realtime",
    "instructions": "Speak.",
    "audio": {"input": {"turn_detection": {"type": "server_vad"}}},
}


def frame(number: int) -> bytes:
    """One append whose first six samples are its number, six bits each: too soft for a voice."""
    digits = struct.pack("<6h", *(number >> shift & 63 for shift in range(0, 36, 6)))
    return FRAME_HEAD + HEAD + base64.b64encode(digits) + REST + TAIL


def text_frame(event: dict[str, object]) -> bytes:
    data = json.dumps(event).encode()
    size = bytes([0x80 | len(data)]) if len(data) < 126 else bytes([0x80 | 126]) + len(data).to_bytes(2, "big")
    return b"\x81" + size + bytes(4) + data


class Session(asyncio.Protocol):
    """One client, as cheap as can be: it looks for the ids of the sound and at nothing else."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.opened = asyncio.get_running_loop().create_future()
        self.ids: list[bytes] = []
        self.arrived = array("d")
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.WriteTransport = transport  # type: ignore[assignment]
        self.transport.write(
            b"GET /v1/realtime?model=any HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )

    def data_received(self, data: bytes) -> None:
        if not self.opened.done():
            if b"session.created" not in data and b"server_busy" not in data:
                return
            if b"session.created" not in data:
                raise SystemExit(f"No session was opened: {data[-300:]!r}")
            self.opened.set_result(None)
            return
        now = perf_counter()
        data = self._rest + data
        at = 0
        while (at := data.find(b'"response.output_audio.delta","event_id":"', at)) >= 0:
            at += 42
            if len(data) < at + 26:
                break
            self.ids.append(data[at : at + 26])
            self.arrived.append(now)
        self._rest = data[-67:] if at < 0 else data[at - 42 :]


@contextmanager
def server(notes: Path, piece: float = 0.1) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port = free_port()
    command = [sys.executable, "-m", "bench.facade_server", str(port)]
    environment = {**os.environ, "FACADE_NOTES": str(notes), "FACADE_PIECE": str(piece)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:  # noqa: S603 - our own
        try:
            while not _healthy(port):
                if process.poll() is not None:
                    raise SystemExit("The server did not start.")
            yield process, port
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def _healthy(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False, timeout=1).is_success
    except httpx.HTTPError:
        return False


async def run(port: int, count: int, pid: int) -> tuple[list[Session], array[float], float, float]:
    """Sessions after their talk, the time at which each frame was due, and CPU shares of server and clients."""
    loop = asyncio.get_running_loop()
    sessions: list[Session] = []
    for _ in range(count):
        _, session = await loop.create_connection(lambda: Session(port), "127.0.0.1", port)
        await asyncio.wait_for(session.opened, 30)
        session.transport.write(text_frame({"type": "session.update", "session": SESSION}))
        sessions.append(session)
    dues = array("d")
    begin = perf_counter()
    due, asked = begin, False
    cpu = 0.0
    step = FRAME / count
    number = 0
    while (now := perf_counter()) < begin + SETTLE + SECONDS:
        if not asked and now > begin + 1:
            asked = True
            for n, session in enumerate(sessions):
                loop.call_later(n * STAGGER / count, session.transport.write, text_frame({"type": "response.create"}))
        if not cpu and now > begin + SETTLE:
            cpu, own = cpu_seconds(pid), sum(os.times()[:2])
        while due <= now:  # the sessions' frames are spread over the 20 ms, as those of strangers are
            dues.append(due)
            sessions[number % count].transport.write(frame(number))
            number += 1
            due = begin + number * step
        await asyncio.sleep(max(TICK, due - now))  # no busy loop: it would slow the server on the core beside
    shares = (cpu_seconds(pid) - cpu) / SECONDS, (sum(os.times()[:2]) - own) / SECONDS
    await asyncio.sleep(1)
    for session in sessions:
        session.transport.write(b"\x88\x82" + bytes(4) + b"\x03\xe8")  # close, 1000
    await asyncio.sleep(0.5)
    return sessions, dues, *shares


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(count: int, piece: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        notes = Path(folder) / "notes"
        with server(notes, piece) as (process, port), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            sessions, dues, theirs, ours = runner.run(run(port, count, process.pid))
        noted = json.loads(notes.read_text())
    settled = int(SETTLE / FRAME * count)
    arrived = dict(zip(*noted["heard"], strict=True))
    inward = [(arrived[n] - dues[n]) * 1000 for n in range(settled, len(dues)) if n in arrived]
    lost = sum(n not in arrived for n in range(settled, len(dues)))
    longest = max((seconds for at, seconds in noted["collections"] if at > dues[settled]), default=0.0)
    outward, late = [], []
    for session in sessions:
        at = [(when, noted["told"].get(name.decode())) for name, when in zip(session.ids, session.arrived, strict=True)]
        told = [(when, then) for when, then in at if then is not None and then > dues[settled]]
        outward += [(when - then) * 1000 for when, then in told]
        late += [(when - told[0][0] - piece * n) * 1000 for n, (when, _) in enumerate(told)]
    print(
        f"| {count} | {len(inward) / SECONDS:,.0f} | {len(outward) / SECONDS:,.0f} | {percentiles(inward)} "
        f"| {percentiles(outward)} | {percentiles(late)} | {theirs:.0%} | {ours:.0%} "
        f"| {longest * 1000:.0f} | {lost} |",
        flush=True,
    )


def percentiles(values: list[float]) -> str:
    if len(values) < 100:
        return "too few"
    cuts = statistics.quantiles(values, n=100)
    return f"{cuts[49]:.2f} / {cuts[98]:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sessions", type=int, nargs="*", default=COUNTS)
    parser.add_argument("--piece", type=int, default=100, metavar="MS", help="sound in one event to the client")
    args = parser.parse_args()
    print(
        "| sessions | frames/s in | pieces/s out | to the ear, p50 / p99 ms | to the client | late | server, of a core "
        "| clients | longest collection, ms | lost |\n|---|---|---|---|---|---|---|---|---|---|"
    )
    for count in args.sessions:
        measure(count, args.piece / 1000)


if __name__ == "__main__":
    main()
