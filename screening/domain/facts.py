"""What is known about a case: its events folded into one frozen view, without judging any of it.

Every time is turned into UTC here, once: Python subtracts and compares two times of one local zone by the wall clock,
which is an hour wrong across a clock change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

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
    """An arbitration decision with what happened to it since.

    `rests_on` are the independent reads that were there when it was made, `ai` the AI fact known then.
    """

    decided: ev.ArbitrationDecided
    at: datetime
    final: bool = False
    rests_on: frozenset[ReadId] = frozenset()
    ai: ev.AiScored | ev.AiRefused | None = None


@dataclass(frozen=True)
class Lease:
    """Somebody works on the case until `expires_at`."""

    authors: tuple[ev.Author, ...]
    expires_at: datetime
    for_arbitration: bool

    def held_by(self, person: str) -> bool:
        """Whether the person holds it (`Author.person`)."""
        return any(author.person == person for author in self.authors)


@dataclass(frozen=True)
class CaseFacts:
    """The case as recorded so far; times are UTC.

    `late_images` counts those nobody has looked into yet. `ai` is the latest AI fact; `ai_refused` tells whether AI
    ever refused. `revealed` holds what was shown to whom.
    """

    opened: ev.CaseOpened | None = None
    pinned: ev.PolicyPinned | None = None
    images_complete: bool = False
    images_complete_at: datetime | None = None
    late_images: int = 0
    ai: ev.AiScored | ev.AiRefused | None = None
    ai_at: datetime | None = None
    ai_refused: bool = False
    opened_at: datetime | None = None
    reads: tuple[HumanRead, ...] = ()
    withdrawn_reads: tuple[ev.ReadRecorded, ...] = ()
    decision: ThirdDecision | None = None
    lease: Lease | None = None
    holds: tuple[tuple[ev.HoldKind, str, datetime], ...] = ()
    objections: frozenset[ev.Objection] = frozenset()
    revealed: tuple[ev.ResultRevealed, ...] = ()
    released: Outcome | None = None
    released_at: datetime | None = None
    assessment: ev.AssessmentReceived | None = None
    interval_cancer: ev.IntervalCancerReported | None = None
    withdrawal: str | None = None

    def seen_by(self, author: ev.Author) -> frozenset[Field]:
        """Everything this person was shown of this case, under whatever account."""
        return frozenset(name for reveal in self.revealed if reveal.shown_to(author) for name in reveal.fields)


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


def independent(reads: Iterable[HumanRead]) -> tuple[HumanRead, ...]:
    """The first read of each person; a second account of one person never counts twice."""
    by_person: dict[str, HumanRead] = {}
    for read in reads:
        by_person.setdefault(read.recorded.author.person, read)
    return tuple(by_person.values())


def apply(facts: CaseFacts, event: ev.CaseEvent) -> CaseFacts:
    """Facts after one more event."""
    fact, at = event.fact, event.at.astimezone(UTC)
    match fact:
        case ev.ReadRecorded() | ev.ReadWithdrawn() | ev.ReadFinalised() | ev.AutoFinalised() | ev.ArbitrationDecided():
            return _apply_read(facts, fact, at)
        case ev.ReadClaimed() | ev.ReadReleased() | ev.ArbitrationClaimed():
            return _with(facts, lease=_lease(facts, fact))
        case ev.Held() | ev.Resumed():
            return _with(facts, holds=_holds(facts, fact, at))
        case ev.AiScored() | ev.AiRefused():
            refused = facts.ai_refused or isinstance(fact, ev.AiRefused)
            return _with(facts, ai=fact, ai_at=at, ai_refused=refused)
        case ev.CaseOpened() | ev.PolicyPinned() | ev.ImagesCompleted():
            return _apply_opening(facts, fact, at)
        case _:
            return _apply_other(facts, fact, at)


def _with(facts: CaseFacts, **changes: object) -> CaseFacts:
    """`dataclasses.replace` without its cost, which is most of a `decide()`: copies the fields, then sets some."""
    changed = object.__new__(CaseFacts)
    changed.__dict__.update(facts.__dict__)
    changed.__dict__.update(changes)
    return changed


def _apply_opening(
    facts: CaseFacts, fact: ev.CaseOpened | ev.PolicyPinned | ev.ImagesCompleted, at: datetime
) -> CaseFacts:
    """A case is opened once, under one policy; repeating either changes nothing."""
    match fact:
        case ev.CaseOpened(images_complete=complete) if facts.opened is None:
            since = at if complete else None
            return _with(facts, opened=fact, images_complete=complete, images_complete_at=since, opened_at=at)
        case ev.PolicyPinned() if facts.pinned is None:
            return _with(facts, pinned=fact)
        case ev.ImagesCompleted():
            return _with(facts, images_complete=True, images_complete_at=facts.images_complete_at or at)
        case _:
            return facts


def _apply_other(facts: CaseFacts, fact: ev.Fact, at: datetime) -> CaseFacts:
    match fact:
        case ev.LateImagesReceived(count=count):
            return _with(facts, late_images=facts.late_images + count)
        case ev.LateImagesResolved():
            return _with(facts, late_images=0)
        case ev.ResultRevealed():
            return _with(facts, revealed=(*facts.revealed, fact))
        case ev.ObjectionRecorded(objection=objection):
            return _with(facts, objections=facts.objections | {objection})
        case _:
            return _apply_ending(facts, fact, at)


def _apply_ending(facts: CaseFacts, fact: ev.Fact, at: datetime) -> CaseFacts:
    match fact:
        case ev.OutcomeReleased(outcome=outcome) if facts.released is None:
            return _with(facts, released=outcome, released_at=at)
        case ev.AssessmentReceived():
            return _with(facts, assessment=fact)
        case ev.IntervalCancerReported():
            return _with(facts, interval_cancer=fact)
        case ev.CaseWithdrawn(reason=reason):
            return _with(facts, withdrawal=reason)
        case _:
            return facts


def _apply_read(facts: CaseFacts, fact: ev.Fact, at: datetime) -> CaseFacts:
    match fact:
        case ev.ReadRecorded(author=author):
            return _with(facts, reads=_reads_with(facts, HumanRead(fact, at)), lease=_lease_after(facts, (author,)))
        case ev.ReadWithdrawn(read=gone):
            return _withdraw(facts, gone)
        case ev.ReadFinalised(read=read):
            return _finalise(facts, (read,))
        case ev.AutoFinalised(reads=reads):
            return _finalise(facts, reads)
        case ev.ArbitrationDecided(authors=authors):
            rests_on = frozenset(read.id for read in independent(facts.reads))
            decision = ThirdDecision(fact, at, rests_on=rests_on, ai=facts.ai)
            return _with(facts, decision=decision, lease=_lease_after(facts, authors))
        case _:
            return facts


def _reads_with(facts: CaseFacts, read: HumanRead) -> tuple[HumanRead, ...]:
    """The reads with one more; a correction takes the place of the own read that it replaces, never another's."""
    for place, kept in enumerate(facts.reads):
        own = kept.recorded.author.person == read.recorded.author.person
        if own and kept.id == read.recorded.replaces:
            return (*facts.reads[:place], read, *facts.reads[place + 1 :])
    return (*facts.reads, read)


