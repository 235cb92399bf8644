"""What may leave for research, and under which names: the women who did not object, their objects and their cases.

Decides who and what; how an object is made anonymous is the business of the `Deidentifier`. Reads only. An exam is left
out when its woman objected in any episode, when nobody can tell whose it is (so nobody could know whether she
objected), and when it is in quarantine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from screening.domain.episode import EpisodeRow
from screening.domain.events import Objection
from screening.domain.identifiers import CaseId, PersonId, StudyInstanceUid
from screening.domain.selftest import is_selftest
from screening.domain.study import Image, StoredObject, Study, StudyHeader
from screening.workflow.ports import UnitOfWork
from screening.workflow.pseudonyms import Pseudonyms

OLDEST: Final = 90
"""Ages above are told as this one: there are few such women."""


class Objections(Protocol):
    """Who objected to what, wherever it was recorded."""

    def objecting(self, objection: Objection) -> frozenset[PersonId]:
        """Women with this objection in any of their episodes or cases."""
        ...


@dataclass(frozen=True)
class Subject:
    """A woman as the export names her; `known` is what the store knows of her and must not be found in the export."""

    pseudonym: str
    shift: timedelta = field(repr=False)
    known: frozenset[str] = field(default=frozenset(), repr=False)


@dataclass(frozen=True)
class PlannedExam:
    """One exam that may leave, with the pseudonyms of its cases."""

    subject: Subject
    study: Study
    cases: tuple[str, ...] = ()

    @property
    def contents(self) -> tuple[Image | StoredObject, ...]:
        """Every object of the exam."""
        return (*self.study.images, *self.study.others)


@dataclass(frozen=True)
class LeftOut:
    """How many women and exams were left out whole, by reason; nothing here tells who."""

    women_objected: int = 0
    exams_objected: int = 0
    exams_without_patient_id: int = 0
    exams_in_quarantine: int = 0


@dataclass(frozen=True)
class ExportPlan:
    """Everything that may leave."""

    exams: tuple[PlannedExam, ...]
    left_out: LeftOut
    subjects: Mapping[CaseId, Subject] = field(repr=False, default_factory=dict)


class Treatment(StrEnum):
    """What became of an object."""

    EXPORTED = "exported"
    MASKED = "masked"
    LEFT_OUT = "left_out"


@dataclass(frozen=True)
class Treated:
    """What became of one object: new UIDs, why it was masked or left out, and how often each attribute was changed.

    `changes` maps what was done (`removed`, `emptied`, `replaced`, `dates_shifted`, ...) to attribute keywords and
    counts; it holds no value of any attribute.
    """

    treatment: Treatment
    sop_instance_uid: str
    sop_class_uid: str
    reason: str = ""
    changes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


class Deidentifier(Protocol):
    """Makes DICOM objects anonymous (PS3.15 Annex E)."""

    @property
    def options(self) -> tuple[str, ...]:
        """The profile and its options, in words, as every exported object states them."""
        ...

    @property
    def recipe(self) -> str:
        """What changes whenever the same object would be treated in another way."""
        ...

    def treat(self, source: Path, target: Path, subject: Subject) -> Treated:
        """Write the object without its identity to `target`, or nothing when it is left out."""
        ...


def plan_export(uow: UnitOfWork, objections: Objections, pseudonyms: Pseudonyms) -> ExportPlan:
    """Everything in the store that may leave, exams in order of arrival."""
    objected = objections.objecting(Objection.NO_RESEARCH)
    cases = _cases_by_study(uow)
    exams: list[PlannedExam] = []
    subjects: dict[CaseId, Subject] = {}
    reasons: list[tuple[str, PersonId]] = []
    for study in _exams(uow):
        person, reason = study.header.person, _why_not(study, objected)
        if reason:
            reasons.append((reason, person))
            continue
        subject = _subject(study.header, pseudonyms)
        found = [case for uid in _uids(study) for case in cases.get(uid, ())]
        subjects |= dict.fromkeys(found, subject)
        exams.append(PlannedExam(subject, study, tuple(pseudonyms.name("case", case) for case in found)))
    return ExportPlan(tuple(exams), _left_out(reasons, objected), subjects)


def research_rows(uow: UnitOfWork, plan: ExportPlan, pseudonyms: Pseudonyms) -> Iterator[EpisodeRow]:
    """The row of every case of the plan, with pseudonyms and shifted dates, in the order of the pseudonyms.

    The rows have no free text to begin with. Order of opening would tell the order of the real dates, so it is lost.
    """
    rows = [_row(row, subject, pseudonyms) for row, subject in _told(uow.audit.episode_rows(), plan.subjects)]
    return iter(sorted(rows, key=lambda row: row.case))


def _told(rows: Iterable[EpisodeRow], subjects: Mapping[CaseId, Subject]) -> Iterator[tuple[EpisodeRow, Subject]]:
    for row in rows:
        subject = subjects.get(CaseId(row.case))
        if subject is not None:
            yield row, subject


def _row(row: EpisodeRow, subject: Subject, pseudonyms: Pseudonyms) -> EpisodeRow:
    """One row; the episode carries the woman's pseudonym, so that her rounds can be told to be hers."""
    return replace(
        row,
        case=pseudonyms.name("case", row.case),
        episode=f"{subject.pseudonym}-{pseudonyms.name('episode', row.episode)}",
        unit=_named("unit", row.unit or None, pseudonyms) or "",
        reader_1=_named("reader", row.reader_1, pseudonyms),
        reader_2=_named("reader", row.reader_2, pseudonyms),
        ai_calibration=_named("calibration", row.ai_calibration, pseudonyms),
        age_years=min(row.age_years, OLDEST) if row.age_years is not None else None,
        screened_on=_moved(row.screened_on, subject.shift),
        released_on=_moved(row.released_on, subject.shift),
    )


