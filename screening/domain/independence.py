"""Who may read and who may arbitrate: one person gives one opinion on a case, under whatever account."""

from __future__ import annotations

from collections.abc import Sequence

from screening.domain.events import Author
from screening.domain.facts import CaseFacts, HumanRead
from screening.domain.policy import Field, Phase, Policy, Role


def may_read(policy: Policy, facts: CaseFacts, author: Author) -> bool:
    """Whether this person can still give an independent read.

    Not who has read or arbitrated the case, nor who was shown another read or the outcome where the policy hides them.
    """
    people = {read.recorded.author.person for read in facts.reads}
    if facts.decision is not None:
        people |= {arbiter.person for arbiter in facts.decision.decided.authors}
    if author.person in people:
        return False
    hidden = {Field.OTHER_READS, Field.OUTCOME} - policy.visibility.get(
        (Role.READER, Phase.BEFORE_OWN_READ), frozenset()
    )
    return not facts.seen_by(author) & hidden


def may_arbitrate(policy: Policy, reads: Sequence[HumanRead], authors: Sequence[Author]) -> bool:
    """Whether these people may give the third decision.

    A solo arbiter has not read the case; a panel may contain a reader where the policy says so, beside somebody new.
    """
    readers = {read.recorded.author.person for read in reads}
    people = {author.person for author in authors}
    new = people - readers
    if new == people:
        return bool(people)
    return policy.panel_may_include_reader and bool(new)
