"""What Alembic runs for each command: the connection comes from `screening.store.migrate`, never from a file."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from screening.store.migrate import is_ours
from screening.store.tables import Row


def run() -> None:
    """Run the migrations on the connection handed over by the caller, in the caller's transaction."""
    connection = context.config.attributes["connection"]
    if not isinstance(connection, Connection):
        raise TypeError("migrations run on a connection")
    context.configure(connection=connection, target_metadata=Row.metadata, include_name=is_ours)
    context.run_migrations()


run()
