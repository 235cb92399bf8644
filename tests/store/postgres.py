"""A PostgreSQL server for tests: the one named by SECONDREAD_TEST_PG_URL, else Debian's binaries on a free port.

Each test gets a database of its own, copied from a migrated template, and nothing of it is left afterwards.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import URL, make_url

from screening.store.engine import open_engine
from screening.store.migrate import migrate

_START_ATTEMPTS = 200
_TEMPLATE = "secondread_template"
_MEMORY = Path("/dev/shm")  # noqa: S108  # a folder in memory: nothing of a test cluster need survive


@dataclass(frozen=True)
class PgServer:
    """A running server; `admin` is the URL of a database in which others may be created."""

    admin: URL
    template: str

    @contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[str]:
        """URL of a fresh database, migrated unless an empty one is wanted."""
        name = f"test_{uuid.uuid4().hex}"
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        template = self.template if migrated else "template0"
        self.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
        try:
            yield self.admin.set(database=name).render_as_string(hide_password=False)
        finally:
            self.drop(name)

    def drop(self, name: str) -> None:
        """Drop a database with whoever is still connected to it."""
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def execute(self, statement: sql.Composed) -> None:
        """Run one statement outside a transaction."""
        url = self.admin.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def server() -> Iterator[PgServer]:
    """A server with a migrated template; skips with a reason where there is none, and fails in CI."""
    given = os.environ.get("SECONDREAD_TEST_PG_URL")
    if given:
        with _with_template(make_url(given)) as ready:
            yield ready
        return
    binaries = _binaries()
    if binaries is None:
        _absent("no PostgreSQL: set SECONDREAD_TEST_PG_URL or install Debian's postgresql")
    else:
        with _own_server(binaries) as admin, _with_template(admin) as ready:
            yield ready


def _absent(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


@contextmanager
def _with_template(admin: URL) -> Iterator[PgServer]:
    name = f"{_TEMPLATE}_{uuid.uuid4().hex[:12]}"
    ready = PgServer(admin, name)
    ready.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        engine = open_engine(admin.set(database=name).render_as_string(hide_password=False))
        migrate(engine)
        engine.dispose()
        yield ready
    finally:
        ready.drop(name)


@contextmanager
def _own_server(binaries: Path) -> Iterator[URL]:
    owner = _owner()
    memory = _MEMORY if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="secondread-pg-", dir=memory))
    port = _free_port()
    try:
        if owner is not None:
            shutil.chown(folder, owner)
        data = folder / "data"
        initdb: list[str | Path] = [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust"]
        initdb += ["-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run(initdb, check=True, capture_output=True, user=owner, cwd=folder)
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [binaries / "postgres", "-D", data, *_settings(port, folder)],
                user=owner,
                cwd=folder,
                stdout=log,
                stderr=log,
            )
        try:
            admin = URL.create("postgresql", username="postgres", host="127.0.0.1", port=port, database="postgres")
            _wait(admin, process)
            yield admin
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait(timeout=30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _settings(port: int, folder: Path) -> list[str]:
    settings = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": folder,
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "max_connections": 200,
        "shared_buffers": "32MB",
    }
    return [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]


def _wait(admin: URL, process: subprocess.Popen[bytes]) -> None:
    """Connect until it works; the server refuses connections while it starts."""
    url = admin.set(drivername="postgresql").update_query_dict({"connect_timeout": "5"})
    for _ in range(_START_ATTEMPTS):
        if process.poll() is not None:
            raise RuntimeError(f"PostgreSQL ended with {process.returncode}")
        try:
            psycopg.connect(url.render_as_string(hide_password=False)).close()
        except psycopg.OperationalError:
            try:
                process.wait(timeout=0.05)
            except subprocess.TimeoutExpired:
                continue
        else:
            return
    raise RuntimeError("PostgreSQL does not accept connections")


def _owner() -> str | None:
    """User to run as: the server refuses to run as root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        _absent("PostgreSQL does not run as root and there is no user postgres")
    return None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
