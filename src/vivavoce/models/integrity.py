"""Whether the files in a folder are those of a model.

Hashing half a gigabyte at every start would cost a second. So what was hashed and found good is marked, with each
file's size and time of change: a file that has not been touched since needs no second look.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from vivavoce.models.catalog import Model
from vivavoce.models.disk import sha256_of

MARKER = ".verified.json"


def lacks(model: Model, folder: Path) -> tuple[str, ...]:
    """What is wrong with the files as far as their sizes tell."""
    return tuple(filter(None, (_glance(folder / file.name, file.size) for file in model.files)))


def wrong(model: Model, folder: Path) -> tuple[str, ...]:
    """What is wrong with the files: their sizes first, and where these are right, their hashes."""
    return lacks(model, folder) or tuple(filter(None, (_look(folder / file.name, file.sha256) for file in model.files)))


def mark(model: Model, folder: Path) -> None:
    """Remember that the files were found good. A cache that is read-only works without, only slower."""
    scratch = folder / f"{MARKER}.{os.getpid()}"
    with suppress(OSError):
        scratch.write_text(json.dumps(_seen(model, folder), indent=1))
        os.replace(scratch, folder / MARKER)


def unmark(folder: Path) -> None:
    """Forget it."""
    with suppress(OSError):  # a marker that cannot be deleted does not fit the files either
        (folder / MARKER).unlink()


def is_marked(model: Model, folder: Path) -> bool:
    """Whether the files are those that were found good, and the catalog still asks for the same."""
    try:
        return bool(json.loads((folder / MARKER).read_text()) == _seen(model, folder))
    except (OSError, ValueError):
        return False


def _seen(model: Model, folder: Path) -> dict[str, list[str | int]]:
    """By file: its hash in the catalog, and its size and time of change on the disk."""
    stats = {file: (folder / file.name).stat() for file in model.files}
    return {file.name: [file.sha256, stat.st_size, stat.st_mtime_ns] for file, stat in stats.items()}


def _glance(path: Path, size: int) -> str:
    try:
        found = path.stat().st_size
    except OSError:
        return f"{path.name} is missing"
    return "" if found == size else f"{path.name} has {found} bytes instead of {size}"


def _look(path: Path, sha256: str) -> str:
    try:
        return "" if sha256_of(path) == sha256 else f"the SHA-256 of {path.name} is not {sha256}"
    except OSError as error:
        return f"{path.name} cannot be read: {error.strerror or error}"
