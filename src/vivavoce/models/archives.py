"""Files out of wheels and npm tarballs, which are read as data: nothing of them is ever imported or run.

Only members named in the catalog are read, and only as streams of bytes that end where the catalog says: names inside
an archive never decide where anything is written, and an archive that claims to be huge fills no disk.
"""

from __future__ import annotations

import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from vivavoce.models.catalog import ModelFile
from vivavoce.models.clients import SourceFailed
from vivavoce.models.disk import CHUNK


def is_whole(archive: Path) -> bool:
    """Whether the archive opens as what it should be: a torn download does not."""
    return zipfile.is_zipfile(archive) if archive.suffix == ".whl" else tarfile.is_tarfile(archive)


def join(archives: Sequence[Path], members: Sequence[str], file: ModelFile, target: Path) -> None:
    """Write the members one after the other to `target`.

    Raises SourceFailed where a member is missing or damaged, or where there is more than the file may hold.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    room = file.size
    with target.open("wb") as out:
        for member in members:
            with _open(archives, member) as stream:
                while chunk := _read(stream, member):
                    room -= len(chunk)
                    if room < 0:
                        raise SourceFailed(f"{member} holds more than the {file.size} bytes of {file.name}")
                    out.write(chunk)


def _read(stream: IO[bytes], member: str) -> bytes:
    try:
        return stream.read(CHUNK)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError) as error:
        raise SourceFailed(f"{member} is damaged: {error}") from error


@contextmanager
def _open(archives: Sequence[Path], member: str) -> Iterator[IO[bytes]]:
    """The member as a stream, from whichever archive has it."""
    for archive in archives:
        opening = _open_zip if archive.suffix == ".whl" else _open_tar
        with opening(archive, member) as stream:
            if stream is not None:
                yield stream
                return
    raise SourceFailed(f"{member} is not in {', '.join(archive.name for archive in archives)}")


@contextmanager
def _open_zip(archive: Path, member: str) -> Iterator[IO[bytes] | None]:
    with zipfile.ZipFile(archive) as pack:
        if member not in pack.namelist():
            yield None
            return
        mode = pack.getinfo(member).external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            raise SourceFailed(f"{member} in {archive.name} is not a plain file")
        with pack.open(member) as stream:
            yield stream


@contextmanager
def _open_tar(archive: Path, member: str) -> Iterator[IO[bytes] | None]:
    with tarfile.open(archive) as pack:
        if member not in pack.getnames():
            yield None
            return
        if not pack.getmember(member).isreg():
            raise SourceFailed(f"{member} in {archive.name} is not a plain file")
        stream = pack.extractfile(member)
        assert stream is not None  # noqa: S101 -- true of regular members; tells the type checker
        with stream:
            yield stream
