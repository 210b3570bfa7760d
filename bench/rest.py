"""What the REST side adds to a mind's own time, and how many streams it carries: `.venv/bin/python -m bench.rest` from
the repository's folder. The mind is scripted and writes the time into its words, so that only our part is measured.

- Added time to the first token: from the request's last byte that is sent to the mind's being asked, and from its first
  word to that word's arrival. One request at a time, on one connection.
- Load: N streams at once, WORDS words each at a model's usual pace; the delay is from the mind's telling a word to its
  arrival. Client and server share the machine.
"""

from __future__ import annotations

import asyncio
import json
import re
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import uvicorn
import uvloop
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from vivavoce.api.auth import Keys
from vivavoce.api.realtime.connection import Service
from vivavoce.api.rest.attachments import Opener
from vivavoce.api.rest.responses import response_routes
from vivavoce.api.rest.responses_jobs import Jobs
from vivavoce.api.rest.responses_run import Means
from vivavoce.api.rest.text import text_routes
from vivavoce.api.server import UVICORN_OPTIONS, create_api
from vivavoce.assistant.files import FileShelf
from vivavoce.assistant.minds import Minds
from vivavoce.engines.scripted import ScriptedModel, scripted_engines
from vivavoce.ports import Done, Prompt, Thought, Words
from vivavoce.storage.archive import open_archive
from vivavoce.storage.database import MEMORY
from vivavoce.telemetry.metrics import Metrics

REQUESTS = 300
FIRST = 0.02
"""Seconds until the mind's first word."""
PACE = 0.05
WORDS = 60
STREAMS = (1, 50, 100, 200)
RESPONSES = "/v1/responses"
STAMP = re.compile(r"<([\d.]+)>")


@dataclass
class Clockwork(ScriptedModel):
    """Writes when it was asked, and when it told each word."""

    live: int = field(default=0, init=False)

    async def reply(self, prompt: Prompt) -> AsyncGenerator[Thought, None]:
        asked = monotonic()
        await asyncio.sleep(FIRST)
        yield Words(f"<{asked:.6f}><{monotonic():.6f}>")
        for _ in range((prompt.max_tokens or 1) - 1):
            await asyncio.sleep(PACE)
            yield Words(f"<{monotonic():.6f}>")
        yield Done(10, 0, prompt.max_tokens or 1)


def serve() -> None:
    model = Clockwork()
    minds, engines, keys = Minds(model), scripted_engines(llm=model), Keys()

    async def spent(_: Request) -> JSONResponse:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return JSONResponse({"cpu": usage.ru_utime + usage.ru_stime, "mib": usage.ru_maxrss / 1024})

    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
            async with open_archive(MEMORY) as archive:
                opener = Opener(FileShelf(Path(folder)))
                jobs = Jobs()
                serving = asyncio.create_task(jobs.serve())
                means = Means(lambda: minds, lambda: engines, opener, archive, jobs)
                routes = [
                    *text_routes(lambda: minds, lambda: engines, keys, opener, archive.completions),
                    *response_routes(means, keys),
                ]
                api = create_api(
                    Service(lambda *_: None, Metrics()),  # type: ignore[arg-type, return-value]
                    keys=keys,
                    ready=lambda: True,
                    models=["vivavoce"],
                    more=[*routes, Route("/spent", spent)],
                )
                print(listener.getsockname()[1], flush=True)
                options: dict[str, Any] = {**UVICORN_OPTIONS, "log_level": "warning", "access_log": False}
                await uvicorn.Server(uvicorn.Config(api, **options)).serve(sockets=[listener])
                serving.cancel()

    uvloop.run(run())


@contextmanager
def server() -> Iterator[int]:
    """The server in a process of its own; gives its port."""
    command = [sys.executable, "-m", "bench.rest", "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ourselves
        try:
            yield int(process.stdout.readline() if process.stdout else "")
        finally:
            process.terminate()


class Client:
    """One connection, with as little of its own as can be: an SDK would cost more than what is measured."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def send(self, path: str, body: dict[str, Any] | None = None) -> float:
        text = b"" if body is None else json.dumps(body).encode()
        method = "GET" if body is None else "POST"
        head = f"{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(text)}\r\n\r\n"
        self._writer.write(head.encode() + text)
        return monotonic()

    async def chunks(self) -> AsyncIterator[str]:
        """Of a streamed answer."""
        await self._head()
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            yield (await self._reader.readexactly(size + 2))[:-2].decode()
        await self._reader.readexactly(2)

    async def json(self) -> dict[str, Any]:
        length = (await self._head()).partition(b"content-length: ")[2].split()[0]
        return dict(json.loads(await self._reader.readexactly(int(length))))

    async def _head(self) -> bytes:
        head = await self._reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head:
            raise RuntimeError(head.decode())
        return head


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


def body(path: str, words: int) -> dict[str, Any]:
    asked: dict[str, Any] = {"model": "vivavoce", "stream": True}
    if path == RESPONSES:
        return {**asked, "input": "Hi", "max_output_tokens": words, "store": False}
    return {**asked, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": words}


async def added(port: int, path: str) -> list[float]:
    """Ms that each of REQUESTS first tokens took beyond the mind's own time."""
    times = []
    async with connected(port) as client:
        for _ in range(REQUESTS + 20):
            sent, firsts = client.send(path, body(path, 1)), []
            async for chunk in client.chunks():
                if len(stamps := STAMP.findall(chunk)) == 2:
                    asked, told = map(float, stamps)
                    firsts.append((asked - sent) + (monotonic() - told))
            times.append(firsts[0] * 1000)
    return times[20:]  # the first ones warm it up


async def delays(port: int, path: str) -> list[float]:
    """Ms from the mind's telling to the arrival, of each word of one stream."""
    found = []
    async with connected(port) as client:
        client.send(path, body(path, WORDS))
        async for chunk in client.chunks():
            arrived = monotonic()
            found.extend((arrived - float(stamp)) * 1000 for stamp in STAMP.findall(chunk)[-1:])
    return found


async def load(port: int, path: str, streams: int) -> str:
    async with connected(port) as client:
        client.send("/spent")
        before, began = await client.json(), monotonic()
        every = await asyncio.gather(*(delays(port, path) for _ in range(streams)))
        client.send("/spent")
        after, seconds = await client.json(), monotonic() - began
    whole = sum(len(each) == WORDS for each in every)
    words = sorted(delay for each in every for delay in each)
    core = 100 * (after["cpu"] - before["cpu"]) / seconds
    p50, p95 = at(words, 0.5), at(words, 0.95)
    return f"| {streams} | {whole} of {streams} | {p50:.1f} | {p95:.1f} | {core:.0f} % | {after['mib']:.0f} |"


def at(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, round(share * len(ordered)))]


async def measure(port: int) -> None:
    print("| route | p50 ms | p95 ms | worst ms |\n|---|---|---|---|")
    for path in ("/v1/chat/completions", "/v1/messages", RESPONSES):
        times = sorted(await added(port, path))
        print(f"| {path} | {statistics.median(times):.2f} | {at(times, 0.95):.2f} | {times[-1]:.1f} |")
    print("\n| streams | whole | delay of a word p50 ms | p95 ms | server, share of a core | MiB |")
    print("|---|---|---|---|---|---|")
    for streams in STREAMS:
        print(await load(port, "/v1/chat/completions", streams), flush=True)


def main() -> None:
    if sys.argv[1:] == ["serve"]:
        serve()
        return
    with server() as port:
        asyncio.run(measure(port))


if __name__ == "__main__":
    main()
