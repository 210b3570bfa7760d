"""`vivavoce tools`: the assistant's own tools and the operator's functions, tried without a conversation."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from vivavoce.cli.kept import add_key, at_home

if TYPE_CHECKING:
    from vivavoce.assistant.home import Home
    from vivavoce.conversation.config import Tool


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("tools", help="list the assistant's tools, and try one", description=__doc__)
    add_key(parser)
    actions = parser.add_subparsers(title="actions", metavar="ACTION")

    listing = actions.add_parser("list", help="all, with the functions of tools.functions")
    listing.add_argument("--json", action="store_true", help="with their schemas, for scripts")
    listing.set_defaults(run=at_home(_list))

    call = actions.add_parser("call", help="""one, such as: call get_time '{"place": "Tokyo"}'""")
    call.add_argument("name", metavar="NAME")
    call.add_argument("arguments", nargs="?", default="{}", metavar="JSON")
    call.add_argument("--language", default="en", help="to be answered in, such as it")
    call.set_defaults(run=at_home(_call))


async def _list(home: Home, owner: str, args: argparse.Namespace) -> int:
    tools = await home.tools.tools()
    if args.json:
        import json

        listed = [
            {
                "name": one.tool.name,
                "description": one.tool.description,
                "parameters": dict(one.tool.parameters),
                "reads_only": one.reads_only,
                "asks_first": one.asks_first,
                "slow": one.slow,
            }
            for one in tools
        ]
        print(json.dumps(listed, indent=2, ensure_ascii=False))
        return 0

    from rich.console import Console
    from rich.table import Table

    table = Table("tool", "what it does", "", box=None, pad_edge=False)
    for one in tools:
        marks = {"only reads": one.reads_only, "asks first": one.asks_first, "takes long": one.slow}
        table.add_row(one.tool.name, one.tool.description, ", ".join(name for name, true in marks.items() if true))
    Console().print(table)
    return 0


def _check(tool: Tool, arguments: str) -> None:
    """A model's slips are passed over; a person is told of them. Raises StartupError."""
    import json

    from vivavoce.errors import StartupError

    fields = tool.parameters.get("properties", {})
    example = json.dumps(
        {name: "…" for name in tool.parameters.get("required") or list(fields)[:1]}, ensure_ascii=False
    )
    remedy = f"Such as: vivavoce tools call {tool.name} '{example}'. `vivavoce tools list --json` has the schemas."
    try:
        values = json.loads(arguments)
    except ValueError as error:
        raise StartupError(f"JSON: the arguments of {tool.name} are no JSON ({error}).", remedy) from None
    if not isinstance(values, dict):
        raise StartupError(f"JSON: the arguments of {tool.name} must be an object.", remedy)
    takes = ", ".join(fields) or "nothing"
    for name in values:
        if name not in fields:
            raise StartupError(f"JSON: {tool.name} knows no argument {name!r}; it takes {takes}.", remedy)
    for name in tool.parameters.get("required", ()):
        if name not in values:
            raise StartupError(f"JSON: {tool.name} needs the argument {name!r}.", remedy)


async def _call(home: Home, owner: str, args: argparse.Namespace) -> int:
    from vivavoce.ports import ToolContext

    known = {one.tool.name: one.tool for one in await home.tools.tools()}
    if args.name in known:
        _check(known[args.name], args.arguments)
    result = await home.tools.call(args.name, args.arguments, ToolContext(owner=owner, language=args.language))
    print(result.text)
    return 0
