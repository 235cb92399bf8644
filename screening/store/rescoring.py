"""Runs of rescoring and their results over SQL, with the objections that keep an exam out of them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeVarTuple

from sqlalchemy import ColumnElement, Select, func, insert, or_, select, update
from sqlalchemy import case as sql_case
from sqlalchemy.orm import Session, aliased

from screening.domain.errors import NotFound
from screening.domain.events import Objection, ObjectionRecorded
from screening.domain.identifiers import PersonId, StudyInstanceUid
from screening.store.documents import OBJECTIONS, Document, read_fact
from screening.store.inserts import insert_once
from screening.store.mapping import IMAGE
from screening.store.people import People
from screening.store.rescoring_table import RescoreExamRow, RescoreRunRow
from screening.store.selftests import of_women
from screening.store.tables import CaseEventRow, CaseRow, EpisodeRecordRow, InstanceRow, PersonRow, StudyRow
from screening.workflow.rescore_values import ExamState, PlannedExam, RescoreProgress, RescoreRow, RescoreRun

_RUNS: Final = Document(RescoreRun)
_PLANS: Final = Document(PlannedExam)
_ROWS: Final = Document(RescoreRow)
_KEY_BYTES: Final = 32
_BLOCK: Final = 500
Columns = TypeVarTuple("Columns")


class SqlRescoring:
    """The `Rescorings` port over SQL."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._people = People(session)

    def begin(self, run: RescoreRun, at: datetime) -> None:
        """Keep a run; idempotent. Every run makes exam keys with the key of the first, so that tables can be joined."""
        known = self._session.scalar(select(RescoreRunRow.key).order_by(RescoreRunRow.at, RescoreRunRow.run).limit(1))
        key = known or secrets.token_hex(_KEY_BYTES)
        insert_once(self._session, RescoreRunRow, run=run.run, key=key, at=at, document=_RUNS.write(run))

    def run(self, run: str) -> RescoreRun:
        """Raises NotFound."""
        return _RUNS.read(self._run(run).document)

    def begun_at(self, run: str) -> datetime:
        """When the run was first started. Raises NotFound."""
        return self._run(run).at

    def add(self, run: str, exams: Sequence[PlannedExam], chunk: int) -> Sequence[int]:
        """Plan those exams that the run does not have yet, in new chunks of this size; returns the chunk numbers.

        Two planners take turns at the row of the run, so that no chunk gets a number twice.
        """
        self._session.execute(select(RescoreRunRow.run).where(RescoreRunRow.run == run).with_for_update())
        fresh = {exam.study: exam for exam in exams}
        for study in self._known(run, list(fresh)):
            del fresh[study]
        last = self._session.scalar(select(func.max(RescoreExamRow.chunk)).where(RescoreExamRow.run == run)) or 0
        rows = [self._planned(run, exam, last + 1 + number // chunk) for number, exam in enumerate(fresh.values())]
        if rows:
            self._session.execute(insert(RescoreExamRow), rows)
        return sorted({last + 1 + number // chunk for number in range(len(rows))})

    def waiting(self, run: str, chunk: int) -> Sequence[PlannedExam]:
        """Exams of a chunk that are still to be read, by UID."""
        plans = self._session.scalars(
            select(RescoreExamRow.plan)
            .where(_of(run), RescoreExamRow.chunk == chunk, RescoreExamRow.state == ExamState.WAITING.value)
            .order_by(RescoreExamRow.study_instance_uid)
        )
        return [_PLANS.read(plan) for plan in plans]

    def keep(self, run: str, study: StudyInstanceUid, row: RescoreRow) -> bool:
        """Keep what an exam came to, under its key; the first row stands. Returns whether this was it."""
        document = _ROWS.write(row.keyed(self._exam_key(run, study)))
        waiting = RescoreExamRow.state == ExamState.WAITING.value
        kept = self._session.scalar(
            update(RescoreExamRow)
            .where(_of(run), RescoreExamRow.study_instance_uid == study, waiting)
            .values(state=ExamState.DONE.value, document=document)
            .returning(RescoreExamRow.chunk)
        )
        return kept is not None

    def leave_out(self, run: str, study: StudyInstanceUid, state: ExamState) -> None:
        """Take an exam out of the results, also one that was read already: its row goes."""
        self._session.execute(
            update(RescoreExamRow)
            .where(_of(run), RescoreExamRow.study_instance_uid == study)
            .values(state=state.value, document="")
        )

    def row(self, run: str, study: StudyInstanceUid) -> RescoreRow | None:
        """What an exam came to in a run."""
        document = self._session.scalar(
            select(RescoreExamRow.document).where(_of(run), RescoreExamRow.study_instance_uid == study)
        )
        return _ROWS.read(document) if document else None

    def rows(self, run: str, chunk: int) -> Sequence[RescoreRow]:
        """The results of a chunk, by key."""
        documents = self._session.scalars(
            select(RescoreExamRow.document).where(_of(run), RescoreExamRow.chunk == chunk, _done())
        )
        return sorted(map(_ROWS.read, documents), key=lambda row: row.exam_key)

    def chunks(self, run: str) -> Sequence[tuple[int, bool]]:
        """Every chunk of a run, and whether it still has exams that wait."""
        waits = func.sum(sql_case((RescoreExamRow.state == ExamState.WAITING.value, 1), else_=0))
        found = self._session.execute(
            select(RescoreExamRow.chunk, waits)
            .where(_of(run))
            .group_by(RescoreExamRow.chunk)
            .order_by(RescoreExamRow.chunk)
        )
        return [(chunk, bool(count)) for chunk, count in found]

    def progress(self, run: str) -> RescoreProgress:
        """How far it is."""
        counted = select(RescoreExamRow.state, func.count()).where(_of(run)).group_by(RescoreExamRow.state)
        return RescoreProgress({ExamState(state): count for state, count in self._session.execute(counted)})

    def read_by_run(self, run: str) -> Iterator[StudyInstanceUid]:
        """Every exam of the run that has a row."""
        for uid in self._session.scalars(select(RescoreExamRow.study_instance_uid).where(_of(run), _done())):
            yield StudyInstanceUid(uid)

    def stored_exams(self) -> Iterator[PlannedExam]:
        """Every exam of this installation's own store that holds an image, self-tests left out.

        Studies of one order (`exam_key`) are one exam, named by the smallest UID.
        """
        has_image = (
            select(InstanceRow.arrival)
            .where(InstanceRow.study_instance_uid == StudyRow.study_instance_uid, InstanceRow.kind == IMAGE)
            .exists()
        )
        rows = self._session.execute(
            select(
                StudyRow.study_instance_uid,
                StudyRow.accession_number,
                StudyRow.study_date,
                PersonRow.issuer,
                PersonRow.value,
            )
            .join(PersonRow, PersonRow.id == StudyRow.person_id)
            .where(has_image, of_women(StudyRow.study_instance_uid))
            .order_by(StudyRow.study_instance_uid)
        )
        seen = set[tuple[object, ...]]()
        for uid, accession, day, issuer, value in rows:
            key = (issuer, value, accession, day) if accession and value else (uid,)
            if key not in seen:
                seen.add(key)
                yield PlannedExam(StudyInstanceUid(uid), person=PersonId(issuer, value))

    def objections(self, run: str, study: StudyInstanceUid) -> frozenset[Objection]:
        """What the woman of this exam objected to, in any episode that the store knows."""
        found = self._objections(RescoreExamRow.study_instance_uid == study, run)
        return found.get(study, frozenset())

    def objecting_exams(self, run: str) -> Iterator[tuple[StudyInstanceUid, frozenset[Objection]]]:
        """Exams of the run that the store knows to be of a woman who objected to anything."""
        for study, objections in self._objections(_of(run), run).items():
            yield StudyInstanceUid(study), objections

    def _objections(self, which: ColumnElement[bool], run: str) -> dict[str, frozenset[Objection]]:
        found = defaultdict[str, set[Objection]](set)
        for uid, objections in self._session.execute(_announced(run).where(which)):
            found[uid].update(OBJECTIONS.read(objections))
        for statement in (_recorded_of_woman(run), _recorded_of_study(run)):
            for uid, kind, document in self._session.execute(statement.where(which)):
                fact = read_fact(kind, document)
                if isinstance(fact, ObjectionRecorded):
                    found[uid].add(fact.objection)
        return {uid: frozenset(objections) for uid, objections in found.items() if objections}

    def _run(self, run: str) -> RescoreRunRow:
        found = self._session.get(RescoreRunRow, run)
        if found is None:
            raise NotFound("no rescoring run has this id")
        return found

    def _known(self, run: str, studies: Sequence[StudyInstanceUid]) -> Iterator[StudyInstanceUid]:
        for first in range(0, len(studies), _BLOCK):
            block = studies[first : first + _BLOCK]
            known = select(RescoreExamRow.study_instance_uid).where(
                _of(run), RescoreExamRow.study_instance_uid.in_(block)
            )
            yield from map(StudyInstanceUid, self._session.scalars(known))

    def _planned(self, run: str, exam: PlannedExam, chunk: int) -> dict[str, object]:
        person = exam.person
        return {
            "run": run,
            "study_instance_uid": exam.study,
            "person_id": self._people.person(person) if person is not None and person.value else None,
            "chunk": chunk,
            "state": ExamState.WAITING.value,
            "plan": _PLANS.write(replace(exam, person=None)),
            "document": "",
        }

    def _exam_key(self, run: str, study: StudyInstanceUid) -> str:
        """A keyed hash (HMAC-SHA-256, 32 hex digits): the same exam has the same key in every run of this database."""
        return hmac.new(bytes.fromhex(self._run(run).key), study.encode(), hashlib.sha256).hexdigest()[:32]


def _of(run: str) -> ColumnElement[bool]:
    return RescoreExamRow.run == run


def _done() -> ColumnElement[bool]:
    return RescoreExamRow.state == ExamState.DONE.value


_EXAM_WOMAN: Final = aliased(PersonRow)
_WOMAN: Final = aliased(PersonRow)


def _announced(run: str) -> Select[str, str]:
    """Exams of the run with the objections of every episode of their woman."""
    return (
        _with_woman(select(RescoreExamRow.study_instance_uid, EpisodeRecordRow.objections), run)
        .join(EpisodeRecordRow, EpisodeRecordRow.person_id == _WOMAN.id)
        .where(EpisodeRecordRow.objections != "[]")
    )


def _recorded_of_woman(run: str) -> Select[str, str, str]:
    """Exams of the run with the objections recorded in any case of their woman."""
    return (
        _with_woman(select(RescoreExamRow.study_instance_uid, CaseEventRow.kind, CaseEventRow.document), run)
        .join(StudyRow, StudyRow.person_id == _WOMAN.id)
        .join(CaseRow, CaseRow.study_instance_uid == StudyRow.study_instance_uid)
        .join(CaseEventRow, CaseEventRow.case_id == CaseRow.case_id)
        .where(CaseEventRow.kind == ObjectionRecorded.__name__)
    )


def _recorded_of_study(run: str) -> Select[str, str, str]:
    """Exams of the run with the objections recorded in a case of the very study, whoever it says the woman is."""
    return (
        select(RescoreExamRow.study_instance_uid, CaseEventRow.kind, CaseEventRow.document)
        .join(CaseRow, CaseRow.study_instance_uid == RescoreExamRow.study_instance_uid)
        .join(CaseEventRow, CaseEventRow.case_id == CaseRow.case_id)
        .where(_of(run), CaseEventRow.kind == ObjectionRecorded.__name__)
    )


def _with_woman(exams: Select[*Columns], run: str) -> Select[*Columns]:
    """Joined with everybody in the store who may be the woman: her number, and issuers that do not contradict."""
    same_issuer = or_(_WOMAN.issuer == _EXAM_WOMAN.issuer, _WOMAN.issuer == "", _EXAM_WOMAN.issuer == "")
    return (
        exams.join(_EXAM_WOMAN, _EXAM_WOMAN.id == RescoreExamRow.person_id)
        .join(_WOMAN, (_WOMAN.value == _EXAM_WOMAN.value) & same_issuer)
        .where(_of(run))
    )