def _named(kind: str, value: str | None, pseudonyms: Pseudonyms) -> str | None:
    return pseudonyms.name(kind, value) if value is not None else None


def _moved(day: date | None, shift: timedelta) -> date | None:
    return day + shift if day is not None else None


def _exams(uow: UnitOfWork) -> Iterator[Study]:
    """Every exam once; the service's own self-tests are nobody's."""
    seen: set[StudyInstanceUid] = set()
    for uid in uow.exams.studies():
        if uid in seen:
            continue
        study = uow.exams.study(uid)
        seen |= {uid, *_uids(study)}
        if not is_selftest(study.header.person):
            yield study


def _uids(study: Study) -> list[StudyInstanceUid]:
    """The study UIDs that the exam came under."""
    images = {image.study_instance_uid for image in study.images}
    return sorted({study.study_instance_uid, *images, *(other.study_instance_uid for other in study.others)})


def _cases_by_study(uow: UnitOfWork) -> Mapping[StudyInstanceUid, list[CaseId]]:
    found: dict[StudyInstanceUid, list[CaseId]] = {}
    for case in uow.cases.list():
        found.setdefault(case.study, []).append(case.case)
    return found


def _why_not(study: Study, objected: frozenset[PersonId]) -> str:
    """Why the exam is left out whole, "" when it is not."""
    if study.header.person in objected:
        return "objected"
    if not study.header.person.value:
        return "nobody"
    return "quarantine" if study.quarantine is not None else ""


def _left_out(reasons: list[tuple[str, PersonId]], objected: frozenset[PersonId]) -> LeftOut:
    why = [reason for reason, _person in reasons]
    return LeftOut(len(objected), why.count("objected"), why.count("nobody"), why.count("quarantine"))


def _subject(header: StudyHeader, pseudonyms: Pseudonyms) -> Subject:
    woman = header.participant
    known = {
        *(woman.family, woman.given, woman.birth_date, woman.birth_date.replace("-", "")),
        *(header.person.value, header.accession_number, header.study_id),
        *(header.institution, f"{header.referring_physician}^"),
    }
    if header.study_date is not None:
        known |= {header.study_date.isoformat(), header.study_date.strftime("%Y%m%d")}
    return Subject(pseudonyms.woman(header.person), pseudonyms.shift(header.person), frozenset(known - {"", "^"}))
