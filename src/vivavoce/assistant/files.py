"""Files that clients upload, kept on disk until they are deleted or expire. Blocking.

Two files lie in the folder of their owner for each upload: `<id>.bin`, its bytes, and `<id>.json`, what is known of it,
written last and removed first, so that a crash leaves no half of a file. Ids are ours; no name that a client gives ever
becomes a path.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from vivavoce.errors import RequestError

MOST_FILES = 2_000
MOST_BYTES = 2 * 1024**3
"""Of one owner."""
NOBODY = "open"
"""The folder of a server without keys."""
_ID = re.compile(r"file-[0-9a-f]{24}")
_OWNER = re.compile(r"[0-9a-f]{64}|")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """`name`: as the client calls it; `created`, `expires`: seconds since the epoch."""

    id: str
    name: str
    purpose: str
    bytes: int
    created: int
    expires: int | None = None


class FileShelf:
    """Every owner's files. Raises RequestError, code "file_not_found", for what is not there or is another's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def put(self, owner: str, name: str, purpose: str, data: bytes, *, lasts: int | None = None) -> StoredFile:
        """`lasts`: seconds until it goes by itself. Raises RequestError when the owner has too many."""
        now = int(time.time())
        file = StoredFile(
            f"file-{secrets.token_hex(12)}", name, purpose, len(data), now, None if lasts is None else now + lasts
        )
        with self._lock:
            self._check_room(owner, len(data))
            folder = self._of(owner)
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write(folder / f"{file.id}.bin", data)
            _write(folder / f"{file.id}.json", json.dumps(asdict(file)).encode())
        return file

    def files(self, owner: str) -> list[StoredFile]:
        """The oldest first."""
        return sorted(self._all(owner), key=lambda file: (file.created, file.id))

    def find(self, owner: str, file_id: str) -> StoredFile:
        file = _read(self._of(owner) / f"{_checked(file_id)}.json")
        if file is None:
            raise _missing(file_id)
        if _is_over(file):
            self.delete(owner, file_id)
            raise _missing(file_id)
        return file

    def content(self, owner: str, file_id: str) -> bytes:
        self.find(owner, file_id)
        try:
            return (self._of(owner) / f"{file_id}.bin").read_bytes()
        except OSError:
            raise _missing(file_id) from None

    def delete(self, owner: str, file_id: str) -> None:
        folder = self._of(owner)
        try:
            (folder / f"{_checked(file_id)}.json").unlink()
        except FileNotFoundError:
            raise _missing(file_id) from None
        (folder / f"{file_id}.bin").unlink(missing_ok=True)

    def _all(self, owner: str) -> Iterator[StoredFile]:
        for path in self._of(owner).glob("file-*.json"):
            file = _read(path)
            if file is None:
                continue
            if _is_over(file):
                with suppress(RequestError):
                    self.delete(owner, file.id)
                continue
            yield file

    def _check_room(self, owner: str, size: int) -> None:
        files = list(self._all(owner))
        if len(files) >= MOST_FILES or size + sum(file.bytes for file in files) > MOST_BYTES:
            raise RequestError(
                f"No more than {MOST_FILES} files and {MOST_BYTES // 2**30} GiB are kept; delete some first.",
                param="file",
                code="storage_full",
            )

    def _of(self, owner: str) -> Path:
        assert _OWNER.fullmatch(owner)  # noqa: S101 - it comes from our own digest, never from a client
        return self._folder / (owner or NOBODY)


def _checked(file_id: str) -> str:
    if not _ID.fullmatch(file_id):
        raise _missing(file_id)
    return file_id


def _missing(file_id: str) -> RequestError:
    return RequestError(f"There is no file {file_id[:64]!r}.", param="file_id", code="file_not_found")


def _read(path: Path) -> StoredFile | None:
    try:
        return StoredFile(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):  # deleted meanwhile, or not ours
        return None


def _is_over(file: StoredFile) -> bool:
    return file.expires is not None and file.expires <= time.time()


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all."""
    partial = path.with_suffix(".partial")
    partial.write_bytes(data)
    partial.replace(path)
