"""GGUF files: where they lie, and what their heads tell."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vivavoce.errors import StartupError
from vivavoce.models import ModelFiles

MAGIC = b"GGUF"
HEAD = 16_000_000
"""Bytes: the metadata with the vocabulary and the template."""


def is_path(model: str) -> bool:
    return model.endswith(".gguf") or "/" in model or "\\" in model


def file_of(model: str, models: ModelFiles) -> Path:
    """The file of a model: any GGUF by its path, else one of the catalog. Raises StartupError."""
    if not is_path(model):
        return models(model) / "model.gguf"
    path = Path(model).expanduser()
    try:
        with path.open("rb") as file:
            magic = file.read(len(MAGIC))
    except OSError as error:
        raise StartupError(f"{path} cannot be read: {error.strerror}.", "Name a GGUF file, or a model's id.") from error
    if magic != MAGIC:
        raise StartupError(f"{path} is no GGUF file.", "Convert the model, or take a file that ends in .gguf.")
    return path


@dataclass(frozen=True, slots=True)
class Template:
    """What the chat template in the head of a file tells. `chatml`: it is ChatML; `thinks`: the model may think before
    it answers."""

    chatml: bool = False
    thinks: bool = False


PLAIN = Template()


def template_of(path: Path) -> Template:
    with path.open("rb") as file:
        head = file.read(HEAD)
    return Template(_is_chatml(head), b"enable_thinking" in head or b"</think>" in head)


def _is_chatml(head: bytes) -> bool:
    return b"<|im_start|>' + message.role" in head or b"'<|im_start|>' + message['role']" in head
