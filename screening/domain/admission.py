"""May this fact be recorded now? The guards every use case passes before it appends to a case."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from screening.domain import errors
from screening.domain import events as ev
from screening.domain.case import CaseStatus, decide
from screening.domain.facts import CaseFacts, fold
from screening.domain.opinion import Opinion
from screening.domain.policy import Policy
from screening.domain.transitions import FINAL, next_states


def admit(policy: Policy, events: Sequence[ev.CaseEvent], fact: ev.Fact, now: datetime) -> CaseStatus:
    """Check that `fact` may follow `events`; returns the status before it.

    Raises EventNotAllowed for a fact that has no place in the state, ReaderNotIndependent, CaseClaimed, ReadFinal,
    CategoryNotAllowed or CaseHeld when a specific guard forbids it.
    """
    status = decide(policy, events, now)
    if not next_states(status.state, type(fact)):
        raise errors.EventNotAllowed(f"{type(fact).__name__} has no place in state {status.state.value}")
    facts = fold(events)
    match fact:
        case ev.CaseOpened() | ev.PolicyPinned():
            _check_once(facts, fact)
        case ev.ReadClaimed(author=author):
            _check_claim(facts, author, now)
        case ev.ReadRecorded():
            _check_read(policy, facts, fact, status, now)
        case ev.ArbitrationClaimed(authors=authors):
            _check_arbiters(policy, facts, authors, now)
        case ev.ArbitrationDecided(authors=authors, opinion=opinion):
            _check_arbiters(policy, facts, authors, now)
            check_categories(policy, opinion)
        case ev.OutcomeReleased():
            _check_release(status, fact)
        case _:
            _check_reads_named(facts, fact)
    return status


def check_categories(policy: Policy, opinion: Opinion) -> None:
    """Raise CategoryNotAllowed unless every category is one the policy uses."""
    if any(breast.category not in policy.categories for breast in opinion.breasts):
        allowed = ", ".join(str(category.value) for category in sorted(policy.categories))
        raise errors.CategoryNotAllowed(f"this policy uses the BI-RADS categories {allowed}")


def _check_once(facts: CaseFacts, fact: ev.CaseOpened | ev.PolicyPinned) -> None:
    taken = facts.opened if isinstance(fact, ev.CaseOpened) else facts.pinned
    if taken is not None:
        raise errors.EventNotAllowed(f"{type(fact).__name__} is recorded once per case")


def _check_claim(facts: CaseFacts, author: ev.Author, now: datetime) -> None:
    if any(read.recorded.author.registration == author.registration for read in facts.reads):
        raise errors.ReaderNotIndependent("this person has already read the case")
    _check_lease(facts, (author,), now)


def _check_lease(facts: CaseFacts, authors: tuple[ev.Author, ...], now: datetime) -> None:
    lease = facts.lease
    if lease is None or lease.expires_at <= now:
        return
    holders = {author.registration for author in lease.authors}
    if holders.isdisjoint(author.registration for author in authors):
        raise errors.CaseClaimed("another reader is working on this case")


def _check_read(policy: Policy, facts: CaseFacts, fact: ev.ReadRecorded, status: CaseStatus, now: datetime) -> None:
    check_categories(policy, fact.opinion)
    _check_lease(facts, (fact.author,), now)
    own = [read for read in facts.reads if read.recorded.author.registration == fact.author.registration]
    if fact.replaces is None:
        if own:
            raise errors.ReaderNotIndependent("this person has already read the case")
        if status.state is FINAL:
            raise errors.EventNotAllowed("all reads this case owes are there; only a correction may be recorded")
        return
    corrected = next((read for read in own if read.id == fact.replaces), None)
    if corrected is None:
        raise errors.EventNotAllowed("a reader corrects only the own read")
    if corrected.final:
        raise errors.ReadFinal("the correction window of this read has closed")


def _check_arbiters(policy: Policy, facts: CaseFacts, authors: tuple[ev.Author, ...], now: datetime) -> None:
    if not authors:
        raise errors.EventNotAllowed("an arbitration names its authors")
    readers = {read.recorded.author.registration for read in facts.reads}
    new = [author for author in authors if author.registration not in readers]
    panel = len(authors) > 1 and policy.panel_may_include_reader
    if len(new) < len(authors) and not (panel and new):
        raise errors.ReaderNotIndependent("who arbitrates has not read the case")
    _check_lease(facts, authors, now)


def _check_release(status: CaseStatus, fact: ev.OutcomeReleased) -> None:
    if status.holds:
        raise errors.CaseHeld("the case is on hold: " + ", ".join(hold.value for hold in status.holds))
    if status.outcome != fact.outcome:
        raise errors.EventNotAllowed("only the outcome that follows from the facts can be released")


def _check_reads_named(facts: CaseFacts, fact: ev.Fact) -> None:
    match fact:
        case ev.ReadFinalised(read=read) | ev.ReadWithdrawn(read=read):
            named = {read}
        case ev.AutoFinalised(reads=reads):
            named = set(reads)
        case _:
            return
    known = {read.id for read in facts.reads}
    if facts.decision is not None:
        known.add(facts.decision.decided.read)
    if not named <= known:
        raise errors.EventNotAllowed("this case has no such read")
