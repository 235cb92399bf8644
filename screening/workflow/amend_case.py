"""Other facts people record about a case: objections, late images, holds, withdrawal, what the hospital found later."""

from __future__ import annotations

from screening.domain import events as ev
from screening.domain.identifiers import CaseId
from screening.workflow.ports import Clock, UnitOfWork
from screening.workflow.recorded_case import load, record

PersonalFact = (
    ev.ObjectionRecorded
    | ev.LateImagesResolved
    | ev.Held
    | ev.Resumed
    | ev.CaseWithdrawn
    | ev.ReadWithdrawn
    | ev.AssessmentReceived
    | ev.IntervalCancerReported
)


def amend_case(uow: UnitOfWork, clock: Clock, case: CaseId, fact: PersonalFact, actor: str) -> None:
    """Record the fact for a person. Raises EventNotAllowed when it has no place in the state of the case."""
    record(uow, load(uow, case), fact, actor, clock.now())
