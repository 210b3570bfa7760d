"""Every table there is. What a person owns carries `owner`: the digest of the key, "" where the server has no keys.

To add a table or a column:

1. write it here;
2. copy the newest file in `migrations/versions/` to the next number and write the step up in it. It names columns by
   itself, never by what stands here, since this changes and a step that was taken does not;
3. `tests/storage/test_migrations.py` compares the two on SQLite and PostgreSQL.

Where two such files were made at a time, the later one to land takes the next number. Times are Unix seconds. Text that
people wrote goes into JSON or through `database.storable`: PostgreSQL takes no NUL characters.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

tables = MetaData()

ID = String(128)
OWNER = String(64)
_Key = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself in INTEGER columns only

conversations = Table(
    "conversations",
    tables,
    Column("id", ID, primary_key=True),
    Column("owner", OWNER, nullable=False),
    Column("created", Double, nullable=False),
    Column("updated", Double, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("title_words", Text, nullable=False),  # the title as `search_words.folded` has it
    Index("conversations_newest", "owner", "updated", "id"),
)

items = Table(
    "items",
    tables,
    Column("key", _Key, primary_key=True, autoincrement=True),  # never used again: newer items have larger ones
    Column("conversation_id", ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("id", ID, nullable=False),
    Column("position", Integer, nullable=False),
    Column("created", Double, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("role", String(16), nullable=True),
    Column("text", Text, nullable=False),  # what is searched and shown in snippets
    Column("body", JSON, nullable=False),  # the item as the Responses API has it
    UniqueConstraint("conversation_id", "id", name="items_id"),
    Index("items_in_order", "conversation_id", "position"),
    sqlite_autoincrement=True,
)

item_audio = Table(
    "item_audio",
    tables,
    Column("key", ForeignKey("items.key", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("media_type", String(64), nullable=False),
    Column("data", LargeBinary, nullable=False),
)

profiles = Table(
    "profiles",
    tables,
    Column("owner", OWNER, primary_key=True),
    Column("updated", Double, nullable=False),
    Column("body", JSON, nullable=False),  # custom instructions, persona, keep_audio …
)

memories = Table(
    "memories",
    tables,
    Column("id", ID, primary_key=True),
    Column("owner", OWNER, nullable=False),
    Column("created", Double, nullable=False),
    Column("updated", Double, nullable=False),
    Column("text", Text, nullable=False),
    Column("body", JSON, nullable=False),
    Index("memories_of_owner", "owner", "created"),
)

notes = Table(
    "notes",
    tables,
    Column("id", ID, primary_key=True),
    Column("owner", OWNER, nullable=False),
    Column("created", Double, nullable=False),
    Column("updated", Double, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("body", JSON, nullable=False),
    Index("notes_of_owner", "owner", "updated"),
)

reminders = Table(
    "reminders",
    tables,
    Column("id", ID, primary_key=True),
    Column("owner", OWNER, nullable=False),
    Column("created", Double, nullable=False),
    Column("due", Double, nullable=False),
    Column("done", Boolean, nullable=False),
    Column("text", Text, nullable=False),
    Column("body", JSON, nullable=False),
    Index("reminders_of_owner", "owner", "due"),
    Index("reminders_due", "done", "due"),
)

responses = Table(
    "responses",
    tables,
    Column("id", ID, primary_key=True),
    Column("owner", OWNER, nullable=False),
    Column("created", Double, nullable=False),
    Column("expires", Double, nullable=True),
    Column("conversation_id", ID, nullable=True),  # deleted with it; may be a temporary one, which is not in the table
    Column("status", String(16), nullable=False),
    Column("body", JSON, nullable=False),  # the response
    Column("input", JSON, nullable=False),  # what it answered, whole, so that the next one can go on from it
    Index("responses_of_owner", "owner", "created"),
    Index("responses_of_conversation", "conversation_id"),
)

completions = Table(
    "completions",
    tables,
    Column("id", ID, primary_key=True),
    Column("owner", OWNER, nullable=False),
    Column("created", Double, nullable=False),
    Column("expires", Double, nullable=False),
    Column("model", Text, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("body", JSON, nullable=False),  # the chat completion, without its metadata
    Column("messages", JSON, nullable=False),  # what it answered
    Index("completions_of_owner", "owner", "created", "id"),
    Index("completions_over", "expires"),
)
