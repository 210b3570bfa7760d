"""`vivavoce doctor`: looks at everything a conversation needs, and holds one with itself.

Each finding is fine, a warning or wrong; what is wrong comes with its remedy, and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vivavoce.cli.doctor.finding import Finding, Level
    from vivavoce.settings import Settings


def add_parser(commands: Any) -> None:
    parser = commands.add_parser(
        "doctor", help="check this machine, the models and the whole loop", description=__doc__
    )
    parser.add_argument("--json", action="store_true", help="for scripts")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from dataclasses import asdict

    from vivavoce.settings import read_settings

    findings = []
    for finding in examine(read_settings()):
        findings.append(finding)
        if not args.json:
            _print(finding)
    wrong = [finding for finding in findings if finding.level == "wrong"]
    if args.json:
        import json

        print(json.dumps({"fine": not wrong, "findings": [asdict(one) for one in findings]}, indent=2))
    else:
        print(f"\n{len(wrong)} of {len(findings)} need attention." if wrong else "\nAll is well.")
    return 1 if wrong else 0


def examine(settings: Settings) -> Iterator[Finding]:
    """Every finding, the slow ones last; each as soon as it is known. Raises StartupError."""
    from vivavoce.cli.doctor.added import added
    from vivavoce.cli.doctor.engines import engines
    from vivavoce.cli.doctor.machine import machine

    yield from machine(settings)
    yield from added(settings)
    yield from engines(settings)


_MARKS: dict[Level, Callable[[str], str]] = {
    "fine": lambda text: f"[green]✓[/] {text}",
    "warning": lambda text: f"[yellow]![/] {text}",
    "wrong": lambda text: f"[red]✗[/] {text}",
}


def _print(finding: Finding) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False, soft_wrap=True)
    console.print(_MARKS[finding.level](f"[bold]{escape(finding.what)}[/]  {escape(finding.found)}"))
    if finding.remedy:
        console.print(f"  [dim]{escape(finding.remedy)}[/]")
    sys.stdout.flush()
