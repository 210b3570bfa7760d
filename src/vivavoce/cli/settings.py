"""`vivavoce settings`: every setting, its value and who gave it.

Three ways to give one, here server.port; the first that gives it counts:

  vivavoce serve --port 9000      where a command has an option for it
  VIVAVOCE_SERVER__PORT=9000      a variable, with two underscores behind the section
  [server]                        vivavoce.toml in the folder paths.home
  port = 9000
"""

from __future__ import annotations

import argparse
from typing import Any


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("settings", help="print every setting and where it comes from", description=__doc__)
    parser.add_argument("--json", action="store_true", help="for scripts")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from vivavoce.settings import entries, read_settings

    settings = read_settings()
    listed = entries(settings)
    if args.json:
        import json
        from dataclasses import asdict

        print(json.dumps([asdict(entry) for entry in listed], indent=2, default=str))
        return 0

    from rich.console import Console
    from rich.table import Table

    table = Table("setting", "value", "from", "meaning", box=None, pad_edge=False)
    for entry in listed:
        table.add_row(entry.key, _text(entry.value), entry.source, entry.doc)
    console = Console()
    console.print(table)
    console.print(
        f"\nTo change one: write it into {settings.paths.file}, or set its variable, "
        "such as VIVAVOCE_SERVER__PORT=9000 for server.port.",
        highlight=False,
    )
    return 0


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
