"""`vivavoce memory`: what the assistant knows of a person, straight from the database. Conversations that are open
know of a change at their next answer."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from vivavoce.cli.kept import add_key, at_home

if TYPE_CHECKING:
    from vivavoce.assistant.home import Home


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "memory", help="list what it knows of you, put it right, have it forget", description=__doc__
    )
    add_key(parser)
    actions = parser.add_subparsers(title="actions", metavar="ACTION")

    listing = actions.add_parser("list", help="the newest first, with what was said")
    listing.add_argument("query", nargs="*", metavar="WORD", help="only those about this")
    listing.set_defaults(run=at_home(_list))

    add = actions.add_parser("add", help="write something down")
    add.add_argument("text", nargs="+", metavar="WORD")
    add.set_defaults(run=at_home(_add))

    edit = actions.add_parser("edit", help="put one right")
    edit.add_argument("id", metavar="ID")
    edit.add_argument("text", nargs="+", metavar="WORD")
    edit.set_defaults(run=at_home(_edit))

    forget = actions.add_parser("forget", help="for good")
    which = forget.add_mutually_exclusive_group(required=True)
    which.add_argument("ids", nargs="*", default=[], metavar="ID")
    which.add_argument("--all", action="store_true", help="everything")
    forget.set_defaults(run=at_home(_forget))


async def _list(home: Home, owner: str, args: argparse.Namespace) -> int:
    query = " ".join(args.query)
    memories = await home.knowledge.find(owner, query) if query else (await home.knowledge.all(owner))[::-1]
    if not memories:
        print("Nothing is remembered.")
    for memory in memories:
        print(f"{memory.id}  {memory.text}")
        if memory.source == "noticed":
            print(f"    from: {memory.said}")
    return 0


async def _add(home: Home, owner: str, args: argparse.Namespace) -> int:
    memory = await home.knowledge.keep(owner, " ".join(args.text), "written")
    print(f"{memory.id}  {memory.text}")
    return 0


async def _edit(home: Home, owner: str, args: argparse.Namespace) -> int:
    memory = await home.knowledge.edit(owner, args.id, " ".join(args.text))
    print(f"{memory.id}  {memory.text}")
    return 0


async def _forget(home: Home, owner: str, args: argparse.Namespace) -> int:
    known = [memory.id for memory in await home.knowledge.all(owner)]
    ids = known if args.all else [(await home.knowledge.get(owner, memory_id)).id for memory_id in args.ids]
    print(f"{await home.knowledge.forget(owner, ids)} forgotten.")
    return 0
