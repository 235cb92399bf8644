"""Counts of durable jobs, read from the job engine's own table without loading any job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import ColumnElement, case, column, func, select, table
from sqlalchemy.orm import Session
from sqlalchemy.sql.expression import TableClause

from screening.domain.vitals import JobCount, JobState
from screening.store.jobs import PARKED, QUEUE, WORKFLOW

_STATES: Final = {
    "ENQUEUED": JobState.WAITING,
    "DELAYED": JobState.DELAYED,
    "PENDING": JobState.RUNNING,
    **dict.fromkeys(PARKED, JobState.PARKED),
}
_COLUMNS: Final = ["workflow_uuid", "name", "status", "queue_name", "created_at", "delay_until_epoch_ms"]


def job_counts(session: Session) -> Iterator[JobCount]:
    """Jobs that are not done, by name and state; the name is what stands before the colon of a key."""
    jobs = _table(session)
    name = _name(session, jobs)
    wanted = select(name, jobs.c.status, func.count()).where(jobs.c.status.in_(_STATES), jobs.c.name == WORKFLOW)
    counts = Counter[tuple[str, JobState]]()
    for found, status, count in session.execute(wanted.group_by(name, jobs.c.status)):
        counts[found or "unnamed", _STATES[status]] += count
    for (found, state), count in sorted(counts.items()):
        yield JobCount(found, state, count)


def oldest_job_at(session: Session) -> datetime | None:
    """Since when the job waits that waits longest; one put off on purpose waits from the time it was put off to."""
    jobs = _table(session)
    put_off = case((jobs.c.delay_until_epoch_ms > jobs.c.created_at, jobs.c.delay_until_epoch_ms))
    since = func.min(func.coalesce(put_off, jobs.c.created_at))
    found = session.scalar(select(since).where(jobs.c.status == "ENQUEUED", jobs.c.queue_name == QUEUE))
    return None if found is None else datetime.fromtimestamp(found / 1000, UTC)


def _table(session: Session) -> TableClause:
    on_server = session.get_bind().dialect.name == "postgresql"
    return table("workflow_status", *map(column, _COLUMNS), schema="dbos" if on_server else None)


def _name(session: Session, jobs: TableClause) -> ColumnElement[str]:
    key = jobs.c.workflow_uuid
    if session.get_bind().dialect.name == "postgresql":
        return func.split_part(key, ":", 1)
    return func.substr(key, 1, func.instr(key, ":") - 1)
