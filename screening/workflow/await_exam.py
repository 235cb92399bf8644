"""Wait until an exam is complete: images trickle in over minutes, and nothing in DICOM says which one is the last.

An exam is taken up once no image came for a quiet period, and at the latest some time after its first image. What
comes later still is not lost: it brings the open case up to date (`open_case`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from screening.domain.identifiers import CaseId, stable_id
from screening.domain.policy import Policy
from screening.domain.study import exam_key
from screening.workflow.open_case import open_case
from screening.workflow.ports import AwaitedExam, Clock, ReadInstance, Registered, UnitOfWork, UnitOfWorkFactory

AT_ONCE = 100
"""Exams taken up in one round of housekeeping."""


@dataclass(frozen=True)
class Patience:
    """How long to wait for more images of an exam: after the last one, and after the first one at most."""

    quiet: timedelta = timedelta(seconds=60)
    longest: timedelta = timedelta(minutes=15)


def await_exam(
    uow: UnitOfWork, instance: ReadInstance, registered: Registered, unit: str, patience: Patience, at: datetime
) -> None:
    """Note that an image of an exam came, in the transaction that registers it; what is known already changes nothing.

    A second object under a known UID is in quarantine for a person to see, and concerns no case.
    """
    if registered is not Registered.NEW:
        return
    exam = stable_id("exam", *exam_key(instance.header))
    uow.awaited.note(AwaitedExam(exam, instance.header.study_instance_uid, unit, at), patience.quiet, patience.longest)


def take_up_due(units: UnitOfWorkFactory, clock: Clock, policy: Policy) -> list[CaseId]:
    """Open or bring up to date the case of every exam that waited long enough, each in a transaction of its own.

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
        found += [case] if case is not None else []
    return found
