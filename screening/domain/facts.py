"""What is known about a case: its events folded into one frozen view, without judging any of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from screening.domain import events as ev
from screening.domain.identifiers import ReadId
from screening.domain.outcome import Outcome
from screening.domain.policy import Field


@dataclass(frozen=True)
class HumanRead:
    """A human read with what happened to it since."""

    recorded: ev.ReadRecorded
    at: datetime
    final: bool = False

    @property
    def id(self) -> ReadId:
        """Id of the read."""
        return self.recorded.read


@dataclass(frozen=True)
class ThirdDecision:
    """An arbitration decision with what happened to it since."""

    decided: ev.ArbitrationDecided
    at: datetime
    final: bool = False


@dataclass(frozen=True)
class Lease:
    """Somebody works on the case until `expires_at`."""

    authors: tuple[ev.Author, ...]
    expires_at: datetime
    for_arbitration: bool


@dataclass(frozen=True)
class CaseFacts:
    """The case as recorded so far."""

    opened: ev.CaseOpened | None = None
    pinned: ev.PolicyPinned | None = None
    images_complete: bool = False
    late_images: int = 0
    ai: ev.AiScored | ev.AiRefused | None = None
    ai_at: datetime | None = None
    opened_at: datetime | None = None
    reads: tuple[HumanRead, ...] = ()
    withdrawn_reads: tuple[ev.ReadRecorded, ...] = ()
    decision: ThirdDecision | None = None
    lease: Lease | None = None
    holds: tuple[tuple[ev.HoldKind, str, datetime], ...] = ()
    objections: frozenset[ev.Objection] = frozenset()
    seen: tuple[tuple[str, Field], ...] = ()
    released: Outcome | None = None
    released_at: datetime | None = None
    assessment: ev.AssessmentReceived | None = None
    interval_cancer: ev.IntervalCancerReported | None = None
    withdrawal: str | None = None
    review: tuple[str, ...] = field(default=())


def fold(events: Iterable[ev.CaseEvent]) -> CaseFacts:
    """Fold the events of one case, in sequence order, into its facts."""
    facts = CaseFacts()
    for event in events:
        facts = apply(facts, event)
    return facts


def before_release(events: Sequence[ev.CaseEvent]) -> Sequence[ev.CaseEvent]:
    """The events up to, not including, the release."""
    for index, event in enumerate(events):
        if isinstance(event.fact, ev.OutcomeReleased):
            return events[:index]
    return events


def apply(facts: CaseFacts, event: ev.CaseEvent) -> CaseFacts:
    """Facts after one more event."""
    fact, at = event.fact, event.at
    match fact:
        case ev.ReadRecorded() | ev.ReadWithdrawn() | ev.ReadFinalised() | ev.AutoFinalised() | ev.ArbitrationDecided():
            return _apply_read(facts, fact, at)
        case ev.ReadClaimed() | ev.ReadReleased() | ev.ArbitrationClaimed():
            return replace(facts, lease=_lease(fact))
        case ev.Held() | ev.Resumed():
            return replace(facts, holds=_holds(facts, fact, at))
        case ev.AiScored() | ev.AiRefused():
            return replace(facts, ai=fact, ai_at=at)
        case _:
            return _apply_other(facts, fact, at)


def _apply_other(facts: CaseFacts, fact: ev.Fact, at: datetime) -> CaseFacts:
    match fact:
        case ev.CaseOpened(images_complete=complete):
            return replace(facts, opened=fact, images_complete=complete, opened_at=at)
        case ev.PolicyPinned():
            return replace(facts, pinned=facts.pinned or fact)
        case ev.ImagesCompleted():
            return replace(facts, images_complete=True)
        case ev.LateImagesReceived(count=count):
            return replace(facts, late_images=facts.late_images + count)
        case ev.ResultRevealed(reader=reader, fields=fields):
            return replace(facts, seen=(*facts.seen, *((reader, name) for name in fields)))
        case ev.ObjectionRecorded(objection=objection):
            return replace(facts, objections=facts.objections | {objection})
        case _:
            return _apply_ending(facts, fact, at)


def _apply_ending(facts: CaseFacts, fact: ev.Fact, at: datetime) -> CaseFacts:
    match fact:
        case ev.OutcomeReleased(outcome=outcome) if facts.released is None:
            return replace(facts, released=outcome, released_at=at)
        case ev.AssessmentReceived():
            return replace(facts, assessment=fact)
        case ev.IntervalCancerReported():
            return replace(facts, interval_cancer=fact)
        case ev.CaseWithdrawn(reason=reason):
            return replace(facts, withdrawal=reason)
        case _:
            return facts


def _apply_read(facts: CaseFacts, fact: ev.Fact, at: datetime) -> CaseFacts:
    match fact:
        case ev.ReadRecorded(replaces=replaced):
            kept = tuple(read for read in facts.reads if read.id != replaced)
            return replace(facts, reads=(*kept, HumanRead(fact, at)), lease=None)
        case ev.ReadWithdrawn(read=gone):
            return replace(facts, **_without(facts, gone))  # type: ignore[arg-type]
        case ev.ReadFinalised(read=read):
            return _finalise(facts, (read,))
        case ev.AutoFinalised(reads=reads):
            return _finalise(facts, reads)
        case ev.ArbitrationDecided():
            return replace(facts, decision=ThirdDecision(fact, at), lease=None)
        case _:
            return facts


def _without(facts: CaseFacts, gone: ReadId) -> dict[str, object]:
    withdrawn = tuple(read.recorded for read in facts.reads if read.id == gone)
    decision = None if facts.decision is not None and facts.decision.decided.read == gone else facts.decision
    return {
        "reads": tuple(read for read in facts.reads if read.id != gone),
        "withdrawn_reads": (*facts.withdrawn_reads, *withdrawn),
        "decision": decision,
    }


def _finalise(facts: CaseFacts, reads: tuple[ReadId, ...]) -> CaseFacts:
    decision = facts.decision
    if decision is not None and decision.decided.read in reads:
        decision = replace(decision, final=True)
    done = tuple(replace(read, final=True) if read.id in reads else read for read in facts.reads)
    return replace(facts, reads=done, decision=decision)


def _lease(fact: ev.ReadClaimed | ev.ReadReleased | ev.ArbitrationClaimed) -> Lease | None:
    match fact:
        case ev.ReadClaimed(author=author, expires_at=expires_at):
            return Lease((author,), expires_at, for_arbitration=False)
        case ev.ArbitrationClaimed(authors=authors, expires_at=expires_at):
            return Lease(authors, expires_at, for_arbitration=True)
        case ev.ReadReleased():
            return None


def _holds(facts: CaseFacts, fact: ev.Held | ev.Resumed, at: datetime) -> tuple[tuple[ev.HoldKind, str, datetime], ...]:
    others = tuple(hold for hold in facts.holds if hold[0] is not fact.kind)
    return (*others, (fact.kind, fact.reason, at)) if isinstance(fact, ev.Held) else others
