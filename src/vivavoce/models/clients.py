"""The ordinary download clients, each in a child process: pip, npm and the hub's own.

They are used as the user's machine has them set up (index, mirror, proxy, token, cache of certificates); no address of
any server is known here.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import BoundedSemaphore, Event
from typing import Protocol

from vivavoce.models.catalog import HubSource
from vivavoce.models.disk import folder_size

REACH_SECONDS = 4.0
"""How long the hub may take to give any sign of life before the next source is tried."""
STALL_SECONDS = 300.0
"""A download is given up when not one byte has arrived for this long: slow lines may take hours, dead ones may not."""
CALLS_AT_ONCE = 4
_DISK_FULL = "no space left on device"
"""How every client spells it."""
TICK = 0.25
"""Seconds between two looks at a child process."""


class SourceFailed(Exception):
    """This source cannot supply the model now; the message is one line for the user."""


class Clients(Protocol):
    """What fetches from outside. Each puts whole files into the folder `into`.

    They raise SourceFailed where the source cannot help, and OSError where the disk is full.
    """

    def hub_trouble(self) -> str:
        """Why the hub cannot be reached; empty when it can."""
        ...

    def hub(self, source: HubSource, into: Path) -> None:
        """The source's files under their paths in the repository; goes on with what `into` already holds of them."""
        ...

    def wheel(self, requirement: str, into: Path) -> None:
        """One *.whl for "package==version"."""
        ...

    def npm(self, requirement: str, into: Path) -> None:
        """One *.tgz for "package@version"."""
        ...


class OrdinaryClients:
    """Clients that run pip, npm and the hub's client. Setting `stop` ends all of them within a moment."""

    def __init__(self, stop: Event) -> None:
        self._stop = stop
        self._slots = BoundedSemaphore(CALLS_AT_ONCE)

    def hub_trouble(self) -> str:
        try:
            self._run(_hub("reach", str(REACH_SECONDS)), None, patience=4 * REACH_SECONDS)
        except SourceFailed as failure:
            return str(failure)
        return ""

    def hub(self, source: HubSource, into: Path) -> None:
        quiet = {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
        arguments = (source.repository, source.revision, str(into), *source.paths.values())
        self._run(_hub("fetch", *arguments), into, quiet)

    def wheel(self, requirement: str, into: Path) -> None:
        # pip unpacks in its temporary folder first: it must lie on the disk whose free space was checked.
        scratch = into / "tmp"
        scratch.mkdir()
        options = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-cache-dir", "--retries=2"]
        only = ["--no-deps", "--only-binary=:all:", f"--dest={into}", requirement]
        command = [sys.executable, "-m", "pip", "download", *options, *only]
        self._run(command, into, {"TMPDIR": str(scratch), "TEMP": str(scratch), "TMP": str(scratch)})

    def npm(self, requirement: str, into: Path) -> None:
        npm = shutil.which("npm")
        if npm is None:
            raise SourceFailed("npm is not installed")
        options = ["--ignore-scripts", "--loglevel=error", "--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
        self._run([npm, "pack", requirement, f"--pack-destination={into}", *options], into)

    def _run(
        self,
        command: Sequence[str],
        watched: Path | None,
        extra: Mapping[str, str] | None = None,
        patience: float = STALL_SECONDS,
    ) -> None:
        """Run `command` until it ends, or for as long as `watched` grows, or until it is stopped."""
        with self._slots:
            environment = {**os.environ, **(extra or {})}
            with subprocess.Popen(  # noqa: S603 -- the command is ours, its arguments come from the catalog
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
            ) as child:
                try:
                    output = _follow(child, watched, self._stop, patience)
                finally:
                    child.kill()
        if child.returncode and _DISK_FULL in output.lower():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if child.returncode:
            raise SourceFailed(_reason(output, child.returncode))


def _follow(child: subprocess.Popen[bytes], watched: Path | None, stop: Event, patience: float) -> str:
    """What the child printed. Raises SourceFailed when `watched` did not grow for `patience` seconds."""
    size, since = -1, time.monotonic()
    while True:
        try:
            return child.communicate(timeout=TICK)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            grown = folder_size(watched) if watched else size
            if grown != size:
                size, since = grown, time.monotonic()
        if stop.is_set():
            raise SourceFailed("interrupted")
        if time.monotonic() - since > patience:
            raise SourceFailed(f"no data for {patience:.0f} s")


def _hub(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "vivavoce.models.hub", *arguments]


def _reason(output: str, code: int) -> str:
    """The last line that says what went wrong; clients print warnings and hints around it."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error:", "npm error", "npm err!"))]
    # npm ends with where its log lies; its first lines say what happened.
    spoken = [line for line in errors if "complete log" not in line and "code E" not in line] or errors or lines
    if not spoken:
        return f"its client ended with code {code}"
    line = spoken[0] if spoken[0].lower().startswith("npm") else spoken[-1]
    if line == "ERROR: Exception:":  # pip's head line of a traceback, which says what it is about at its end
        line = lines[-1]
    return line.removeprefix("ERROR: ")
