"""The `Jobs` port over DBOS: enqueued in the caller's own transaction, so that what was accepted is never lost.

Only names and ids are handed over. The code that works jobs off is in `runner`; the job engine shows nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from dbos import DBOSClient, DBOSPortableJSONSerializer, EnqueueOptions, PortableWorkflowError, WorkflowStatus
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from screening.domain.errors import InvalidInput, NotFound, SecondReadError
from screening.store.engine import BEGIN_DEFERRED, BEGIN_OPTION

APPLICATION: Final = "secondread"
APPLICATION_VERSION: Final = "jobs-1"
"""Version of the job format, not of the source: jobs of an older build go on after an upgrade."""
QUEUE: Final = "studies"
"""The queue of live work; each study is a partition of it, worked off one job at a time."""
BULK_QUEUE: Final = "bulk"
"""The queue of work that waits behind everything live (`JobRunner.give_way`)."""
WORKFLOW: Final = "secondread_job"

WORKER_DIED: Final = "worker_died"
"""Reason code of a job during which its worker died again and again."""

PARKED: Final = ["ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
"""States of the job engine in which a job waits for a person."""

_UNFINISHED: Final = ["ENQUEUED", "PENDING", "DELAYED"]
_ID_LENGTH: Final = 128
_BLOCK: Final = 500


@dataclass(frozen=True)
class ParkedJob:
    """A job that waits for a person: its key, name, ids, and the code of what went wrong."""

    key: str
    name: str
    ids: tuple[str, ...]
    reason: str
    at: datetime


def open_client(engine: Engine) -> DBOSClient:
    """Client of the job engine on our own database; connects on first use."""
    return DBOSClient(
        system_database_engine=engine,
        serializer=DBOSPortableJSONSerializer(),
        application_name=APPLICATION,
        lazy=True,
    )


def open_view(engine: Engine) -> DBOSClient:
    """Client for looking only: on SQLite it takes no write lock, so that it never waits for a unit of work."""
    return open_client(engine.execution_options(**{BEGIN_OPTION: BEGIN_DEFERRED}))


class SqlJobs:
    """Enqueues within a session's transaction."""

    def __init__(self, session: Session, client: DBOSClient) -> None:
        self._session = session
        self._client = client

    def enqueue(self, name: str, key: str, *ids: str, delay_s: float = 0.0) -> None:
        """Enqueue job `name` for these ids, the study UID first; the same key is done once.

        Jobs with the same first id never overlap and run in the order they were enqueued; one with a delay waits so
        many seconds, and holds up nobody. Raises InvalidInput without an id, or for an id too long to be one.
        """
        options: EnqueueOptions = {"workflow_name": WORKFLOW, "queue_name": QUEUE}
        if ids:
            options["queue_partition_key"] = ids[0]
        if delay_s > 0:
            options["delay_seconds"] = delay_s
        self._enqueue(options, name, key, ids)

    def enqueue_bulk(self, name: str, key: str, *ids: str) -> None:
        """Enqueue a bulk job, done in order behind everything live; the same key is done once. Raises InvalidInput."""
        self._enqueue({"workflow_name": WORKFLOW, "queue_name": BULK_QUEUE}, name, key, ids)

    def _enqueue(self, options: EnqueueOptions, name: str, key: str, ids: tuple[str, ...]) -> None:
        _check_ids(name, key, ids)
        self._session.flush()
        options |= {"workflow_id": key, "app_version": APPLICATION_VERSION}
        self._client.enqueue_in_transaction(self._session, options, name, list(ids))


def _check_ids(name: str, key: str, ids: tuple[str, ...]) -> None:
    if not ids or any(not part or len(part) > _ID_LENGTH for part in (name, key, *ids)):
        raise InvalidInput("a job names its study and carries ids only")


def bulk_jobs(client: DBOSClient, prefix: str) -> Sequence[tuple[str, bool]]:
    """Keys of the bulk jobs that start with this and are not done, and whether each is parked."""
    found = client.list_workflows(
        status=[*_UNFINISHED, *PARKED],
        queue_name=BULK_QUEUE,
        workflow_id_prefix=prefix,
        load_input=False,
        load_output=False,
    )
    return [(status.workflow_id, status.status in PARKED) for status in found]


def live_job_due(client: DBOSClient, worker: str) -> bool:
    """Whether a live job waits that no worker has taken yet, or this worker has taken one that is not done.

    Asked in this order, so that one that is taken meanwhile is still seen.
    """
    return _any_live(client, "ENQUEUED") or _any_live(client, "PENDING", worker)


def _any_live(client: DBOSClient, status: str, worker: str | None = None) -> bool:
    found = client.list_workflows(
        status=status, queue_name=QUEUE, executor_id=worker, limit=1, load_input=False, load_output=False
    )
    return bool(found)


def unfinished_jobs(client: DBOSClient, most: int | None = None) -> int:
    """How many jobs wait or run, parked ones left out; counts to `most` at most."""
    return len(
        client.list_workflows(
            status=_UNFINISHED,
            queue_name=QUEUE,
            limit=most,
            load_input=False,
            load_output=False,
        )
    )


def parked_jobs(client: DBOSClient) -> Sequence[ParkedJob]:
    """Every job that will not run again by itself, oldest first."""
    return [_parked(status) for status in client.list_workflows(status=PARKED, name=WORKFLOW)]


def retry_parked(client: DBOSClient, key: str) -> None:
    """Put a parked job back into its queue. Raises NotFound when no job is parked under this key."""
    found = client.list_workflows(status=PARKED, name=WORKFLOW, workflow_ids=[key])
    if not found:
        raise NotFound("no job is parked under this key")
    bulk = found[0].queue_name == BULK_QUEUE
    partition = None if bulk else _arguments(found[0])[1][0]
    client.rewind_workflow(key, queue_name=BULK_QUEUE if bulk else QUEUE, queue_partition_key=partition)


def forget_done(client: DBOSClient, before: datetime, names: Sequence[str]) -> int:
    """Remove the records of jobs of these names done before this time; returns how many.

    Their keys may then be used again: name only jobs that something else keeps from being done twice.
    """
    forgotten = 0
    while done := client.list_workflows(
        status="SUCCESS",
        name=WORKFLOW,
        workflow_id_prefix=[f"{name}:" for name in names] or ["-"],
        completed_before=before.isoformat(),
        limit=_BLOCK,
        load_input=False,
        load_output=False,
    ):
        client.delete_workflows([status.workflow_id for status in done])
        forgotten += len(done)
    return forgotten


def _parked(status: WorkflowStatus) -> ParkedJob:
    name, ids = _arguments(status)
    at = datetime.fromtimestamp((status.updated_at or 0) / 1000, UTC)
    return ParkedJob(status.workflow_id, name, ids, _reason(status), at)


def _arguments(status: WorkflowStatus) -> tuple[str, tuple[str, ...]]:
    if status.input is None:
        return "", ("",)
    name, ids = status.input["args"]
    return str(name), tuple(str(part) for part in ids)


def _reason(status: WorkflowStatus) -> str:
    if status.status != "ERROR":
        return WORKER_DIED
    if isinstance(status.error, PortableWorkflowError) and status.error.code:
        return str(status.error.code)
    return SecondReadError.code
