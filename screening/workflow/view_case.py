"""What a person may see of a case now, and the record that it was shown."""

from __future__ import annotations

from dataclasses import dataclass, field

from screening.domain import blinding
from screening.domain import events as ev
from screening.domain.ai_read import AiRead
from screening.domain.case import CaseState, CaseStatus
from screening.domain.errors import Blinded
from screening.domain.facts import CaseFacts
from screening.domain.identifiers import CaseId, StudyInstanceUid
from screening.domain.opinion import Opinion
from screening.domain.outcome import Outcome
from screening.domain.policy import Field, Role
from screening.workflow.ports import Clock, UnitOfWork
from screening.workflow.recorded_case import RecordedCase, load, record

ARBITERS_SEE = frozenset(
    {CaseState.AWAITING_ARBITRATION, CaseState.IN_ARBITRATION, CaseState.CONCLUDED, CaseState.RELEASED}
)
"""States in which the role of arbiter opens a case; earlier, claiming that role would break blinding."""


@dataclass(frozen=True)
class CaseView:
    """A case as one person may see it; everything the policy hides is absent, not blanked.

    `state` is given to managers, arbiters and once concluded; a blind reader learns only whether to read
    it (`owes_read`, as `blinding.told_to_read` has it).
    """

    case: CaseId
    study: StudyInstanceUid
    policy: str
    state: str
    owes_read: bool
    shown: tuple[Field, ...]
    own_read: Opinion | None = None
    other_reads: tuple[Opinion, ...] | None = None
    ai: AiRead | None = None
    ai_status: str | None = None
    ai_score: int | None = None
    ai_flagged: bool | None = None
    outcome: Outcome | None = None
    review: tuple[str, ...] = field(default=())


def view_case(uow: UnitOfWork, clock: Clock, case: CaseId, role: Role, author: ev.Author) -> CaseView:
    """Look at a case as this person in this role; whatever is revealed for the first time is recorded.

    Raises Blinded for the role of arbiter while reads are owed or not final.
    """
    recorded = load(uow, case)
    facts = recorded.facts
    if role is Role.ARBITER and recorded.status(clock.now()).state not in ARBITERS_SEE:
        raise Blinded("an arbiter sees a case once its reads are final")
    fields = blinding.visible_fields(recorded.policy, facts, role, author)
    new = tuple(sorted(fields - facts.seen_by(author) - {Field.PRIORS}))
    if new:
        revealed = ev.ResultRevealed(author.reader, new, author.registration)
        recorded = record(uow, recorded, revealed, author.reader, clock.now())
    return _view(uow, recorded, recorded.status(clock.now()), role, author, fields)


def _view(
    uow: UnitOfWork,
    recorded: RecordedCase,
    status: CaseStatus,
    role: Role,
    author: ev.Author,
    fields: frozenset[Field],
) -> CaseView:
    facts = recorded.facts
    own = [r.recorded.opinion for r in facts.reads if r.recorded.author.person == author.person]
    others = [r.recorded.opinion for r in facts.reads if r.recorded.author.person != author.person]
    scored = facts.ai if isinstance(facts.ai, ev.AiScored) else None
    owes = blinding.told_to_read(recorded.policy, facts, author)
    blind_reader = role is Role.READER and Field.OUTCOME not in fields
    return CaseView(
        case=recorded.case,
        study=facts.opened.study if facts.opened else StudyInstanceUid(""),
        policy=f"{recorded.policy.id}@{recorded.policy.version}",
        state=("to_read" if owes else "read") if blind_reader else status.state.value,
        owes_read=owes,
        shown=tuple(sorted(fields)),
        own_read=own[0] if own else None,
        other_reads=tuple(others) if Field.OTHER_READS in fields else None,
        ai=_marks(uow, facts) if Field.AI_MARKS in fields else None,
        ai_status=_ai_status(facts) if Field.AI_STATUS in fields else None,
        ai_score=scored.exam_score if scored and Field.AI_SCORE in fields else None,
        ai_flagged=scored.flagged if scored and Field.AI_FLAG in fields else None,
        outcome=status.outcome if Field.OUTCOME in fields else None,
        review=() if blind_reader else status.review,
    )


def _marks(uow: UnitOfWork, facts: CaseFacts) -> AiRead | None:
    run = facts.ai.run if facts.ai is not None else None
    return uow.ai_reads.get(run) if run else None


def _ai_status(facts: CaseFacts) -> str | None:
    match facts.ai:
        case ev.AiScored():
            return "ok"
        case ev.AiRefused(status=status):
            return status.value
        case None:
            return None
