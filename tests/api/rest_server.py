"""A server whose minds do what the last message says, run as a process of its own: `python -m tests.api.rest_server`.

It prints its address. Its minds: "actor", which is the default; "seer", which sees; "thinker", which thinks first.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.waiting import PATIENCE
from vivavoce.api.auth import Keys
from vivavoce.api.realtime.connection import Service
from vivavoce.api.rest.attachments import Opener
from vivavoce.api.rest.conversations import conversation_routes
from vivavoce.api.rest.files import file_routes
from vivavoce.api.rest.responses import response_routes
from vivavoce.api.rest.responses_jobs import Jobs
from vivavoce.api.rest.responses_reading import Means
from vivavoce.api.rest.text import text_routes
from vivavoce.api.server import UVICORN_OPTIONS, create_api
from vivavoce.assistant.files import FileShelf
from vivavoce.assistant.minds import Minds
from vivavoce.conversation.config import Tool
from vivavoce.conversation.items import FunctionOutput, Message
from vivavoce.engines.scripted import ScriptedModel, ScriptedTranscriber, scripted_engines
from vivavoce.errors import EngineBusy, EngineFailed, EngineTooSlow, PromptRefused, ToolFailed
from vivavoce.ports import (
    Call,
    Done,
    HostedTool,
    Prompt,
    Reasoning,
    ScoredToken,
    Thought,
    ToolContext,
    ToolResult,
    Words,
)
from vivavoce.session.tooling import Tooling
from vivavoce.storage.archive import Archive, open_archive
from vivavoce.storage.database import MEMORY
from vivavoce.telemetry.metrics import Metrics

KEY, OTHER_KEY = "sk-first-0123456789", "sk-second-0123456789"
HEARD = "So it goes."
FAILURES = {
    "fail": EngineFailed("upstream answered 500"),
    "hang": EngineTooSlow("upstream did not answer within 20 s"),
    "busy": EngineBusy("upstream has no room now (429)"),
    "refuse": PromptRefused("The JSON schema cannot be enforced here."),
}


@dataclass
class Actor(ScriptedModel):
    """The last message is its script: `say WORDS`, `call NAME ARGUMENTS | NAME ARGUMENTS`, `prompt` to be told the
    prompt, `fail`, `hang`, `busy`, `refuse`, `WORDS then fail`, `forever`. Anything else is said again."""

    name: str = "actor"
    sees: bool = False
    thinks: bool = False
    live: int = field(default=0, init=False)

    async def reply(self, prompt: Prompt) -> AsyncGenerator[Thought, None]:
        self.live += 1
        try:
            async for thought in self._play(prompt):
                yield thought
        finally:
            self.live -= 1

    async def _play(self, prompt: Prompt) -> AsyncGenerator[Thought, None]:
        order, _, rest = script_of(prompt).partition(" ")
        for word in ("Let", " me", " see.") if self.thinks else ():
            yield Reasoning(word)
        if order in FAILURES:
            raise FAILURES[order]
        while order == "forever":
            yield Words("on and ")
            await asyncio.sleep(0.01)
        if order == "call":
            for call in calls_in(rest):
                yield call
            yield Done(20, 12, 9)
            return
        said = {"say": rest, "prompt": json.dumps(shown(prompt))}.get(order, script_of(prompt))
        async for thought in self._say(said, prompt):
            yield thought

    async def _say(self, text: str, prompt: Prompt) -> AsyncGenerator[Thought, None]:
        text, broken, _ = text.partition(" then fail")
        words = [word if n == 0 else f" {word}" for n, word in enumerate(text.split(" "))]
        most = prompt.max_tokens or len(words)
        for n, word in enumerate(words[:most], 1):
            if word.strip() in prompt.stop:
                yield Done(20, 12, n, stopped=word.strip())
                return
            yield Words(word, scored(word, prompt))
            await asyncio.sleep(0)
        if broken:
            raise FAILURES["fail"]
        yield Done(20, 12, min(most, len(words)), cut_short=most < len(words), reasoning_tokens=3 * self.thinks)


def scored(word: str, prompt: Prompt) -> tuple[ScoredToken, ...]:
    """The word as one token, where tokens are to be scored."""
    if prompt.sampling.logprobs is None:
        return ()
    token = ScoredToken(word, -0.5, word.encode())
    return (replace(token, likeliest=(token, ScoredToken("é", -1.5, "é".encode()))[: prompt.sampling.logprobs]),)


def calls_in(text: str) -> list[Call]:
    parts = (each.partition(" ") for each in text.split(" | "))
    return [Call(name, arguments or "{}") for name, _, arguments in parts]


def script_of(prompt: Prompt) -> str:
    last = prompt.items[-1] if prompt.items else None
    if isinstance(last, FunctionOutput):
        return f"say The tool said: {last.output}"
    return last.text if isinstance(last, Message) else ""


def shown(prompt: Prompt) -> dict[str, Any]:
    """The prompt as JSON; of sounds, their length."""
    items = []
    for item in prompt.items:
        if isinstance(item, Message):
            parts = [{"kind": type(part).__name__, **_plain(part)} for part in item.parts]
            items.append({"role": item.role, "parts": parts})
        else:
            items.append({"kind": type(item).__name__, **asdict(item)})
    names = ("instructions", "session", "max_tokens", "temperature", "effort", "schema", "stop", "top_p", "seed")
    plain = {name: getattr(prompt, name) for name in names}
    tools = [{"name": tool.name, "parameters": dict(tool.parameters)} for tool in prompt.tools]
    return {
        **plain,
        "urgency": prompt.urgency.name,
        "sampling": asdict(prompt.sampling),
        "choice": asdict(prompt.tool_choice),
        "tools": tools,
        "items": items,
    }


def _plain(part: Any) -> dict[str, Any]:
    sound = getattr(part, "sound", None)
    values = {name: getattr(part, name) for name in ("text", "transcript", "url", "detail") if hasattr(part, name)}
    return values if sound is None else {**values, "seconds": sound.seconds}


class Host:
    """Tools beside the server: `clock` only reads, `erase` asks first, `page` brings words of others, `note` changes
    something, `slow` takes its time, `held` until it is released, `broken` fails."""

    def __init__(self, label: str, released: asyncio.Event) -> None:
        self.label, self._released = label, released

    async def tools(self) -> list[HostedTool]:
        if self.label == "away":
            raise ToolFailed("the tool server cannot be reached", kind="http", code=502)
        ours = {name: HostedTool(Tool(name), foreign=False) for name in ("note", "slow", "broken", "recite", "held")}
        clock = HostedTool(Tool("clock", "Tells the time."), reads_only=True, foreign=False)
        return [
            clock,
            HostedTool(Tool("erase"), asks_first=True, foreign=False),
            HostedTool(Tool("page")),
            *ours.values(),
        ]

    async def call(self, name: str, arguments: str, context: ToolContext) -> ToolResult:
        match name:
            case "slow":
                await asyncio.sleep(30)
            case "held":
                await self._released.wait()
            case "broken":
                raise ToolFailed("the tool is broken")
            case "recite":
                return ToolResult("recited", spoken="It is said as it stands.")
        return ToolResult(f"{name} {arguments} for {context.owner[:4] or 'nobody'}")

    async def close(self) -> None: ...


def api(folder: Path, archive: Archive, jobs: Jobs, keys: tuple[str, ...] = ()) -> Any:
    actor, seer = Actor(), Actor(name="seer", sees=True)
    minds = Minds(actor, {"seer": seer, "thinker": Actor(name="thinker", thinks=True)})
    engines = scripted_engines(stt=ScriptedTranscriber([HEARD]), llm=actor)

    async def live(_: Request) -> JSONResponse:
        return JSONResponse(actor.live)

    known = Keys.of(keys)
    files = FileShelf(folder)
    released = asyncio.Event()

    async def release(_: Request) -> JSONResponse:
        released.set()
        return JSONResponse(None)

    hosts = {label: Host(label, released) for label in ("vivavoce", "away")}
    tooling = Tooling(hosts, lambda server: Host(server.label, released))
    opener = Opener(files)
    means = Means(lambda: minds, lambda: engines, opener, archive, jobs, tooling)
    return create_api(
        Service(lambda *_: None, Metrics()),  # type: ignore[arg-type, return-value]
        keys=known,
        ready=lambda: True,
        models=["vivavoce"],
        minds=lambda: minds,
        engines=lambda: engines,
        more=[
            *text_routes(lambda: minds, lambda: engines, known, opener, archive.completions),
            *response_routes(means, known),
            *conversation_routes(archive.conversations, known),
            *file_routes(files, known),
            Route("/test/live", live),
            Route("/test/release", release, methods=["POST"]),
        ],
    )


async def serve(folder: Path, listener: socket.socket, keys: tuple[str, ...]) -> None:
    jobs = Jobs()
    async with open_archive(MEMORY) as archive, asyncio.TaskGroup() as tasks:
        owner = tasks.create_task(jobs.serve())
        config = uvicorn.Config(api(folder, archive, jobs, keys), log_level="warning", **UVICORN_OPTIONS)
        await uvicorn.Server(config).serve(sockets=[listener])
        owner.cancel()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        asyncio.run(serve(Path(folder), listener, tuple(sys.argv[1:])))


@contextmanager
def running(*keys: str) -> Iterator[str]:
    """The process; gives its address."""
    command = [sys.executable, "-m", "tests.api.rest_server", *keys]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip()
        finally:
            server.terminate()
            server.wait(timeout=PATIENCE)


if __name__ == "__main__":
    main()
