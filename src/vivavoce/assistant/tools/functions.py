"""Tools that the operator wrote: plain Python functions with type hints and docstrings.

    # my_tools.py, named in the settings as tools.functions = ["~/my_tools.py"]
    def bus_times(stop: str, line: int = 0) -> str:
        \"\"\"When the next buses leave from a stop.\"\"\"

Every public function that is defined in the file, not imported there, is a tool: its signature becomes the schema, its
docstring the description. Each file runs in a process of its own (`function_process.py`), so that a function that hangs
or crashes takes nothing with it: past its deadline the process is ended, and started anew for the next call.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from vivavoce.conversation.config import Tool
from vivavoce.errors import StartupError, ToolFailed
from vivavoce.ports import HostedTool, ToolContext, ToolResult

log = logging.getLogger(__name__)

LABEL = "functions"
START_WITHIN = 15.0
"""Seconds in which a file has to be imported."""
LARGEST = 1024 * 1024
"""Bytes of one answer of a function."""
END_WITHIN = 2.0


class FunctionTools:
    """All functions of some files. `deadline`: seconds that one call may take."""

    def __init__(self, files: Sequence[Path], deadline: float) -> None:
        self.label = LABEL
        self._processes = [_Process(file, deadline) for path in files for file in _files_of(path)]
        self._homes: dict[str, _Process] = {}

    async def tools(self) -> Sequence[HostedTool]:
        """Files that cannot be imported are left out, and the log says why."""
        offered: list[HostedTool] = []
        for process in self._processes:
            try:
                listed = await process.listed()
            except ToolFailed as error:
                log.warning("functions are left out: %s", error)
                continue
            for hosted in listed:
                if hosted.tool.name in {other.tool.name for other in offered}:
                    log.warning("the function %s comes twice; the first one counts", hosted.tool.name)
                    continue
                self._homes[hosted.tool.name] = process
                offered.append(hosted)
        return offered

    async def call(self, name: str, arguments: str, context: ToolContext) -> ToolResult:
        if name not in self._homes:
            await self.tools()
        process = self._homes.get(name)
        if process is None:
            raise ToolFailed(f"There is no function {name!r}.")
        return ToolResult(await process.call(name, arguments))

    async def close(self) -> None:
        await asyncio.gather(*(process.end() for process in self._processes))


def _files_of(path: Path) -> list[Path]:
    """Raises StartupError."""
    if path.is_dir():
        return sorted(file for file in path.glob("*.py") if not file.name.startswith("_"))
    if not path.is_file():
        raise StartupError(f"tools.functions names {path}, which is not there.", "Correct the path, or leave it out.")
    return [path]


class _Process:
    """One file's process: a line of JSON in, a line of JSON out, one call at a time."""

    def __init__(self, file: Path, deadline: float) -> None:
        self._file, self._deadline = file, deadline
        self._process: asyncio.subprocess.Process | None = None
        self._listed: list[HostedTool] = []
        self._one_at_a_time = asyncio.Lock()

    async def listed(self) -> list[HostedTool]:
        """Raises ToolFailed."""
        async with self._one_at_a_time:
            await self._running()
            return self._listed

    async def call(self, name: str, arguments: str) -> str:
        """Raises ToolFailed. A call that is cancelled ends the process: nothing else would stop the function."""
        async with self._one_at_a_time:
            process = await self._running()
            try:
                async with asyncio.timeout(self._deadline):
                    answer = await _exchange(process, {"name": name, "arguments": arguments})
            except TimeoutError:
                await self._end()
                raise ToolFailed(f"{name} took longer than {self._deadline:g} s.") from None
            except BaseException:
                await self._end()
                raise
        if "error" in answer:
            raise ToolFailed(f"{name} failed: {answer['error']}")
        return str(answer["result"])

    async def end(self) -> None:
        async with self._one_at_a_time:
            await self._end()

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "vivavoce.assistant.tools.function_process",
            str(self._file),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LARGEST,
            env={name: value for name, value in os.environ.items() if not name.startswith("VIVAVOCE_")},
        )
        try:
            async with asyncio.timeout(START_WITHIN):
                hello = await _exchange(self._process, None)
        except TimeoutError:
            await self._end()
            raise ToolFailed(f"{self._file.name} took longer than {START_WITHIN:g} s to be imported.") from None
        if "error" in hello:
            await self._end()
            raise ToolFailed(f"{self._file.name} cannot be imported: {hello['error']}")
        self._listed = [_hosted(described) for described in hello["tools"]]
        return self._process

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        with suppress(TimeoutError):
            async with asyncio.timeout(END_WITHIN):
                await process.wait()


async def _exchange(process: asyncio.subprocess.Process, request: dict[str, str] | None) -> dict[str, Any]:
    """Send a request (None: none) and read the answer. Raises ToolFailed where the process is gone."""
    assert process.stdin is not None and process.stdout is not None  # noqa: S101 - both are pipes
    try:
        if request is not None:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            await process.stdin.drain()
        line = await process.stdout.readline()
        answer: dict[str, Any] = json.loads(line)
    except (OSError, ValueError) as error:  # also an answer that is too long for one line
        raise ToolFailed("The function's process ended, or answered too much.") from error
    return answer


def _hosted(described: dict[str, Any]) -> HostedTool:
    tool = Tool(described["name"], described["description"], described["parameters"])
    options = {name: bool(described[name]) for name in ("reads_only", "asks_first", "slow", "foreign")}
    return HostedTool(tool, **options, insists=options["asks_first"])  # the operator wrote it
