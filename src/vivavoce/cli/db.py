"""`vivavoce db`: which database is used, and whether its schema is up to date."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vivavoce.settings import Settings


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("db", help="the database: its state, and bringing it up to date", description=__doc__)
    actions = parser.add_subparsers(title="actions", metavar="ACTION")
    status = actions.add_parser("status", help="which it is, and whether it is up to date")
    status.set_defaults(run=_status)
    upgrade = actions.add_parser("upgrade", help="bring it up to date; `serve` does so by itself")
    upgrade.set_defaults(run=_upgrade)


def _status(_: argparse.Namespace) -> int:
    from vivavoce.settings import read_settings

    print(state_of(read_settings()))
    return 0


def state_of(settings: Settings) -> str:
    """Which database it is and how far its schema is, in words. Raises StartupError and StorageError."""
    import asyncio

    from vivavoce.settings import storage_url
    from vivavoce.storage import schema
    from vivavoce.storage.database import Database

    where = settings.storage.url or settings.paths.database
    if not settings.storage.url and not settings.paths.database.exists():
        return f"{where}: not there yet; `vivavoce serve` makes it"

    async def look() -> str | None:
        database = await Database.open(storage_url(settings), upgrade=False)
        try:
            async with database.reading() as connection:
                return await connection.run_sync(schema.revision)
        finally:
            await database.aclose()

    now = asyncio.run(look())
    newest = schema.newest()
    state = "up to date" if now == newest else f"at {now or 'nothing'}, {newest} is the newest: `vivavoce db upgrade`"
    return f"{where}: {state}"


def _upgrade(_: argparse.Namespace) -> int:
    import asyncio

    from vivavoce.settings import read_settings, storage_url
    from vivavoce.storage.database import Database

    settings = read_settings()

    async def upgrade() -> None:
        await (await Database.open(storage_url(settings))).aclose()

    asyncio.run(upgrade())
    print(f"{settings.storage.url or settings.paths.database}: up to date")
    return 0
