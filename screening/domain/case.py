"""`decide()`: where a case stands, as a pure total function of its pinned policy, its recorded facts and the time.

Nothing here reads a clock or a setting: the same arguments always give the same answer, so that any released result
can be recomputed from its events.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from screening.domain import arbitration
from screening.domain.events import AiScored, CaseEvent, HoldKind, Objection
from screening.domain.facts import CaseFacts, HumanRead, before_release, fold
from screening.domain.identifiers import ReadId
from screening.domain.opinion import OpinionKind
from screening.domain.outcome import Flagger, Outcome, OutcomeKind
from screening.domain.policy import AiFlagAction, AiNeededBy, Policy


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
    window has elapsed but whose finalisation nobody has recorded yet. `review` says why a released case needs a look.
    """

    state: CaseState
    required_reads: int
    reads: int
    holds: tuple[HoldKind, ...] = ()
    outcome: Outcome | None = None
    arbitration: arbitration.ArbitrationReason | None = None
    finalise: tuple[ReadId, ...] = ()
    ai_overdue: bool = False
    leased_until: datetime | None = None
    review: tuple[str, ...] = ()

    @property
    def releasable(self) -> bool:
        """Whether the outcome may leave the house now."""
        return self.state is CaseState.CONCLUDED and not self.holds


def decide(policy: Policy, events: Sequence[CaseEvent], now: datetime) -> CaseStatus:
    """Where the case stands now under its pinned policy.

    Total: any sequence of events gives a status. A released outcome never changes; if later events would have led to
    another one, the status says so in `review`.
    """
    facts = fold(events)
    if facts.released is None:
        return _status(policy, facts, now)
    at_release = _status(policy, fold(before_release(events)), facts.released_at or now)
    return _released(policy, facts, at_release, now)


def usable_ai(policy: Policy, facts: CaseFacts) -> AiScored | None:
    """The AI score that may count: policy lets AI take part, status was ok, and the woman did not object."""
    if not policy.ai.takes_part or Objection.NO_AI in facts.objections:
        return None
    return facts.ai if isinstance(facts.ai, AiScored) else None


def required_reads(policy: Policy, facts: CaseFacts) -> int:
    """Valid independent human reads this case owes before it may conclude.

    AI lowers the number only by a triage rule that matches a usable score; an AI-only flag may raise it.
    """
    ai = usable_ai(policy, facts)
    if ai is None:
        return policy.human_reads
    owed = next(
        (r.human_reads for r in policy.ai.triage if r.lowest <= ai.exam_score <= r.highest),
        policy.human_reads,
    )
    if policy.ai.flag_action is AiFlagAction.EXTRA_READ and _ai_alone(policy, facts, owed):
        return owed + 1
    return owed


def valid_reads(facts: CaseFacts) -> tuple[HumanRead, ...]:
    """Reads by different people, first read of each person; a second account of one person never counts twice."""
    seen: set[str] = set()
    kept = []
    for read in facts.reads:
        if read.recorded.author.registration not in seen:
            seen.add(read.recorded.author.registration)
            kept.append(read)
    return tuple(kept)


def _status(policy: Policy, facts: CaseFacts, now: datetime) -> CaseStatus:
    reads = valid_reads(facts)
    owed = required_reads(policy, facts)
    reason = _arbitration_owed(policy, facts, reads) if len(reads) >= owed else None
    state = _state(policy, facts, reads, owed, reason, now)
    leased = facts.lease is not None and facts.lease.expires_at > now
    return CaseStatus(
        state=state,
        required_reads=owed,
        reads=len(reads),
        holds=_standing_holds(policy, facts, now),
        outcome=_outcome(facts, reads, state),
        arbitration=reason,
        finalise=_due(policy, facts, now),
        ai_overdue=_ai_overdue(policy, facts, now),
        leased_until=facts.lease.expires_at if leased and facts.lease is not None else None,
    )


def _state(
    policy: Policy,
    facts: CaseFacts,
    reads: Sequence[HumanRead],
    owed: int,
    reason: arbitration.ArbitrationReason | None,
    now: datetime,
) -> CaseState:
    if facts.withdrawal is not None:
        return CaseState.WITHDRAWN
    if not facts.images_complete:
        return CaseState.AWAITING_IMAGES
    if _ai_owed(policy, facts) and policy.ai.needed_by is AiNeededBy.FIRST_READ and not reads:
        return CaseState.AWAITING_AI
    if len(reads) < owed:
        return CaseState.AWAITING_SECOND_READ if reads else CaseState.AWAITING_FIRST_READ
    if not all(read.final for read in reads):
        return CaseState.AWAITING_FINALISATION
    if _ai_owed(policy, facts):
        return CaseState.AWAITING_AI
    return _state_after_reads(facts, reason, now)


def _state_after_reads(facts: CaseFacts, reason: arbitration.ArbitrationReason | None, now: datetime) -> CaseState:
    if facts.decision is not None:
        return CaseState.CONCLUDED if facts.decision.final else CaseState.AWAITING_FINALISATION
    if reason is None:
        return CaseState.CONCLUDED
    lease = facts.lease
    if lease is not None and lease.for_arbitration and lease.expires_at > now:
        return CaseState.IN_ARBITRATION
    return CaseState.AWAITING_ARBITRATION


