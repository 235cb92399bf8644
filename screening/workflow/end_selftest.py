"""End the service's own exam once it went through: its case is withdrawn, so that nobody owes it anything."""

from __future__ import annotations

from screening.domain import events as ev
from screening.domain.identifiers import FileDigest, StudyInstanceUid
from screening.domain.selftest import FAILED, PASSED
from screening.domain.transitions import OPEN
from screening.workflow.ports import Clock, UnitOfWork
from screening.workflow.recorded_case import RecordedCase, load, record

REASON = "self-test of the service; no woman was examined"


def selftest_passed(uow: UnitOfWork, study: StudyInstanceUid) -> bool | None:
    """Whether AI scored the exam, or its case was opened where AI takes no part; None while that may still come."""
    recorded = _recorded(uow, study)
    if recorded is None:
        return None
    if not recorded.policy.ai.takes_part:
        return True
    return None if recorded.facts.ai is None else isinstance(recorded.facts.ai, ev.AiScored)


def end_selftest(uow: UnitOfWork, clock: Clock, study: StudyInstanceUid, passed: bool) -> tuple[FileDigest, ...]:
    """Withdraw the case where one is open, saying whether it passed; returns the files that nobody needs any more."""
    recorded = _recorded(uow, study)
    if recorded is None:
        return ()
    if recorded.status(clock.now()).state in OPEN:
        record(uow, recorded, ev.CaseWithdrawn(REASON), PASSED if passed else FAILED, clock.now())
    return tuple(image.digest for image in uow.exams.study(study).images)


def _recorded(uow: UnitOfWork, study: StudyInstanceUid) -> RecordedCase | None:
    case = uow.cases.of_study(study)
    return None if case is None else load(uow, case)
