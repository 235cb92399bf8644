"""Release the outcome of a concluded case and have its report composed."""

from __future__ import annotations

from screening.domain import events as ev
from screening.domain.admission import check_releasable
from screening.domain.errors import EventNotAllowed
from screening.domain.identifiers import CaseId, StudyInstanceUid
from screening.domain.outcome import Outcome
from screening.workflow.deliver_results import ask_for_delivery
from screening.workflow.ports import Clock, UnitOfWork
from screening.workflow.recorded_case import load, record

COMPOSE_REPORT_JOB = "compose_report"


def release(uow: UnitOfWork, clock: Clock, case: CaseId, actor: str) -> Outcome:
    """Release what follows from the recorded facts, and nothing else.

    Raises EventNotAllowed when the case has not concluded, CaseHeld while a hold stands or late images wait.
    """
    recorded = load(uow, case)
    status = recorded.status(clock.now())
    check_releasable(status)
    if status.outcome is None:
        raise EventNotAllowed("a case without an outcome has nothing to release")
    record(uow, recorded, ev.OutcomeReleased(status.outcome), actor, clock.now())
    study = recorded.facts.opened.study if recorded.facts.opened else StudyInstanceUid("")
    uow.jobs.enqueue(COMPOSE_REPORT_JOB, f"{COMPOSE_REPORT_JOB}:{case}:1", study, case)
    ask_for_delivery(uow, study, case, "released")
    return status.outcome
