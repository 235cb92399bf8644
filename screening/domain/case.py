"""`decide()`: where a case stands, as a pure total function of its pinned policy, its recorded facts and the time.

Nothing here reads a clock or a setting: the same arguments always give the same answer, so that any released result
can be recomputed from its events.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from screening.domain import arbitration
from screening.domain.ai_role import ai_flags, ai_overdue, ai_owed, flags, reads_by_triage, usable_ai
from screening.domain.arbitration import ArbitrationReason
from screening.domain.events import CaseEvent, HoldKind
from screening.domain.facts import CaseFacts, HumanRead, ThirdDecision, before_release, fold, independent
from screening.domain.identifiers import ReadId
from screening.domain.independence import may_arbitrate
from screening.domain.opinion import OpinionKind
from screening.domain.outcome import Flagger, Outcome, OutcomeKind
from screening.domain.policy import AiFlagAction, AiNeededBy, Policy

__all__ = ["LATE_IMAGES", "CaseState", "CaseStatus", "decide", "required_reads", "usable_ai", "valid_reads"]

LATE_IMAGES = "late_images"
"""Reason for a review: images came after the case was read, and nobody has looked into them yet."""


class CaseState(StrEnum):
    """Where a case stands; labels for people are made elsewhere."""

    AWAITING_IMAGES = "awaiting_images"
    AWAITING_AI = "awaiting_ai"
    AWAITING_FIRST_READ = "awaiting_first_read"
    AWAITING_SECOND_READ = "awaiting_second_read"
    AWAITING_FINALISATION = "awaiting_finalisation"
    AWAITING_ARBITRATION = "awaiting_arbitration"
    IN_ARBITRATION = "in_arbitration"
    CONCLUDED = "concluded"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class CaseStatus:
    """Everything a worklist, a page or a job needs to know about a case now.

    `outcome` is established in `concluded` and `released`, provisional or None before. `finalise` are the reads whose
    window has elapsed but whose finalisation nobody has recorded yet. `review` says, in any state, why a person must
    look into the case.
    """

    state: CaseState
    required_reads: int
    reads: int
    holds: tuple[HoldKind, ...] = ()
    outcome: Outcome | None = None
    arbitration: ArbitrationReason | None = None
    finalise: tuple[ReadId, ...] = ()
    ai_overdue: bool = False
    leased_until: datetime | None = None
    review: tuple[str, ...] = ()

    @property
    def releasable(self) -> bool:
        """Whether the outcome may leave the house now: concluded, not held, no image left out of the reading."""
        return self.state is CaseState.CONCLUDED and not _stopped(self)


def decide(policy: Policy, events: Sequence[CaseEvent], now: datetime) -> CaseStatus:
    """Where the case stands now under its pinned policy; `now` carries a time zone.

    Total: any sequence of events gives a status. A released outcome never changes; if later events would have led to
    another one, the status says so in `review`.
    """
    now = now.astimezone(UTC)
    facts = fold(events)
    if facts.released is None:
        return _status(policy, facts, now)
    at_release = _status(policy, fold(before_release(events)), facts.released_at or now)
    return _released(facts.released, at_release, _status(policy, facts, now))


def required_reads(policy: Policy, facts: CaseFacts) -> int:
    """Valid independent human reads this case owes before it may conclude.

    AI lowers the number only by a triage rule that matches a usable score; an AI-only flag may raise it.
    """
    return _required(policy, facts, valid_reads(facts))


def valid_reads(facts: CaseFacts) -> tuple[HumanRead, ...]:
    """Reads by different people, first read of each person; a second account of one person never counts twice."""
    return independent(facts.reads)


class _Judged(NamedTuple):
    """The facts with what the policy makes of them: who counts, what is owed, which decision stands."""

    policy: Policy
    facts: CaseFacts
    reads: tuple[HumanRead, ...]
    owed: int
    reason: ArbitrationReason | None
    decision: ThirdDecision | None


def _judge(policy: Policy, facts: CaseFacts) -> _Judged:
    reads = valid_reads(facts)
    owed = _required(policy, facts, reads)
    reason = _arbitration_owed(policy, facts, reads) if len(reads) >= owed else None
    decision = _standing_decision(policy, facts, reads)
    if decision is None and facts.decision is not None and reason is None and len(reads) >= owed:
        reason = ArbitrationReason.OUTDATED_DECISION
    return _Judged(policy, facts, reads, owed, reason, decision)


def _status(policy: Policy, facts: CaseFacts, now: datetime) -> CaseStatus:
    judged = _judge(policy, facts)
    state = _state(judged, now)
    lease = facts.lease
    return CaseStatus(
        state=state,
        required_reads=judged.owed,
        reads=len(judged.reads),
        holds=_standing_holds(policy, facts, now),
        outcome=_outcome(judged, state),
        arbitration=judged.reason,
        finalise=_due(judged, now),
        ai_overdue=ai_overdue(policy, facts, now),
        leased_until=lease.expires_at if lease is not None and lease.expires_at > now else None,
        review=(LATE_IMAGES,) if facts.late_images else (),
    )


def _state(judged: _Judged, now: datetime) -> CaseState:
    policy, facts, reads = judged.policy, judged.facts, judged.reads
    if facts.withdrawal is not None:
        return CaseState.WITHDRAWN
    if not facts.images_complete:
        return CaseState.AWAITING_IMAGES
    waits_for_ai = ai_owed(policy, facts)
    if waits_for_ai and policy.ai.needed_by is AiNeededBy.FIRST_READ and not reads:
        return CaseState.AWAITING_AI
    if len(reads) < judged.owed:
        return CaseState.AWAITING_SECOND_READ if reads else CaseState.AWAITING_FIRST_READ
    if not all(read.final for read in reads):
        return CaseState.AWAITING_FINALISATION
    return CaseState.AWAITING_AI if waits_for_ai else _state_after_reads(judged, now)


def _state_after_reads(judged: _Judged, now: datetime) -> CaseState:
    if judged.decision is not None:
        return CaseState.CONCLUDED if judged.decision.final else CaseState.AWAITING_FINALISATION
    if judged.reason is None:
        return CaseState.CONCLUDED
    lease = judged.facts.lease
    if lease is not None and lease.for_arbitration and lease.expires_at > now:
        return CaseState.IN_ARBITRATION
    return CaseState.AWAITING_ARBITRATION


def _required(policy: Policy, facts: CaseFacts, reads: Sequence[HumanRead]) -> int:
    owed = reads_by_triage(policy, facts)
    if policy.ai.flag_action is not AiFlagAction.EXTRA_READ or len(reads) < owed or not ai_flags(policy, facts):
        return owed
    return owed if _recalls(reads[:owed]) else owed + 1


def _recalls(reads: Sequence[HumanRead]) -> bool:
    return any(read.recorded.opinion.kind is OpinionKind.RECALL for read in reads)


def _ai_alone(policy: Policy, facts: CaseFacts, reads: Sequence[HumanRead]) -> bool:
    """Whether AI flags what no reader recalls, and the policy wants that arbitrated."""
    return policy.ai.flag_action is AiFlagAction.ARBITRATE and ai_flags(policy, facts) and not _recalls(reads)


def _arbitration_owed(policy: Policy, facts: CaseFacts, reads: Sequence[HumanRead]) -> ArbitrationReason | None:
    human = arbitration.arbitration_reason(policy, [read.recorded.opinion for read in reads])
    if human is not None:
        return human
    return ArbitrationReason.AI_FLAG if _ai_alone(policy, facts, reads) else None


def _standing_decision(policy: Policy, facts: CaseFacts, reads: Sequence[HumanRead]) -> ThirdDecision | None:
    """The third decision, if it was made by people who may, on the reads and the AI flag that there are now.

    A decision whose reads were withdrawn or joined by another is not used for or against the woman: the case owes a
    new one. So it does when AI alone flags the case after a decision that was no recall.
    """
    decision = facts.decision
    if decision is None or decision.rests_on != frozenset(read.id for read in reads):
        return None
    unseen_flag = _ai_alone(policy, facts, reads) and not flags(policy, decision.ai)
    if unseen_flag and decision.decided.opinion.kind is not OpinionKind.RECALL:
        return None
    return decision if may_arbitrate(policy, reads, decision.decided.authors) else None


def _outcome(judged: _Judged, state: CaseState) -> Outcome | None:
    if state is CaseState.WITHDRAWN:
        return Outcome(OutcomeKind.NO_RESULT, reason=judged.facts.withdrawal or "")
    if state is not CaseState.CONCLUDED:
        return None
    given = [read.recorded.opinion for read in judged.reads]
    decided = [judged.decision.decided.opinion] if judged.decision is not None else []
    governing = decided or given
    kind = arbitration.combined_kind(governing)
    recall, technical = kind is OutcomeKind.RECALL_FOR_ASSESSMENT, kind is OutcomeKind.TECHNICAL_RECALL
    faults = {fault for opinion in governing for fault in opinion.technical}
    return Outcome(
        kind=kind,
        breasts=arbitration.combined_breasts(governing) if recall else (),
        technical=tuple(sorted(faults, key=lambda fault: (fault.slot, fault.reason))) if technical else (),
        flagged_by=_flaggers(judged),
        arbitrated=judged.decision is not None,
        standing_recall=arbitration.combined_breasts([*given, *decided]) if technical else (),
    )


def _flaggers(judged: _Judged) -> tuple[Flagger, ...]:
    humans = (Flagger.FIRST_READER, Flagger.SECOND_READER, Flagger.EXTRA_READER)
    flagged = [flagger for flagger, read in zip(humans, judged.reads, strict=False) if _recalls([read])]
    if ai_flags(judged.policy, judged.facts):
        flagged.append(Flagger.AI)
    return tuple(flagged)


def _due(judged: _Judged, now: datetime) -> tuple[ReadId, ...]:
    window = judged.policy.finalisation_window
    due = [read.id for read in judged.reads if not read.final and now - read.at >= window]
    decision = judged.decision
    if decision is not None and not decision.final and now - decision.at >= window:
        due.append(decision.decided.read)
    return tuple(due)


def _standing_holds(policy: Policy, facts: CaseFacts, now: datetime) -> tuple[HoldKind, ...]:
    """Holds that still stand; waiting for priors lapses after the policy's wait, so that it never blocks for ever."""
    return tuple(
        kind
        for kind, _reason, since in facts.holds
        if kind is not HoldKind.AWAITING_PRIORS or now - since < policy.priors_wait
    )


def _released(released: Outcome, at_release: CaseStatus, later: CaseStatus) -> CaseStatus:
    review = list(later.review)
    if later.outcome is None or not later.outcome.tells_same(released):
        review.append("outcome_would_differ")
    if at_release.outcome is None or not at_release.outcome.tells_same(released) or _stopped(at_release):
        review.append("released_against_policy")
    return CaseStatus(
        state=CaseState.RELEASED,
        required_reads=at_release.required_reads,
        reads=at_release.reads,
        outcome=released,
        arbitration=at_release.arbitration,
        review=tuple(review),
    )


def _stopped(status: CaseStatus) -> bool:
    """Whether something stood in the way of a release besides the reading itself."""
    return bool(status.holds) or LATE_IMAGES in status.review
