"""Stored prompts: instructions under a name, with `{{variables}}`, as files of the operator.

<home>/prompts/waiter.md        what {"prompt": {"id": "waiter"}} means
<home>/prompts/waiter@2.md      its version "2"
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from vivavoce.api.fields import Fields, invalid, missing
from vivavoce.errors import RequestError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")

Prompts = Callable[[str, str | None], str | None]
"""(id, version) -> the prompt's text; None: there is none of that name."""


def no_prompts(_: str, __: str | None) -> None:
    return None


def prompts_in(folder: Path) -> Prompts:
    """Those in a folder, read anew each time: an edit counts from the next session on."""

    def find(name: str, version: str | None) -> str | None:
        file = folder / (f"{name}.md" if version is None else f"{name}@{version}.md")
        try:
            return file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    return find


def read_prompt(fields: Fields, prompts: Prompts) -> tuple[dict[str, Any], str] | None:
    """The `prompt` of a session or a response: as it is echoed, and the instructions that it stands for. None: it is
    null. Raises RequestError."""
    prompt = fields.object("prompt")
    if prompt is None:
        return None
    name, version = prompt.need_text("id"), prompt.text("version", None)
    if not NAME.fullmatch(name) or (version is not None and not NAME.fullmatch(version)):
        raise invalid(prompt.at("id"), "be a name of letters, digits, '_', '.' and '-'", name)
    variables = prompt.object("variables")
    given = {} if variables is None else {key: _variable(variables, key) for key in variables.raw}
    text = prompts(name, version)
    if text is None:
        which = name if version is None else f"{name}, version {version}"
        raise RequestError(
            f"There is no stored prompt {which}: the operator keeps them as files in the folder 'prompts'.",
            param=prompt.at("id"),
            code="prompt_not_found",
        )
    wire = {"id": name, "version": version, "variables": None if variables is None else given}
    return wire, _filled(text, given, prompt)


def _variable(variables: Fields, name: str) -> str:
    """A string, or an `input_text` part."""
    if isinstance(variables.get(name), Mapping):
        return variables.need_object(name).need_text("text", "give text: other kinds of variables are not offered")
    return variables.need_text(name)


def _filled(text: str, given: Mapping[str, str], prompt: Fields) -> str:
    for name in VARIABLE.findall(text):
        if name not in given:
            raise missing(prompt.at(f"variables.{name}"), "the stored prompt needs it")
    return VARIABLE.sub(lambda match: given[match[1]], text).strip()