def _ai_owed(policy: Policy, facts: CaseFacts) -> bool:
    return policy.ai.takes_part and facts.ai is None and Objection.NO_AI not in facts.objections


def _ai_overdue(policy: Policy, facts: CaseFacts, now: datetime) -> bool:
    return _ai_owed(policy, facts) and facts.opened_at is not None and now - facts.opened_at > policy.ai.wait


def _ai_flags(policy: Policy, facts: CaseFacts) -> bool:
    ai = usable_ai(policy, facts)
    return ai is not None and (ai.flagged or ai.exam_score >= policy.ai.flag_from)


def _ai_alone(policy: Policy, facts: CaseFacts, owed: int) -> bool:
    """AI flags a case that the reads owed so far all call not-recall."""
    reads = valid_reads(facts)
    no_recall = all(read.recorded.opinion.kind is not OpinionKind.RECALL for read in reads[:owed])
    return len(reads) >= owed and no_recall and _ai_flags(policy, facts)


def _arbitration_owed(
    policy: Policy, facts: CaseFacts, reads: Sequence[HumanRead]
) -> arbitration.ArbitrationReason | None:
    opinions = [read.recorded.opinion for read in reads]
    human = arbitration.arbitration_reason(policy, opinions)
    if human is not None:
        return human
    if policy.ai.flag_action is not AiFlagAction.ARBITRATE or not _ai_flags(policy, facts):
        return None
    recalls = any(opinion.kind is OpinionKind.RECALL for opinion in opinions)
    return None if recalls else arbitration.ArbitrationReason.AI_FLAG


def _outcome(
    facts: CaseFacts,
    reads: Sequence[HumanRead],
    state: CaseState,
) -> Outcome | None:
    if state is CaseState.WITHDRAWN:
        return Outcome(OutcomeKind.NO_RESULT, reason=facts.withdrawal or "")
    if state is not CaseState.CONCLUDED:
        return None
    governing = [read.recorded.opinion for read in reads]
    if facts.decision is not None:
        governing = [facts.decision.decided.opinion]
    kind = arbitration.combined_kind(governing)
    recall = kind is OutcomeKind.RECALL_FOR_ASSESSMENT
    technical = tuple(dict.fromkeys(fault for opinion in governing for fault in opinion.technical))
    suspected = arbitration.combined_breasts([read.recorded.opinion for read in reads])
    return Outcome(
        kind=kind,
        breasts=arbitration.combined_breasts(governing) if recall else (),
        technical=tuple(sorted(technical, key=repr)) if kind is OutcomeKind.TECHNICAL_RECALL else (),
        flagged_by=_flaggers(facts, reads),
        arbitrated=facts.decision is not None,
        standing_recall=suspected if kind is OutcomeKind.TECHNICAL_RECALL else (),
    )


def _flaggers(facts: CaseFacts, reads: Sequence[HumanRead]) -> tuple[Flagger, ...]:
    humans = (Flagger.FIRST_READER, Flagger.SECOND_READER, Flagger.EXTRA_READER)
    flagged = [
        flagger
        for flagger, read in zip(humans, reads, strict=False)
        if read.recorded.opinion.kind is OpinionKind.RECALL
    ]
    if isinstance(facts.ai, AiScored) and facts.ai.flagged and Objection.NO_AI not in facts.objections:
        flagged.append(Flagger.AI)
    return tuple(flagged)


def _due(policy: Policy, facts: CaseFacts, now: datetime) -> tuple[ReadId, ...]:
    due = [r.id for r in facts.reads if not r.final and now - r.at >= policy.finalisation_window]
    decision = facts.decision
    if decision is not None and not decision.final and now - decision.at >= policy.finalisation_window:
        due.append(decision.decided.read)
    return tuple(due)


def _standing_holds(policy: Policy, facts: CaseFacts, now: datetime) -> tuple[HoldKind, ...]:
    """Holds that still stand; waiting for priors lapses after the policy's wait, so that it never blocks for ever."""
    return tuple(
        kind
        for kind, _reason, since in facts.holds
        if kind is not HoldKind.AWAITING_PRIORS or now - since < policy.priors_wait
    )


def _released(policy: Policy, facts: CaseFacts, at_release: CaseStatus, now: datetime) -> CaseStatus:
    assert facts.released is not None  # noqa: S101  # the caller's condition, for the type checker
    review = list(facts.review)
    if facts.late_images:
        review.append("late_images")
    later = _status(policy, facts, now)
    if later.outcome is None or later.outcome.kind is not facts.released.kind:
        review.append("outcome_would_differ")
    if at_release.outcome is None or at_release.outcome.kind is not facts.released.kind:
        review.append("released_against_policy")
    return CaseStatus(
        state=CaseState.RELEASED,
        required_reads=at_release.required_reads,
        reads=at_release.reads,
        outcome=facts.released,
        arbitration=at_release.arbitration,
        review=tuple(review),
    )
