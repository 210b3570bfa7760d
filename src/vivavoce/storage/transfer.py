"""Conversations as files: out as JSON, Markdown or plain text, and in again."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import select

from vivavoce.storage import rows
from vivavoce.storage.bodies import Body, text_of
from vivavoce.storage.conversations import Conversation, Conversations, insert_conversation
from vivavoce.storage.database import Database
from vivavoce.storage.rows import StoredItem
from vivavoce.storage.tables import conversations
from vivavoce.text.subject import title

FORMAT, VERSION = "vivavoce.export", 1
AT_ONCE = 500
"""Items, or conversations, that are read at once."""
READ = 8
"""Items from which one without a title gets one."""

Format = Literal["json", "markdown", "text"]


@dataclass(frozen=True, slots=True)
class Imported:
    """A conversation from a file. `id`: what it is called there; `items`: bodies with their times."""

    id: str
    created: float
    updated: float
    metadata: Mapping[str, str]
    items: Sequence[tuple[Body, float]]


# --- in


async def bring_in(database: Database, owner: str, imported: Imported) -> bool:
    """Write a conversation, under its own id where that is free; False where `owner` has it already."""
    derived = "conv_" + hashlib.sha256(f"{owner}/{imported.id}".encode()).hexdigest()[:20]
    wanted = imported.id if imported.id.startswith("conv_") else derived
    async with database.writing() as connection:
        c = conversations.c
        there = {
            row.id: row.owner
            for row in await connection.execute(select(c.id, c.owner).where(c.id.in_((wanted, derived))))
        }
        if there.get(wanted) == owner or derived in there:
            return False
        new = derived if wanted in there else wanted
        await insert_conversation(
            connection, new, owner, _with_title(imported), created=imported.created, updated=imported.updated
        )
        bodies, times = [body for body, _ in imported.items], [at for _, at in imported.items]
        await rows.add(connection, new, owner, bodies, times=times)
    return True


def _with_title(imported: Imported) -> Mapping[str, str]:
    if imported.metadata.get("title"):
        return imported.metadata
    asked, answered = (
        [text_of(body) for body, _ in imported.items[:READ] if body.get("role") == role]
        for role in ("user", "assistant")
    )
    made = title(asked, answered)
    return {**imported.metadata, "title": made} if made else imported.metadata


# --- out


async def whole(threads: Conversations, owner: str, conversation_id: str) -> tuple[Conversation, list[StoredItem]]:
    """A conversation with all its items. Raises RequestError."""
    conversation = await threads.get(owner, conversation_id)
    items: list[StoredItem] = []
    more, after = True, None
    while more:
        page = await threads.items(owner, conversation_id, limit=AT_ONCE, after=after)
        items += page.rows
        more, after = page.more, items[-1].id if items else None
    return conversation, items


async def everything(threads: Conversations, owner: str) -> AsyncGenerator[str, None]:
    """All conversations of `owner` as one JSON file, in parts: each conversation on a line of its own."""
    head = {"object": FORMAT, "version": VERSION, "exported_at": int(time.time())}
    yield json.dumps(head)[:-1] + ', "conversations": ['
    between, more, after = "\n", True, None
    while more:
        page = await threads.newest(owner, limit=AT_ONCE, after=after)
        for conversation in page.rows:
            yield between + json.dumps(as_json(*await whole(threads, owner, conversation.id)), ensure_ascii=False)
            between = ",\n"
        more, after = page.more, page.rows[-1].id if page.rows else None
    yield "\n]}\n"


def as_json(conversation: Conversation, items: Sequence[StoredItem]) -> dict[str, Any]:
    return {
        "id": conversation.id,
        "object": "conversation",
        "created_at": conversation.created,
        "updated_at": conversation.updated,
        "metadata": conversation.metadata,
        "items": [{**item.body, "created_at": item.created} for item in items],
    }


def as_markdown(conversation: Conversation, items: Sequence[StoredItem]) -> str:
    parts = [f"# {conversation.title or 'Conversation'}", f"*{_date(conversation.created)}*"]
    parts += [f"**{speaker}**{_note(item)}\n\n{text}" for item, speaker, text in _lines(items)]
    return "\n\n".join(parts) + "\n"


def as_text(conversation: Conversation, items: Sequence[StoredItem]) -> str:
    parts = [conversation.title or "Conversation", _date(conversation.created), ""]
    parts += [f"{speaker}{_note(item)}: {text}\n" for item, speaker, text in _lines(items)]
    return "\n".join(parts)


WRITTEN: Mapping[Format, tuple[str, str, Callable[[Conversation, Sequence[StoredItem]], str]]] = {
    "json": ("application/json", "json", lambda *it: json.dumps(as_json(*it), ensure_ascii=False, indent=1) + "\n"),
    "markdown": ("text/markdown; charset=utf-8", "md", as_markdown),
    "text": ("text/plain; charset=utf-8", "txt", as_text),
}
"""Media type, ending of the file's name, and how it is written."""


def _lines(items: Sequence[StoredItem]) -> Iterator[tuple[StoredItem, str, str]]:
    speakers = {"user": "You", "assistant": "Assistant"}
    for item in items:
        kind = item.body.get("type")
        text = text_of(item.body)
        if kind == "message" and item.body.get("role") in speakers and text:
            yield item, speakers[item.body["role"]], text
        elif kind in ("function_call", "mcp_call"):
            yield item, "Tool", f"{item.body.get('name')} {item.body.get('arguments')}"


def _note(item: StoredItem) -> str:
    ours = item.body.get("vivavoce")
    return " (cut short)" if isinstance(ours, dict) and ours.get("said") else ""


def _date(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
