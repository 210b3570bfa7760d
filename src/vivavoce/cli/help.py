"""How the commands explain themselves."""

from __future__ import annotations

import argparse
import difflib
import sys
from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """Shows a module's docstring as the description of its command, and the whole help where an action is missing."""

    def __init__(self, description: str | None = None, **options: Any) -> None:
        super().__init__(formatter_class=_Paragraphs, **options)
        text = (description or "").strip().removeprefix(f"`{self.prog}`: ")
        self.description = text[:1].upper() + text[1:]

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """What a command does not know is told by that command, with its own usage."""
        values, unknown = super().parse_known_args(args, namespace)
        if unknown:
            options = [option for action in self._actions for option in action.option_strings]
            close = difflib.get_close_matches(unknown[0].partition("=")[0], options, 1)
            hint = f"; did you mean {close[0]}?" if close else f"; `{self.prog} --help` lists what it takes"
            self.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")
        return values, unknown

    def add_subparsers(self, **options: Any) -> Any:
        self.set_defaults(run=self._asked_for_nothing)
        return super().add_subparsers(**options)

    def _asked_for_nothing(self, _: argparse.Namespace) -> NoReturn:
        self.print_help(sys.stderr)
        self.exit(2)


class _Paragraphs(argparse.HelpFormatter):
    """Keeps paragraphs apart, and indented ones as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        blocks = text.split("\n\n")
        fill = super()._fill_text
        return "\n\n".join(one if one.startswith("  ") else fill(one, width, indent) for one in blocks)