def _withdraw(facts: CaseFacts, gone: ReadId) -> CaseFacts:
    withdrawn = tuple(read.recorded for read in facts.reads if read.id == gone)
    decided = facts.decision is not None and facts.decision.decided.read == gone
    return _with(
        facts,
        reads=tuple(read for read in facts.reads if read.id != gone),
        withdrawn_reads=(*facts.withdrawn_reads, *withdrawn),
        decision=None if decided else facts.decision,
    )


def _finalise(facts: CaseFacts, reads: tuple[ReadId, ...]) -> CaseFacts:
    decision = facts.decision
    if decision is not None and decision.decided.read in reads:
        decision = replace(decision, final=True)
    done = tuple(HumanRead(read.recorded, read.at, True) if read.id in reads else read for read in facts.reads)
    return _with(facts, reads=done, decision=decision)


def _lease(facts: CaseFacts, fact: ev.ReadClaimed | ev.ReadReleased | ev.ArbitrationClaimed) -> Lease | None:
    match fact:
        case ev.ReadClaimed(author=author, expires_at=expires_at):
            return Lease((author,), expires_at.astimezone(UTC), for_arbitration=False)
        case ev.ArbitrationClaimed(authors=authors, expires_at=expires_at):
            return Lease(authors, expires_at.astimezone(UTC), for_arbitration=True)
        case ev.ReadReleased(reader=reader):
            held = facts.lease is not None and all(author.reader != reader for author in facts.lease.authors)
            return facts.lease if held else None


def _lease_after(facts: CaseFacts, authors: tuple[ev.Author, ...]) -> Lease | None:
    """The lease once these people have given their opinion: their own ends, somebody else's does not."""
    lease = facts.lease
    if lease is not None and any(lease.held_by(author.person) for author in authors):
        return None
    return lease


def _holds(facts: CaseFacts, fact: ev.Held | ev.Resumed, at: datetime) -> tuple[tuple[ev.HoldKind, str, datetime], ...]:
    """Holds that stand; holding again keeps the first time, so that asking again never extends a wait."""
    others = tuple(hold for hold in facts.holds if hold[0] is not fact.kind)
    if isinstance(fact, ev.Resumed):
        return others
    since = next((since for kind, _reason, since in facts.holds if kind is fact.kind), at)
    return (*others, (fact.kind, fact.reason, since))
