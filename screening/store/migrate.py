"""Brings a database to the schema of this version: our tables by Alembic, the job engine's tables by itself.

Run before anything else uses the database; running it again changes nothing.
"""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from dbos import DBOS
from sqlalchemy import Connection, Engine, text

from screening.store.tables import Row

_MIGRATION_LOCK = 7_305_518_842_014
_Kind = Literal["schema", "table", "column", "index", "unique_constraint", "foreign_key_constraint", "check_constraint"]
_Parent = Literal["schema_name", "table_name", "schema_qualified_table_name"]


def migrate(engine: Engine) -> None:
    """Create or upgrade every table; safe when several processes start at once: they take turns."""
    logging.getLogger("dbos").setLevel(logging.CRITICAL)
    with _turn(engine):
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            command.upgrade(alembic_config(connection), "head")
        DBOS.migrate(engine.url.render_as_string(hide_password=False))


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    """One migration at a time on an embedded database, by a lock file beside it.

    On PostgreSQL our own tables are guarded by a lock of the transaction, and the job engine guards its own: it builds
    indexes concurrently, which would wait for ever for whoever waits for a lock of ours.
    """
    if engine.dialect.name != "sqlite":
        yield
        return
    with Path(f"{engine.url.database}.migration-lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def alembic_config(connection: Connection) -> Config:
    """Alembic's configuration for the migrations inside this package, without any file of settings."""
    config = Config()
    config.set_main_option("script_location", "screening.store:migrations")
    config.attributes["connection"] = connection
    return config


def differences(connection: Connection) -> list[object]:
    """What the migrated schema lacks or has too much compared with the models; empty when they agree."""
    context = MigrationContext.configure(connection, opts={"include_name": is_ours, "compare_type": True})
    return list(compare_metadata(context, Row.metadata))


def is_ours(name: str | None, kind: _Kind, _parents: MutableMapping[_Parent, str | None]) -> bool:
    """Whether a thing found in the database is ours to compare; the job engine's tables are not."""
    if kind == "schema":
        return name is None
    return kind != "table" or name in Row.metadata.tables
