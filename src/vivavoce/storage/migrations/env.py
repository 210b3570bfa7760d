"""Run by alembic for every command; the connection is handed over by `storage/schema.py`."""

from alembic import context

from vivavoce.storage.tables import tables

context.configure(connection=context.config.attributes["connection"], target_metadata=tables)
with context.begin_transaction():
    context.run_migrations()
