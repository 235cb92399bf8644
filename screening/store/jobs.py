"""The `Jobs` port over DBOS: enqueued in the caller's own transaction, so that what was accepted is never lost.

Only names and ids are handed over. The code that works jobs off is in `runner`; the job engine shows nowhere else.
"""

from __future__ import annotations

from typing import Final

from dbos import DBOSClient
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from screening.domain.errors import InvalidInput
from screening.store.job_names import APPLICATION, APPLICATION_VERSION, QUEUE, WORKFLOW, serializer

_ID_LENGTH: Final = 128


def open_client(engine: Engine) -> DBOSClient:
    """Client of the job engine on our own database; connects on first use."""
    return DBOSClient(system_database_engine=engine, serializer=serializer(), application_name=APPLICATION, lazy=True)


class SqlJobs:
    """Enqueues within a session's transaction."""

    def __init__(self, session: Session, client: DBOSClient) -> None:
        self._session = session
        self._client = client

    def enqueue(self, name: str, key: str, *ids: str) -> None:
        """Enqueue job `name` for these ids, the study UID first; the same key is done once.

        Jobs with the same first id never overlap and run in the order they were enqueued. Raises InvalidInput
        without an id, or for an id too long to be one.
        """
        if not ids or any(not part or len(part) > _ID_LENGTH for part in (key, *ids)):
            raise InvalidInput("a job names its study and carries ids only")
        self._session.flush()
        self._client.enqueue_in_transaction(
            self._session,
            {
                "workflow_name": WORKFLOW,
                "queue_name": QUEUE,
                "workflow_id": key,
                "app_version": APPLICATION_VERSION,
                "queue_partition_key": ids[0],
            },
            name,
            list(ids),
        )
