"""Record a human read, or the correction of one within its window."""

from __future__ import annotations

from dataclasses import dataclass

from screening.domain import blinding
from screening.domain import events as ev
from screening.domain.facts import CaseFacts
from screening.domain.identifiers import CaseId, ReadId
from screening.domain.opinion import Opinion
from screening.workflow.ports import Clock, Ids, UnitOfWork
from screening.workflow.recorded_case import load, record


@dataclass(frozen=True)
class SubmitRead:
    """A reader's signed opinion; `replaces` names the own read it corrects, `seconds` the time it took."""

    case: CaseId
    author: ev.Author
    opinion: Opinion
    replaces: ReadId | None = None
    seconds: float | None = None


def submit_read(uow: UnitOfWork, clock: Clock, ids: Ids, command: SubmitRead) -> ev.ReadRecorded:
    """Store the read; its kind and whether it was blind are stamped now and never inferred later.

    Raises CaseNotFound, EventNotAllowed, ReaderNotIndependent, CaseClaimed, ReadFinal or CategoryNotAllowed.
    """
    recorded = load(uow, command.case)
    facts = recorded.facts
    fact = ev.ReadRecorded(
        read=ReadId(ids.new("read")),
        author=command.author,
        kind=_kind(facts, command),
        opinion=command.opinion,
        blind=blinding.is_blind(facts, command.author),
        replaces=command.replaces,
        seconds=command.seconds,
    )
    record(uow, recorded, fact, command.author.reader, clock.now())
    return fact


def _kind(facts: CaseFacts, command: SubmitRead) -> ev.ReadKind:
    for read in facts.reads:
        if read.id == command.replaces:
            return read.recorded.kind
    taken = {read.recorded.kind for read in facts.reads}
    return next((kind for kind in (ev.ReadKind.FIRST, ev.ReadKind.SECOND) if kind not in taken), ev.ReadKind.EXTRA)
