"""Record the third decision on a discordant or flagged case."""

from __future__ import annotations

from dataclasses import dataclass

from screening.domain import events as ev
from screening.domain.blinding import AI_OPINION
from screening.domain.errors import IncompleteOpinion
from screening.domain.identifiers import CaseId, ReadId
from screening.domain.opinion import Opinion
from screening.domain.policy import Field
from screening.workflow.ports import Clock, Ids, UnitOfWork
from screening.workflow.recorded_case import load, record


@dataclass(frozen=True)
class Arbitrate:
    """The decision of one arbiter or of a panel, with its reason in words."""

    case: CaseId
    authors: tuple[ev.Author, ...]
    opinion: Opinion
    reason: str


def arbitrate(uow: UnitOfWork, clock: Clock, ids: Ids, command: Arbitrate) -> ev.ArbitrationDecided:
    """Store the decision with what its authors were really shown, as recorded, whatever the policy would allow.

    Raises IncompleteOpinion without a reason, EventNotAllowed when no third decision is owed, ReaderNotIndependent
    when an arbiter has read the case.
    """
    if not command.reason.strip():
        raise IncompleteOpinion("an arbitration gives its reason")
    recorded = load(uow, command.case)
    facts = recorded.facts
    shown = frozenset[Field]().union(*(facts.seen_by(author) for author in command.authors))
    fact = ev.ArbitrationDecided(
        read=ReadId(ids.new("read")),
        authors=command.authors,
        opinion=command.opinion,
        reason=command.reason,
        shown=tuple(sorted(shown)),
        ai_disclosed=bool(shown & AI_OPINION),
    )
    record(uow, recorded, fact, command.authors[0].reader, clock.now())
    return fact
