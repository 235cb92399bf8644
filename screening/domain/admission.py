"""May this fact be recorded now? The guards every use case passes before it appends to a case."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from screening.domain import errors
from screening.domain import events as ev
from screening.domain.blinding import is_blind
from screening.domain.case import LATE_IMAGES, CaseStatus, decide, valid_reads
from screening.domain.facts import CaseFacts, fold
from screening.domain.identifiers import ReaderId, ReadId
from screening.domain.independence import may_arbitrate, may_read
from screening.domain.opinion import Opinion, OpinionKind
from screening.domain.outcome import Outcome
from screening.domain.policy import Policy
from screening.domain.transitions import CONCLUDED, FINAL, next_states


def admit(policy: Policy, events: Sequence[ev.CaseEvent], fact: ev.Fact, now: datetime) -> CaseStatus:
    """Check that `fact` may follow `events`; returns the status before it.

    Raises EventNotAllowed for a fact that has no place in the state, ReaderNotIndependent, CaseClaimed, ReadFinal,
    CategoryNotAllowed or CaseHeld when a specific guard forbids it.
    """
    now = now.astimezone(UTC)
    status = decide(policy, events, now)
    if not next_states(status.state, type(fact)):
        raise errors.EventNotAllowed(_no_place(status, fact))
    facts = fold(events)
    _check_opened(policy, facts, fact)
    match fact:
        case ev.ReadClaimed() | ev.ReadReleased() | ev.ArbitrationClaimed():
            _check_claim(policy, facts, fact, now)
        case ev.ReadRecorded():
            _check_read(policy, facts, fact, status, now)
        case ev.ArbitrationDecided(authors=authors, opinion=opinion, read=read):
            _check_arbiters(policy, facts, authors, now)
            check_categories(policy, opinion)
            _check_new_id(facts, read)
        case ev.OutcomeReleased(outcome=outcome):
            _check_release(status, outcome)
        case ev.LateImagesResolved(note=note):
            _check_late_images(facts, note)
        case _:
            _check_reads_named(facts, fact, status)
    return status


NO_READ = "this case takes no read now"
"""Told to readers alike in every state, for the state tells what AI or the other reader said."""


def _no_place(status: CaseStatus, fact: ev.Fact) -> str:
    if isinstance(fact, ev.ReadClaimed | ev.ReadRecorded):
        return NO_READ
    return f"{type(fact).__name__} has no place in state {status.state.value}"


def check_categories(policy: Policy, opinion: Opinion) -> None:
    """Raise CategoryNotAllowed unless the policy uses every category, and recalls with one of those of a recall."""
    if any(breast.category not in policy.categories for breast in opinion.breasts):
        allowed = ", ".join(str(category.value) for category in sorted(policy.categories))
        raise errors.CategoryNotAllowed(f"this policy uses the BI-RADS categories {allowed}")
    recalls = any(breast.category in policy.recall_categories for breast in opinion.breasts)
    if opinion.kind is OpinionKind.RECALL and not recalls:
        allowed = ", ".join(str(category.value) for category in sorted(policy.recall_categories))
        raise errors.CategoryNotAllowed(f"this policy recalls with the BI-RADS categories {allowed}")


def check_releasable(status: CaseStatus) -> None:
    """Raise EventNotAllowed unless the case has concluded, CaseHeld while a hold or a late image stands in the way."""
    if status.state is not CONCLUDED:
        raise errors.EventNotAllowed(f"a case is released when it has concluded; this one is {status.state.value}")
    if status.holds:
        raise errors.CaseHeld("the case is on hold: " + ", ".join(hold.value for hold in status.holds))
    if LATE_IMAGES in status.review:
        raise errors.CaseHeld("late_images: images came after the case was read and wait for a person")


def _check_opened(policy: Policy, facts: CaseFacts, fact: ev.Fact) -> None:
    """A case is opened first and once, and ruled by the policy pinned to it once."""
    if isinstance(fact, ev.CaseOpened):
        if facts.opened is not None:
            raise errors.EventNotAllowed("a case is opened once")
        return
    if facts.opened is None:
        raise errors.EventNotAllowed("a case is opened before anything else is recorded")
    if isinstance(fact, ev.PolicyPinned) and facts.pinned is not None:
        raise errors.EventNotAllowed("the policy of a case is pinned once")
    pinned = fact if isinstance(fact, ev.PolicyPinned) else facts.pinned
    if pinned is not None and pinned.digest != policy.digest:
        raise errors.EventNotAllowed("this case is ruled by another policy document")


def _check_reader(policy: Policy, facts: CaseFacts, author: ev.Author) -> None:
    if not may_read(policy, facts, author):
        raise errors.ReaderNotIndependent("this person has read or arbitrated the case, or has seen another read")


def _check_claim(
    policy: Policy,
    facts: CaseFacts,
    fact: ev.ReadClaimed | ev.ReadReleased | ev.ArbitrationClaimed,
    now: datetime,
) -> None:
    match fact:
        case ev.ReadClaimed(author=author):
            _check_reader(policy, facts, author)
            _check_lease(facts, (author,), now)
        case ev.ReadReleased(reader=reader):
            _check_own_lease(facts, reader, now)
        case ev.ArbitrationClaimed(authors=authors):
            _check_arbiters(policy, facts, authors, now)


def _check_lease(facts: CaseFacts, authors: tuple[ev.Author, ...], now: datetime) -> None:
    lease = facts.lease
    if lease is None or lease.expires_at <= now:
        return
    if not any(lease.held_by(author.person) for author in authors):
        raise errors.CaseClaimed("another reader is working on this case")


def _check_own_lease(facts: CaseFacts, reader: ReaderId, now: datetime) -> None:
    lease = facts.lease
    if lease is None or lease.expires_at <= now:
        return
    if all(author.reader != reader for author in lease.authors):
        raise errors.CaseClaimed("a lease is given back by who holds it")


def _check_read(policy: Policy, facts: CaseFacts, fact: ev.ReadRecorded, status: CaseStatus, now: datetime) -> None:
    if status.state is FINAL and all(read.final for read in facts.reads):
        raise errors.EventNotAllowed(NO_READ)  # a decision is awaiting its window; in other words it would show
    check_categories(policy, fact.opinion)
    _check_new_id(facts, fact.read)
    if fact.replaces is not None:
        _check_correction(facts, fact, fact.replaces)
    else:
        _check_reader(policy, facts, fact.author)
        _check_lease(facts, (fact.author,), now)
        if status.state is FINAL:
            raise errors.EventNotAllowed(NO_READ)
    if fact.blind and not is_blind(facts, fact.author):
        raise errors.EventNotAllowed("a read is not blind after something was revealed to its reader")


def _check_correction(facts: CaseFacts, fact: ev.ReadRecorded, replaced: ReadId) -> None:
    """A reader corrects the own read within its window, whoever else is working on the case."""
    own = [read for read in valid_reads(facts) if read.recorded.author.person == fact.author.person]
    corrected = next((read for read in own if read.id == replaced), None)
    if corrected is None:
        raise errors.EventNotAllowed("a reader corrects only the own read")
    if corrected.final:
        raise errors.ReadFinal("the correction window of this read has closed")


def _check_new_id(facts: CaseFacts, read: ReadId) -> None:
    if read in _known_reads(facts) or any(read == gone.read for gone in facts.withdrawn_reads):
        raise errors.EventNotAllowed("this read is already recorded")


def _check_arbiters(policy: Policy, facts: CaseFacts, authors: tuple[ev.Author, ...], now: datetime) -> None:
    if not authors:
        raise errors.EventNotAllowed("an arbitration names its authors")
    if not may_arbitrate(policy, facts.reads, authors):
        raise errors.ReaderNotIndependent("who arbitrates has not read the case")
    _check_lease(facts, authors, now)


def _check_release(status: CaseStatus, outcome: Outcome) -> None:
    check_releasable(status)
    if status.outcome != outcome:
        raise errors.EventNotAllowed("only the outcome that follows from the facts can be released")


def _check_own_opinion(facts: CaseFacts, named: ReadId, by: ev.Author | None) -> None:
    """A correction window belongs to who gave the opinion; nobody else closes it early."""
    authors = {read.recorded.author.person for read in facts.reads if read.id == named}
    if facts.decision is not None and facts.decision.decided.read == named:
        authors |= {author.person for author in facts.decision.decided.authors}
    if by is None or by.person not in authors:
        raise errors.EventNotAllowed("a correction window is closed early only by who gave the opinion")


def _check_late_images(facts: CaseFacts, note: str) -> None:
    if not facts.late_images:
        raise errors.EventNotAllowed("no late images of this case wait for a person")
    if not note.strip():
        raise errors.EventNotAllowed("who looked into late images notes what was done about them")


def _check_reads_named(facts: CaseFacts, fact: ev.Fact, status: CaseStatus) -> None:
    match fact:
        case ev.ReadFinalised(read=read) | ev.ReadWithdrawn(read=read):
            named, allowed = {read}, _known_reads(facts)
        case ev.AutoFinalised(reads=reads):
            named, allowed = set(reads), set(status.finalise)
        case _:
            return
    if not named <= allowed:
        raise errors.EventNotAllowed("this case has no such read, or its correction window has not elapsed")
    if isinstance(fact, ev.ReadFinalised):
        _check_own_opinion(facts, fact.read, fact.by)


def _known_reads(facts: CaseFacts) -> set[ReadId]:
    known = {read.id for read in facts.reads}
    return known | {facts.decision.decided.read} if facts.decision is not None else known
