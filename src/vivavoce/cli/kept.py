"""Commands that act straight on the database, for one of the people whose data it holds."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vivavoce.assistant.home import Home
    from vivavoce.settings import Settings
    from vivavoce.storage.archive import Archive

Run = Callable[[argparse.Namespace], int]

REMEDIES = {
    "conversation_not_found": "`vivavoce threads list` shows the ids of those there are; those of another key: --key.",
    "memory_not_found": "`vivavoce memory list` shows the ids of those there are; those of another key: --key.",
}
"""For whoever typed an id that is not there."""


def add_key(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--key", help="whose: of this key; by default of the first in server.keys, if there is one")


def on_archive(action: Callable[[Archive, str, argparse.Namespace], Awaitable[int]]) -> Run:
    """`action` takes what is kept, its owner and the arguments."""
    return _acting(lambda _, archive, owner, args: action(archive, owner, args))


def at_home(action: Callable[[Home, str, argparse.Namespace], Awaitable[int]]) -> Run:
    """`action` takes the assistant's own part of a server, for whom, and the arguments."""

    async def act(settings: Settings, archive: Archive, owner: str, args: argparse.Namespace) -> int:
        from vivavoce.assistant.files import FileShelf
        from vivavoce.loading import make_home

        home = make_home(settings, archive.database, FileShelf(settings.paths.home / "files"))
        try:
            return await action(home, owner, args)
        finally:
            await home.tools.close()

    return _acting(act)


def _acting(action: Callable[[Settings, Archive, str, argparse.Namespace], Awaitable[int]]) -> Run:
    def run(args: argparse.Namespace) -> int:
        import asyncio

        from vivavoce.errors import RequestError, StartupError
        from vivavoce.settings import ApiKey, read_settings, storage_url
        from vivavoce.storage.archive import open_archive

        settings = read_settings()
        keys = [ApiKey.of(args.key)] if args.key else settings.server.keys
        owner = keys[0].digest.hex() if keys else ""

        async def act() -> int:
            async with open_archive(storage_url(settings)) as archive:
                return await action(settings, archive, owner, args)

        try:
            return asyncio.run(act())
        except RequestError as error:
            if (remedy := REMEDIES.get(error.code or "")) is None:
                raise
            raise StartupError(str(error), remedy) from error

    return run
