"""Opens the database by URL: embedded SQLite by default, PostgreSQL to scale out; one schema on both (ADR 9).

Settings here decide that what was committed is on disk. Nothing here knows a table.
"""

from __future__ import annotations

from sqlite3 import Connection as SqliteConnection
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.pool import ConnectionPoolEntry

BEGIN_OPTION: Final = "secondread_begin"
"""Execution option of a SQLite connection: how its transactions begin."""

BEGIN_DEFERRED: Final = "BEGIN DEFERRED"
"""For long read-only work: takes no write lock."""

_BEGIN_IMMEDIATE: Final = "BEGIN IMMEDIATE"
_POOL = {"pool_size": 10, "max_overflow": 20, "pool_timeout": 30}
_KEEPALIVES = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "connect_timeout": 10,
    "application_name": "secondread",
}


def open_engine(url: str) -> Engine:
    """Engine for `sqlite:///file` or `postgresql://...`.

    Parameters stay out of error texts, because they may name a woman. Raises ValueError for any other database.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    if parsed.get_backend_name() == "postgresql":
        return _postgresql(parsed)
    raise ValueError("the database is SQLite or PostgreSQL")


def _sqlite(url: URL) -> Engine:
    if url.database in (None, "", ":memory:"):
        raise ValueError("SQLite is kept in a file: several threads and processes share it")
    engine = create_engine(url, hide_parameters=True, **_POOL)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: SqliteConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # `_begin_sqlite` begins: the driver would let reads run outside a transaction
    connection.execute("PRAGMA busy_timeout = 30000")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(BEGIN_OPTION, _BEGIN_IMMEDIATE))


def _postgresql(url: URL) -> Engine:
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        hide_parameters=True,
        pool_pre_ping=True,
        connect_args=_KEEPALIVES,
        **_POOL,
    )
