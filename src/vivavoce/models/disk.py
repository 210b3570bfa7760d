"""Small file operations that the store needs to be sure of."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

CHUNK = 1 << 20


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file in hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_size(folder: Path) -> int:
    """Bytes of all files under `folder`, which others may be changing meanwhile; 0 where there is none."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(root, name)).st_size
            except OSError:  # moved or removed since it was listed
                continue
    return total


def free_space(folder: Path) -> int:
    """Bytes free where `folder` is or will be."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def put_in_place(new: Path, final: Path) -> None:
    """Make the folder `new` be `final`, whatever stands there. Both lie on one file system.

    After a crash at any moment `final` is the old folder, the new one, or missing: never a mixture.
    """
    for path in new.rglob("*"):
        if path.is_file():
            _flush(path)
    aside = new.with_name(new.name + ".old")
    shutil.rmtree(aside, ignore_errors=True)
    if final.exists():
        os.replace(final, aside)
    os.replace(new, final)
    if os.name == "posix":
        _flush(final.parent)
    shutil.rmtree(aside, ignore_errors=True)


def _flush(path: Path) -> None:
    """Wait until the file or folder is on the disk itself."""
    # Windows flushes only what is open for writing; elsewhere reading is enough, and folders allow no more.
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
