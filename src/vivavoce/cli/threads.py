"""`vivavoce threads`: the conversations that are kept, straight from the database.

Find one, write it down to read, and all of them to import again:

  vivavoce threads search lemon tree
  vivavoce threads export ID --format markdown > thread.md
  vivavoce threads export > all.json
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from vivavoce.cli.kept import add_key, on_archive

if TYPE_CHECKING:
    from vivavoce.storage.archive import Archive
    from vivavoce.storage.conversations import Conversation

MOST = 100


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "threads", help="list, search, export, import and delete conversations", description=__doc__
    )
    add_key(parser)
    actions = parser.add_subparsers(title="actions", metavar="ACTION")

    listing = actions.add_parser("list", help="the newest first")
    listing.add_argument("--limit", type=int, default=20, choices=range(1, MOST + 1), metavar="N")
    listing.set_defaults(run=on_archive(_list))

    search = actions.add_parser("search", help="those in which all words occur")
    search.add_argument("query", nargs="+", metavar="WORD")
    search.set_defaults(run=on_archive(_search))

    export = actions.add_parser("export", help="one to read, or all as one file to import again")
    export.add_argument("id", nargs="?", metavar="ID")
    export.add_argument("--format", choices=("json", "markdown", "text"), help="of one; by default text")
    export.set_defaults(run=on_archive(_export))

    bring = actions.add_parser("import", help="an export of vivavoce, or of ChatGPT")
    bring.add_argument("file", metavar="FILE")
    bring.set_defaults(run=on_archive(_import))

    delete = actions.add_parser("delete", help="for good")
    delete.add_argument("ids", nargs="+", metavar="ID")
    delete.set_defaults(run=on_archive(_delete))


async def _list(archive: Archive, owner: str, args: argparse.Namespace) -> int:
    page = await archive.conversations.newest(owner, limit=args.limit)
    if not page.rows:
        print("No conversations are kept.")
    for conversation in page.rows:
        print(_line(conversation))
    if page.more:
        print(f"… and more: --limit {MOST}")
    return 0


async def _search(archive: Archive, owner: str, args: argparse.Namespace) -> int:
    page = await archive.conversations.search(owner, " ".join(args.query), limit=MOST)
    if not page.rows:
        print("Nothing is found.")
    for found in page.rows:
        print(_line(found.conversation))
        for snippet in found.snippets:
            pieces = (f"[{piece.text}]" if piece.match else piece.text for piece in snippet.pieces)
            print("    " + " ".join("".join(pieces).split()))
    return 0


async def _export(archive: Archive, owner: str, args: argparse.Namespace) -> int:
    from vivavoce.storage.transfer import WRITTEN, everything, whole

    if args.id is None:
        async for part in everything(archive.conversations, owner):
            sys.stdout.write(part)
        return 0
    _, _, write = next(form for name, form in WRITTEN.items() if name == (args.format or "text"))
    sys.stdout.write(write(*await whole(archive.conversations, owner, args.id)))
    return 0


async def _import(archive: Archive, owner: str, args: argparse.Namespace) -> int:
    from vivavoce.api.rest.imports import conversations_in
    from vivavoce.errors import StartupError
    from vivavoce.storage.transfer import bring_in

    new = known = 0
    try:
        with open(args.file, "rb") as file:  # noqa: ASYNC230 - nothing else runs here
            for imported in conversations_in(file):
                if await bring_in(archive.database, owner, imported):
                    new += 1
                else:
                    known += 1
    except OSError as error:
        raise StartupError(f"{args.file} cannot be read: {error.strerror}.", "Name a file that is there.") from error
    finally:
        print(f"{new} conversations are new, {known} were here already.")
    return 0


async def _delete(archive: Archive, owner: str, args: argparse.Namespace) -> int:
    for conversation_id in args.ids:
        await archive.conversations.get(owner, conversation_id)  # a misspelt id among several deletes nothing
    for conversation_id in args.ids:
        await archive.conversations.delete(owner, conversation_id)
        print(f"{conversation_id} is deleted.")
    return 0


def _line(conversation: Conversation) -> str:
    from datetime import datetime

    at = datetime.fromtimestamp(conversation.updated).strftime("%Y-%m-%d %H:%M")
    return f"{conversation.id}  {at}  {conversation.title or '(without a title)'}"
