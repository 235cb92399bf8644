"""Exams whose images are still coming in: one row each, from the first image until nobody waits any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from screening.domain.identifiers import StudyInstanceUid
from screening.store.inserts import insert_once
from screening.store.tables import AwaitedExamRow
from screening.workflow.ports import AwaitedExam


class SqlAwaitedExams:
    """The `AwaitedExams` port over SQL."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def note(self, awaited: AwaitedExam, quiet: timedelta, longest: timedelta, *, priors_pending: bool = False) -> bool:
        """An image came: due `quiet` after it, and at the latest `longest` after the first one."""
        at = awaited.last_at
        first = insert_once(
            self._session,
            AwaitedExamRow,
            exam=awaited.exam,
            study_instance_uid=awaited.study,
            unit=awaited.unit,
            last_at=at,
            due_at=at + min(quiet, longest),
            latest_at=at + longest,
            priors_pending=priors_pending,
        )
        if not first:
            this = select(AwaitedExamRow).where(AwaitedExamRow.exam == awaited.exam).with_for_update()
            row = self._session.scalars(this).one()
            row.last_at = max(row.last_at, at)
            row.due_at = min(row.last_at + quiet, row.latest_at)
            self._session.flush()
        return first

    def priors_asked(self, exam: str) -> None:
        """Archives were asked for a prior of this exam."""
        self._session.execute(update(AwaitedExamRow).where(AwaitedExamRow.exam == exam).values(priors_pending=False))

    def due(self, now: datetime, most: int) -> Sequence[AwaitedExam]:
        """Exams that waited long enough, the longest waiting first."""
        complete = (AwaitedExamRow.due_at <= now) & AwaitedExamRow.priors_pending.is_(False)
        waited = select(AwaitedExamRow).where(complete | (AwaitedExamRow.latest_at <= now))
        rows = self._session.scalars(waited.order_by(AwaitedExamRow.due_at).limit(most))
        return [AwaitedExam(row.exam, StudyInstanceUid(row.study_instance_uid), row.unit, row.last_at) for row in rows]

    def settle(self, awaited: AwaitedExam) -> bool:
        """Stop waiting, unless an image came since `last_at`; returns whether it was settled."""
        gone = delete(AwaitedExamRow).where(
            AwaitedExamRow.exam == awaited.exam, AwaitedExamRow.last_at == awaited.last_at
        )
        return self._session.scalar(gone.returning(AwaitedExamRow.exam)) is not None
