"""Who is alive, and taking over the jobs of who is not.

Every worker holds a lock that dies with its process: a session-level advisory lock on PostgreSQL, a locked file beside
the database on SQLite (which therefore serves one machine). Whoever can take a worker's lock knows that it is dead.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, Protocol

from dbos import DBOSClient
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from screening.store.jobs import BULK_QUEUE, QUEUE

MAX_TAKEOVERS: Final = 5
"""How often a job is taken over from a dead worker before it is parked: it may be what kills them."""

_TAKEOVERS: Final = "takeovers"


class LivenessLock(Protocol):
    """A lock held by a living worker."""

    def still_held(self) -> bool:
        """Whether it is certain that nobody else can have taken the lock."""
        ...

    def release(self) -> None:
        """Give the lock back."""
        ...


def try_lock(engine: Engine, worker: str) -> LivenessLock | None:
    """Take a worker's lock, or None while that worker lives."""
    if engine.dialect.name == "sqlite":
        return _FileLock.take(Path(f"{engine.url.database}.workers"), worker)
    return _AdvisoryLock.take(engine, worker)


def take_over(client: DBOSClient, engine: Engine) -> int:
    """Put the running jobs of dead workers back into their queue; returns how many.

    A job during which workers died `MAX_TAKEOVERS` times is parked instead.
    """
    queues = [QUEUE, BULK_QUEUE]
    pending = client.list_workflows(status="PENDING", queue_name=queues, load_input=False, load_output=False)
    workers = sorted({status.executor_id for status in pending if status.executor_id})
    return sum(_take_over_from(client, engine, worker) for worker in workers)


def _take_over_from(client: DBOSClient, engine: Engine, worker: str) -> int:
    with _lock_of_dead(engine, worker) as dead:
        return sum(_put_back(client, worker, queue) for queue in (QUEUE, BULK_QUEUE)) if dead else 0


def _put_back(client: DBOSClient, worker: str, queue: str) -> int:
    left = client.list_workflows(
        status="PENDING", queue_name=queue, executor_id=worker, load_input=False, load_output=False
    )
    again = []
    for status in left:
        takeovers = int((status.attributes or {}).get(_TAKEOVERS, 0)) + 1
        if takeovers > MAX_TAKEOVERS:
            client.cancel_workflow(status.workflow_id)
            continue
        client.update_workflow_attributes(status.workflow_id, {_TAKEOVERS: takeovers})
        again.append(status.workflow_id)
    if again:
        client.resume_workflows(again, queue_name=queue)
    return len(again)


@contextmanager
def _lock_of_dead(engine: Engine, worker: str) -> Iterator[bool]:
    lock = try_lock(engine, worker)
    try:
        yield lock is not None
    finally:
        if lock is not None:
            lock.release()


class _FileLock:
    """A locked file; the operating system lets go of it when the process ends, however it ends."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self._path = path
        self._file = file

    @classmethod
    def take(cls, folder: Path, worker: str) -> _FileLock | None:
        folder.mkdir(exist_ok=True)
        path = folder / f"{worker}.lock"
        file = path.open("wb")
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        return cls(path, file)

    def still_held(self) -> bool:
        return True

    def release(self) -> None:
        self._path.unlink(missing_ok=True)
        self._file.close()


class _AdvisoryLock:
    """A session-level advisory lock on a connection of its own; it is gone when the connection is."""

    def __init__(self, connection: Connection, key: int) -> None:
        self._connection = connection
        self._key = key

    @classmethod
    def take(cls, engine: Engine, worker: str) -> _AdvisoryLock | None:
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        digest = hashlib.sha256(f"secondread worker {worker}".encode()).digest()
        key = int.from_bytes(digest[:8], "big", signed=True)
        if connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}):
            return cls(connection, key)
        connection.close()
        return None

    def still_held(self) -> bool:
        try:
            return bool(self._connection.scalar(text("SELECT 1")))
        except DBAPIError:
            return False

    def release(self) -> None:
        with contextlib.suppress(DBAPIError):  # a lost connection has lost the lock already
            self._connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": self._key})
        self._connection.invalidate()  # never back to the pool: a session that still held the lock would keep it
        self._connection.close()
