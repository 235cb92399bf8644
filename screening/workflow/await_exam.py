"""Wait until an exam is complete: images trickle in over minutes, and nothing in DICOM says which one is the last.

An exam is taken up once no image came for a quiet period, and at the latest some time after its first image. What
comes later still is not lost: it brings the open case up to date (`open_case`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from screening.domain.identifiers import CaseId
from screening.domain.policy import Policy
from screening.domain.study import StudyHeader, exam_id
from screening.workflow.open_case import open_case
from screening.workflow.ports import AwaitedExam, Clock, ReadInstance, Registered, UnitOfWork, UnitOfWorkFactory

AT_ONCE = 100
"""Exams taken up in one round of housekeeping."""


FETCH_JOB = "fetch_prior"


@dataclass(frozen=True)
class Patience:
    """How long to wait for more images of an exam: after the last one, and after the first one at most.

    A study older than `current_for` is a prior that somebody sent along, and opens no case. With `ask_archives` the
    exam also waits, no longer than `longest`, until archives were asked for a prior.
    """

    quiet: timedelta = timedelta(seconds=60)
    longest: timedelta = timedelta(minutes=15)
    current_for: timedelta = timedelta(days=180)
    ask_archives: bool = False


def await_exam(
    uow: UnitOfWork, instance: ReadInstance, registered: Registered, unit: str, patience: Patience, at: datetime
) -> None:
    """Note that an image of an exam came, in the transaction that registers it; what is known already changes nothing.

    A second object under a known UID is in quarantine for a person to see, and concerns no case.
    """
    header = instance.header
    if registered is not Registered.NEW or _is_prior(header, patience, at):
        return
    exam = exam_id(header)
    awaited = AwaitedExam(exam, header.study_instance_uid, unit, at)
    first = uow.awaited.note(awaited, patience.quiet, patience.longest, priors_pending=patience.ask_archives)
    if first and patience.ask_archives:
        uow.jobs.enqueue(FETCH_JOB, f"{FETCH_JOB}:{exam}:{at.isoformat()}", header.study_instance_uid, exam)


def _is_prior(header: StudyHeader, patience: Patience, at: datetime) -> bool:
    return header.study_date is not None and header.study_date < (at - patience.current_for).date()


def take_up_due(
    units: UnitOfWorkFactory,
    clock: Clock,
    policy: Policy,
    taken: Callable[[AwaitedExam, CaseId | None], None] = lambda _exam, _case: None,
) -> list[CaseId]:
    """Open or bring up to date the case of every exam that waited long enough, each in a transaction of its own.

    `taken` is told of every exam that nobody waits for any more.

    Two processes may do so at once: opening is idempotent, and an exam that got an image meanwhile stays awaited.
    """
    with units() as uow:
        due = uow.awaited.due(clock.now(), AT_ONCE)
    found = []
    for awaited in due:
        with units() as uow:
            if not uow.awaited.settle(awaited):
                continue
            case = open_case(uow, awaited.study, policy, awaited.unit, clock.now())
        taken(awaited, case)
        found += [case] if case is not None else []
    return found
