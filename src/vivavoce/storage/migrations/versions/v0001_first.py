"""Conversations and their items, what is searched, and what else a person keeps."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _conversations()
    _search()
    _of_the_person()
    _of_the_api()


def _conversations() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", sa.String(128), primary_key=True),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("updated", sa.Double, nullable=False),
        sa.Column("metadata", sa.JSON, nullable=False),
        sa.Column("title_words", sa.Text, nullable=False),
    )
    op.create_index("conversations_newest", "conversations", ["owner", "updated", "id"])
    op.create_table(
        "items",
        sa.Column("key", KEY, primary_key=True, autoincrement=True),
        sa.Column(
            "conversation_id", sa.String(128), sa.ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("id", sa.String(128), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.UniqueConstraint("conversation_id", "id", name="items_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("items_in_order", "items", ["conversation_id", "position"])
    op.create_table(
        "item_audio",
        sa.Column("key", KEY, sa.ForeignKey("items.key", ondelete="CASCADE"), primary_key=True, autoincrement=False),
        sa.Column("media_type", sa.String(64), nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )


def _search() -> None:
    """The words are cut and folded by us (`search_words.py`), so both databases find the same."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("CREATE VIRTUAL TABLE item_words USING fts5(words, tokenize='ascii', prefix='2 3', columnsize=0)")
        op.execute(
            "CREATE TRIGGER items_gone AFTER DELETE ON items BEGIN DELETE FROM item_words WHERE rowid = old.key; END"
        )
        return
    op.execute(
        "CREATE TABLE item_words ("
        "key BIGINT PRIMARY KEY REFERENCES items (key) ON DELETE CASCADE, words TSVECTOR NOT NULL)"
    )
    op.execute("CREATE INDEX item_words_found ON item_words USING GIN (words) WITH (fastupdate = off)")


def _of_the_person() -> None:
    op.create_table(
        "profiles",
        sa.Column("owner", sa.String(64), primary_key=True),
        sa.Column("updated", sa.Double, nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
    )
    op.create_table(
        "memories",
        *_owned(),
        sa.Column("updated", sa.Double, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
    )
    op.create_index("memories_of_owner", "memories", ["owner", "created"])
    op.create_table(
        "notes",
        *_owned(),
        sa.Column("updated", sa.Double, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
    )
    op.create_index("notes_of_owner", "notes", ["owner", "updated"])
    op.create_table(
        "reminders",
        *_owned(),
        sa.Column("due", sa.Double, nullable=False),
        sa.Column("done", sa.Boolean, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
    )
    op.create_index("reminders_of_owner", "reminders", ["owner", "due"])
    op.create_index("reminders_due", "reminders", ["done", "due"])


def _of_the_api() -> None:
    op.create_table(
        "responses",
        *_owned(),
        sa.Column("expires", sa.Double, nullable=True),
        sa.Column("conversation_id", sa.String(128), nullable=True),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("input", sa.JSON, nullable=False),
    )
    op.create_index("responses_of_owner", "responses", ["owner", "created"])
    op.create_index("responses_of_conversation", "responses", ["conversation_id"])


def _owned() -> tuple["sa.Column[str]", "sa.Column[str]", "sa.Column[float]"]:
    return (
        sa.Column("id", sa.String(128), primary_key=True),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("created", sa.Double, nullable=False),
    )
