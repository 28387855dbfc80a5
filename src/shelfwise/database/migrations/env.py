"""Alembic's way into a connection that is open already; :mod:`shelfwise.database.schema` calls it."""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    # SQLite undoes changes of the schema like any others, once it is told when a transaction begins.
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
