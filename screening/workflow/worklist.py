"""A reader's own worklist: what this person has to read and has read, and nothing else (rule 2).

It must not tell, by what it lists, by order or by time, what AI or another reader said. The manager's list of states
is `Cases.list`; it is not for readers of the cases on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from screening.domain.blinding import told_to_read
from screening.domain.case import CaseState
from screening.domain.events import Author
from screening.domain.identifiers import CaseId, StudyInstanceUid
from screening.domain.transitions import OPEN
from screening.workflow.ports import Clock, UnitOfWork
from screening.workflow.recorded_case import RecordedCase, load


class ReaderTask(StrEnum):
    """What a case asks of one reader."""

    TO_READ = "to_read"
    READ = "read"


@dataclass(frozen=True)
class WorklistLine:
    """One case on a reader's worklist; `opened_at` is when its images came, not when anybody last did anything."""

    case: CaseId
    study: StudyInstanceUid
    opened_at: datetime
    state: ReaderTask


def reader_worklist(uow: UnitOfWork, clock: Clock, author: Author) -> tuple[WorklistLine, ...]:
    """Cases without a released outcome that this person may read or has read, oldest first.

    A case that another reader has leased stays listed: who works where changes nothing on anybody's list.
    """
    now = clock.now()
    lines = []
    for summary in uow.cases.list(OPEN):
        task = _task(load(uow, summary.case), now, author)
        if task is not None:
            lines.append(WorklistLine(summary.case, summary.study, summary.opened_at, task))
    return tuple(lines)


def _task(recorded: RecordedCase, now: datetime, author: Author) -> ReaderTask | None:
    facts, status = recorded.facts, recorded.status(now)
    if any(read.recorded.author.person == author.person for read in facts.reads):
        return ReaderTask.READ
    waits_before_reading = status.state in (CaseState.AWAITING_IMAGES, CaseState.AWAITING_AI) and not status.reads
    if waits_before_reading or not told_to_read(recorded.policy, facts, author):
        return None
    return ReaderTask.TO_READ
