"""The command line: `vivavoce COMMAND …`.

Each command is a module with `add_parser(commands)` and `run(args) -> int`. A module's top imports
next to nothing, so that the help appears at once; what a command needs is imported when it runs.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from vivavoce import __version__
from vivavoce.cli.help import Parser
from vivavoce.errors import StartupError, VivavoceError

COMMANDS = ("serve", "talk", "models", "threads", "memory", "tools", "settings", "db", "doctor", "bench")
INTERRUPTED = 130
"""What shells expect of a program that Ctrl-C ended."""

WELCOME = """An open voice assistant that you talk with, on your own machine.

To begin:

  vivavoce models pull    download what it needs, once
  vivavoce serve          start it and open its page
  vivavoce talk           talk with it in this terminal
  vivavoce doctor         find out why something does not work

`vivavoce COMMAND --help` tells more of each."""

_LIBRARIES = {
    # Three runtimes share the cores; idle OpenMP threads that spin would starve the other two.
    # The libraries read these when they load, so they are set before anything else happens.
    "KMP_BLOCKTIME": "0",
    "OMP_WAIT_POLICY": "PASSIVE",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 2 where the user has something to put right, 1 for other failures."""
    for name, value in _LIBRARIES.items():
        os.environ.setdefault(name, value)
    args = _parser().parse_args(argv)
    try:
        return int(args.run(args) or 0)
    except StartupError as error:
        print(f"vivavoce: {error}", file=sys.stderr)
        if error.remedy:
            print(f"  {error.remedy}", file=sys.stderr)
        return 2
    except VivavoceError as error:
        print(f"vivavoce: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away ("vivavoce settings | head"): nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="vivavoce", description=WELCOME)
    parser.add_argument("--version", action="version", version=f"vivavoce {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name in COMMANDS:
        import_module(f"vivavoce.cli.{name}").add_parser(commands)
    return parser
