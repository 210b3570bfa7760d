"""The documents: their links lead somewhere, and the commands, options and settings that they name are there."""

from __future__ import annotations

import argparse
import re
from dataclasses import fields
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from vivavoce.cli import _parser
from vivavoce.settings import engine_names
from vivavoce.settings.keys import check_known
from vivavoce.settings.tree import ENGINE_FOLDERS, SECTIONS

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *(ROOT / "README.md", ROOT / "ARCHITECTURE.md"),
    *(ROOT / "docs").glob("*.md"),
    *(ROOT / "bench").glob("**/*.md"),
]
COMMAND = re.compile(r"(?:^|[`\s])vivavoce ([a-z][a-z-]+(?: [^`\n#|]*)?)", re.MULTILINE)
"""A command as it stands in prose or in a block, to the end of its code or line."""


@cache
def anchors_of(document: Path) -> set[str]:
    """The names by which GitHub lets one link to the headings of a document."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_within_the_repository_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        assert file.exists(), target
        if anchor:
            assert anchor in anchors_of(file), target


def choices_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The commands below a command."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_and_options_are_there(document: Path) -> None:
    for line in COMMAND.findall(document.read_text(encoding="utf-8")):
        words = line.split()
        parser = _parser()
        while words and words[0] in choices_of(parser):
            parser = choices_of(parser)[words.pop(0)]
        assert parser.prog != "vivavoce" or " --" not in line, f"vivavoce {line}: no such command"
        known = {option for action in parser._actions for option in action.option_strings}
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", " ".join(words)):
            assert option in known, f"vivavoce {line}: {option}"


def settings_in(text: str) -> set[str]:
    """Settings as variables, and as keys in backticks."""
    names = re.findall(r"\bVIVAVOCE_[A-Z0-9]+__[A-Z0-9_]+", text)
    variables = {name.removeprefix("VIVAVOCE_").lower().replace("__", ".") for name in names}
    sections = "|".join([*SECTIONS, "engines"])
    return variables | set(re.findall(rf"`((?:{sections})\.[a-z_]+(?:\.[a-z_]+)*)(?: =[^`]*)?`", text))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_settings_are_there(document: Path) -> None:
    for key in settings_in(document.read_text(encoding="utf-8")):
        section, _, rest = key.partition(".")
        kind, _, option = rest.partition(".")
        check_known(key if option or section != "engines" else f"{key}.name", document.name)
        if section == "engines" and option not in ("", "name"):
            folder = ENGINE_FOLDERS[kind]
            engines = [import_module(f"vivavoce.engines.{folder}.{name}") for name in engine_names(kind)]
            assert any(option in {field.name for field in fields(engine.Options)} for engine in engines), key
