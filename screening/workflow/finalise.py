"""Close correction windows and AI waits that have elapsed, as recorded acts."""

from __future__ import annotations

from screening.domain import events as ev
from screening.domain.ai_read import AiStatus
from screening.domain.case import CaseState
from screening.domain.identifiers import CaseId, ReadId
from screening.domain.quality import ReasonCode
from screening.domain.transitions import OPEN
from screening.workflow.ports import Clock, UnitOfWork
from screening.workflow.recorded_case import load, record

HOUSEKEEPING = "housekeeping"


def finalise_read(uow: UnitOfWork, clock: Clock, case: CaseId, read: ReadId, author: ev.Author) -> None:
    """Close the correction window of one read or decision early.

    Raises EventNotAllowed unless this person gave that opinion.
    """
    record(uow, load(uow, case), ev.ReadFinalised(read, author), author.reader, clock.now())


def finalise_due(uow: UnitOfWork, clock: Clock) -> int:
    """Record every correction window that has elapsed; returns the number of cases."""
    now, done = clock.now(), 0
    for summary in uow.cases.list({CaseState.AWAITING_SECOND_READ, CaseState.AWAITING_FINALISATION}):
        recorded = load(uow, summary.case)
        due = recorded.status(now).finalise
        if due:
            record(uow, recorded, ev.AutoFinalised(due), HOUSEKEEPING, now)
            done += 1
    return done


def expire_ai_waits(uow: UnitOfWork, clock: Clock) -> int:
    """Record a time-out for every AI read that is overdue: two humans read; returns the number of cases."""
    now, done = clock.now(), 0
    for summary in uow.cases.list(OPEN):
        recorded = load(uow, summary.case)
        if recorded.status(now).ai_overdue:
            refused = ev.AiRefused(AiStatus.TIMED_OUT, (ReasonCode.TIMED_OUT,))
            record(uow, recorded, refused, HOUSEKEEPING, now)
            done += 1
    return done
