"""Copies of the whole database, consistent while it is written to, and back again.

SQLite by its online backup; PostgreSQL by `pg_dump` and `pg_restore` over one exported snapshot, so that the end of the
ledger that is told is the end in the copy. The password goes by a file of its own and never by the command line.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from sqlalchemy import inspect, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from screening.domain.errors import Conflict, InvalidInput, StoreUnavailable
from screening.store.engine import open_engine
from screening.store.ledger import Ledger
from screening.workflow.ports import LedgerHead

NAMES: Final = {"sqlite": "secondread.db", "postgresql": "secondread.dump"}
"""Name of the copy by kind of database."""


def copy_database(url: str, folder: Path) -> tuple[Path, LedgerHead]:
    """Copy the database into this folder; returns the copy and the end of its ledger, every link of which holds.

    Raises LedgerBroken, or StoreUnavailable when the database or the tools for it are not there.
    """
    parsed = make_url(url)
    copy = folder / NAMES[parsed.get_backend_name()]
    try:
        if parsed.get_backend_name() == "sqlite":
            return copy, _copy_sqlite(Path(str(parsed.database)), copy)
        return copy, _dump(parsed, copy)
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise StoreUnavailable(f"the database cannot be copied: {type(error).__name__}") from error


def restore_database(copy: Path, url: str) -> None:
    """Bring a copy back into a database that holds nothing yet.

    Raises InvalidInput when the copy is of another kind of database, Conflict when there is something in this one,
    StoreUnavailable when it cannot be written.
    """
    parsed = make_url(url)
    if copy.name != NAMES[parsed.get_backend_name()]:
        raise InvalidInput(f"the backup holds {copy.name}, which is of another kind of database than this one")
    try:
        if parsed.get_backend_name() == "sqlite":
            _restore_sqlite(copy, Path(str(parsed.database)))
        else:
            _load(copy, parsed)
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise StoreUnavailable(f"the database cannot be restored: {type(error).__name__}") from error


def _copy_sqlite(source: Path, copy: Path) -> LedgerHead:
    if not source.is_file():
        raise StoreUnavailable("there is no database here")
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(copy)) as copied:
        live.backup(copied)
    head = _verified(f"sqlite:///{copy.resolve()}")
    with closing(sqlite3.connect(copy)) as copied:  # one file again, without a journal beside it
        copied.execute("PRAGMA journal_mode = DELETE")
    return head


def _verified(url: str) -> LedgerHead:
    engine = open_engine(url)
    try:
        with Session(engine) as session:
            return Ledger(session).verify()
    finally:
        engine.dispose()


def _restore_sqlite(copy: Path, target: Path) -> None:
    if target.exists():
        raise Conflict("there is a database already; a backup is restored into an empty place only")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(copy, target)


def _dump(url: URL, copy: Path) -> LedgerHead:
    engine = open_engine(url.render_as_string(hide_password=False))
    try:
        with Session(engine) as session:
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            snapshot = str(session.scalar(text("SELECT pg_export_snapshot()")))
            head = Ledger(session).verify()
            _run(["pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={copy}"], url)
    finally:
        engine.dispose()
    return head


def _load(copy: Path, url: URL) -> None:
    engine = open_engine(url.render_as_string(hide_password=False))
    try:
        if inspect(engine).get_table_names():
            raise Conflict("there are tables already; a backup is restored into an empty database only")
    finally:
        engine.dispose()
    _run(["pg_restore", "--exit-on-error", "--no-owner", "--single-transaction", str(copy)], url)


def _run(command: Sequence[str], url: URL) -> None:
    """Run a tool of PostgreSQL on this database; what it says stays here, because it may quote rows."""
    found = shutil.which(command[0])
    if found is None:
        raise StoreUnavailable(f"{command[0]} is not installed; it comes with PostgreSQL's client programs")
    with NamedTemporaryFile("w", prefix="pgpass-", encoding="utf-8") as secrets:  # made for its owner only
        secrets.write(f"*:*:*:*:{_escaped(url.password or '')}\n")
        secrets.flush()
        where = f"--dbname={_connection(url, secrets.name)}"
        done = subprocess.run([found, where, *command[1:]], capture_output=True, check=False)  # noqa: S603  # our words
    if done.returncode:
        raise StoreUnavailable(f"{command[0]} failed with status {done.returncode}")


def _connection(url: URL, passfile: str) -> str:
    """What libpq calls a connection string, with the file of the password instead of the password."""
    parts = {"host": url.host, "port": url.port, "user": url.username, "dbname": url.database}
    told = {**url.query, **{key: value for key, value in parts.items() if value}}
    if url.password:
        told["passfile"] = passfile
    return " ".join(f"{key}='{_quoted(str(value))}'" for key, value in told.items() if value)


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(":", "\\:")
