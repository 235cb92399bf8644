"""The `VitalSigns` port over SQL: counts and latest times, by a few queries that list no case.

Takes no write lock, so that asking after the service never holds it up.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Engine, Select, func, select
from sqlalchemy.orm import Session

from screening.domain.case import CaseState
from screening.domain.delivery import DeliveryState
from screening.domain.identifiers import Participant, PersonId, StudyInstanceUid
from screening.domain.selftest import PASSED, SELFTEST
from screening.domain.study import StudyHeader, exam_id
from screening.domain.vitals import Steps, Vitals
from screening.store.reading import reading
from screening.store.selftests import of_women
from screening.store.tables import (
    AiReadRow,
    AwaitedExamRow,
    CaseEventRow,
    CaseRow,
    DeliveryRow,
    InstanceRow,
    LedgerRow,
    PersonRow,
    StudyRow,
)
from screening.store.vitals_jobs import job_counts, oldest_job_at

_LOOKED_BACK: Final = 2000
"""Entries of the ledger among which AI's recent answers are looked for."""
_RECENT: Final = 20
_PROBES: Final = 10
"""Self-test exams among which the latest that passed is looked for."""

_SCORED, _REFUSED = "AiScored", "AiRefused"


class SqlVitals:
    """Reads one database; keeps nothing between calls, so threads may share it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(self) -> Vitals:
        """Counts and latest times."""
        with reading(self._engine) as session:
            reads, refusals = _answers(session)
            return Vitals(
                cases=_cases(session),
                awaited=session.scalar(select(func.count()).select_from(AwaitedExamRow)) or 0,
                jobs=tuple(job_counts(session)),
                oldest_job_at=oldest_job_at(session),
                oldest_delivery_at=_oldest_delivery(session),
                live=_live(session),
                selftest=_selftest(session),
                recent_reads=reads,
                recent_refusals=refusals,
                recorded_at=session.scalar(select(LedgerRow.at).order_by(LedgerRow.sequence.desc()).limit(1)),
            )

    def deliveries(self) -> Mapping[tuple[str, str], int]:
        """Deliveries by destination and state."""
        key = DeliveryRow.destination, DeliveryRow.state
        with reading(self._engine) as session:
            rows = session.execute(select(*key, func.count()).group_by(*key))
            return {(destination, state): count for destination, state, count in rows}

    def exam_of(self, study: str) -> str | None:
        """Correlation id of the exam that this study belongs to."""
        with reading(self._engine) as session:
            return _exam(session, StudyRow.study_instance_uid == study)

    def exam_of_commitment(self, transaction_uid: str) -> str | None:
        """Correlation id of the exam whose results a destination was asked to keep."""
        asked = (
            select(CaseRow.study_instance_uid)
            .join(DeliveryRow, DeliveryRow.case_id == CaseRow.case_id)
            .where(DeliveryRow.transaction_uid == transaction_uid)
        )
        with reading(self._engine) as session:
            return _exam(session, StudyRow.study_instance_uid.in_(asked))

    def first_image_at(self, study: str) -> datetime | None:
        """When the first image of a woman's study was registered."""
        found = select(StudyRow.received_at).where(StudyRow.study_instance_uid == study)
        with reading(self._engine) as session:
            return session.scalar(found.where(of_women(StudyRow.study_instance_uid)))


def _cases(session: Session) -> dict[str, int]:
    rows = session.execute(
        select(CaseRow.state, func.count()).where(of_women(CaseRow.study_instance_uid)).group_by(CaseRow.state)
    )
    return {state.value: 0 for state in CaseState} | {str(state): int(count) for state, count in rows}


def _live(session: Session) -> Steps:
    received = select(InstanceRow.received_at).where(of_women(InstanceRow.study_instance_uid))
    read = select(AiReadRow.at).where(of_women(AiReadRow.study_instance_uid))
    delivered = select(func.max(DeliveryRow.updated_at)).where(DeliveryRow.state != DeliveryState.WAITING.value)
    return Steps(
        session.scalar(received.order_by(InstanceRow.arrival.desc()).limit(1)),
        session.scalar(read.order_by(AiReadRow.ordinal.desc()).limit(1)),
        session.scalar(delivered),
    )


def _selftest(session: Session) -> Steps:
    probes = session.execute(_probes()).all()
    ended = (
        select(func.max(CaseEventRow.at))
        .join(CaseRow, CaseRow.case_id == CaseEventRow.case_id)
        .where(CaseRow.study_instance_uid.in_([uid for uid, _at in probes]), CaseEventRow.actor == PASSED)
    )
    return Steps(max((at for _uid, at in probes), default=None), session.scalar(ended))


def _probes() -> Select[str, datetime]:
    return (
        select(StudyRow.study_instance_uid, StudyRow.received_at)
        .join(PersonRow, PersonRow.id == StudyRow.person_id)
        .where(PersonRow.issuer == SELFTEST.issuer, PersonRow.value == SELFTEST.value)
        .order_by(StudyRow.study_date.desc(), StudyRow.arrival.desc())
        .limit(_PROBES)
    )


def _answers(session: Session) -> tuple[int, int]:
    """How many of AI's latest answers about women were scores, and how many refusals."""
    head = session.scalar(select(func.max(LedgerRow.sequence))) or 0
    kinds = session.scalars(
        select(CaseEventRow.kind)
        .join(CaseRow, CaseRow.case_id == CaseEventRow.case_id)
        .where(CaseEventRow.link > head - _LOOKED_BACK, CaseEventRow.kind.in_([_SCORED, _REFUSED]))
        .where(of_women(CaseRow.study_instance_uid))
        .order_by(CaseEventRow.link.desc())
        .limit(_RECENT)
    ).all()
    return kinds.count(_SCORED), kinds.count(_REFUSED)


def _oldest_delivery(session: Session) -> datetime | None:
    waiting = DeliveryRow.state == DeliveryState.WAITING.value
    return session.scalar(select(func.min(DeliveryRow.begun_at)).where(waiting))


def _exam(session: Session, which: ColumnElement[bool]) -> str | None:
    row = session.execute(
        select(StudyRow, PersonRow).join(PersonRow, PersonRow.id == StudyRow.person_id).where(which).limit(1)
    ).one_or_none()
    if row is None:
        return None
    study, person = row
    nobody_else = Participant(PersonId(person.issuer, person.value))
    uid = StudyInstanceUid(study.study_instance_uid)
    return exam_id(StudyHeader(uid, nobody_else, study.accession_number, study.study_date))
