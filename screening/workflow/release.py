"""Release the outcome of a concluded case and have its report composed."""

from __future__ import annotations

from screening.domain import events as ev
from screening.domain.errors import CaseHeld, EventNotAllowed
from screening.domain.identifiers import CaseId
from screening.domain.outcome import Outcome
from screening.workflow.ports import Clock, UnitOfWork
from screening.workflow.recorded_case import load, record

COMPOSE_REPORT_JOB = "compose_report"


def release(uow: UnitOfWork, clock: Clock, case: CaseId, actor: str) -> Outcome:
    """Release what follows from the recorded facts, and nothing else.

    Raises EventNotAllowed when the case has not concluded, CaseHeld while a hold stands.
    """
    recorded = load(uow, case)
    status = recorded.status(clock.now())
    if status.holds:
        raise CaseHeld("the case is on hold: " + ", ".join(hold.value for hold in status.holds))
    if not status.releasable or status.outcome is None:
        raise EventNotAllowed(f"a case is released when it has concluded; this one is {status.state.value}")
    record(uow, recorded, ev.OutcomeReleased(status.outcome), actor, clock.now())
    study = recorded.facts.opened.study if recorded.facts.opened else ""
    uow.jobs.enqueue(COMPOSE_REPORT_JOB, f"{COMPOSE_REPORT_JOB}:{case}:1", study, case)
    return status.outcome
