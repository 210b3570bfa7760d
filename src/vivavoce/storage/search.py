"""What a search finds: words of the items, and titles of conversations.

The items are in FTS5 in SQLite, in a tsvector under a GIN index in PostgreSQL.
Both hold the words as `search_words` cuts them, and with every item one word that nobody can type: its owner. So the
index itself leaves out what is other people's, however common the words that are looked for. Newest matches come first:
both databases find those without looking at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from vivavoce.storage.database import storable
from vivavoce.storage.search_words import Term, folded
from vivavoce.storage.tables import conversations

BATCH = 200
"""Matches that are fetched at once."""
MOST_MATCHES = 5_000
"""How far a search goes back for conversations that are not found yet."""
MOST_TITLES = 50
"""Conversations that are found by their titles."""
SHOWN = 3
"""Matches that are shown of one conversation."""
MOST_POSITIONS = 16_000
"""Words of one item whose place PostgreSQL knows."""

_ADD = {
    "sqlite": "INSERT INTO item_words (rowid, words) VALUES (:key, :words)",
    "postgresql": "INSERT INTO item_words (key, words) VALUES (:key, CAST(:words AS tsvector))",
}
_FORGET = {
    "sqlite": "DELETE FROM item_words WHERE rowid = :key",
    "postgresql": "DELETE FROM item_words WHERE key = :key",
}
_FIND = {
    "sqlite": "SELECT items.key, items.conversation_id "
    "FROM item_words CROSS JOIN items ON items.key = item_words.rowid "
    "WHERE item_words MATCH :query AND item_words.rowid < :before ORDER BY item_words.rowid DESC LIMIT :most",
    "postgresql": "SELECT items.key, items.conversation_id FROM ("
    "SELECT key FROM item_words WHERE words @@ CAST(:query AS tsquery) AND key < :before ORDER BY key DESC LIMIT :most"
    ") AS found JOIN items ON items.key = found.key ORDER BY items.key DESC",
}
_END = 2**62


async def index(connection: AsyncConnection, owner: str, texts: Sequence[tuple[int, str]]) -> None:
    """Make items findable: (key, text) of each. Those without words are left out."""
    dialect = connection.dialect.name
    found = [(key, words) for key, said in texts if (words := folded(said))]
    if found:
        rows = [{"key": key, "words": _written(dialect, owner, words)} for key, words in found]
        await connection.execute(text(_ADD[dialect]), rows)


async def forget(connection: AsyncConnection, keys: Sequence[int]) -> None:
    """Before items change; what is deleted is forgotten by itself."""
    if keys:
        await connection.execute(text(_FORGET[connection.dialect.name]), [{"key": key} for key in keys])


async def search(
    connection: AsyncConnection, owner: str, wanted: Sequence[Term], *, most: int, after: str | None = None
) -> dict[str, list[int]]:
    """The conversations of `owner` with items that hold all that is wanted, by id, with the keys of some of these
    items; newest match first, the first `most` after the conversation `after`."""
    dialect = connection.dialect.name
    query = _query(dialect, owner, wanted)
    found: dict[str, list[int]] = {}
    before, seen, skipping = _END, 0, after is not None
    skipped = set[str]()
    while seen < MOST_MATCHES and len(found) < most:
        asked = {"query": query, "before": before, "most": BATCH}
        rows = (await connection.execute(text(_FIND[dialect]), asked)).all()
        for key, conversation_id in rows:
            if skipping or conversation_id in skipped:
                skipped.add(conversation_id)
                skipping = skipping and conversation_id != after
            elif conversation_id in found or len(found) < most:
                found.setdefault(conversation_id, []).append(key)
        if len(rows) < BATCH:
            break
        before, seen = rows[-1].key, seen + len(rows)
    return {conversation_id: keys[:SHOWN] for conversation_id, keys in found.items()}


def _owned(owner: str) -> str:
    return f"§{owner[:16]}"


def _written(dialect: str, owner: str, words: str) -> str:
    if dialect == "sqlite":
        return f"{_owned(owner)} {words}"
    places = enumerate(words.split()[:MOST_POSITIONS], 1)
    return " ".join([f"'{_owned(owner)}'", *(f"'{word}':{place}" for place, word in places)])


def _query(dialect: str, owner: str, wanted: Sequence[Term]) -> str:
    """Words hold letters, digits and marks only, so nothing in them has to be escaped."""
    if dialect == "sqlite":
        parts = [f'"{" ".join(term.words)}"{"*" if term.prefix else ""}' for term in wanted]
        return " AND ".join([f'"{_owned(owner)}"', *parts])
    parts = [" <-> ".join(f"'{word}'" for word in term.words) + (":*" if term.prefix else "") for term in wanted]
    return " & ".join([f"'{_owned(owner)}'", *(f"({part})" for part in parts)])


def title_words(title: str) -> str:
    """With a blank on either side of every word, so that LIKE finds whole words and beginnings."""
    return f" {folded(storable(title))} "


async def titled(connection: AsyncConnection, owner: str, wanted: Sequence[Term]) -> list[Row[Any]]:
    """The rows of conversations whose titles have all the terms, the last changed first."""
    c = conversations.c
    like = [c.title_words.like(f"% {' '.join(term.words)}{'' if term.prefix else ' '}%") for term in wanted]
    newest = select(conversations).where(c.owner == owner, *like).order_by(c.updated.desc(), c.id.desc())
    return list(await connection.execute(newest.limit(MOST_TITLES)))
