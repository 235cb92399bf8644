"""What a person may see of a case: the visibility matrix of the pinned policy, and nothing else (rule 2)."""

from __future__ import annotations

from screening.domain.events import Author
from screening.domain.facts import CaseFacts
from screening.domain.policy import Field, Phase, Policy, Role


def phase_for(facts: CaseFacts, author: Author) -> Phase:
    """The phase this person is in with this case."""
    if facts.released is not None:
        return Phase.CONCLUDED
    own = any(read.recorded.author.registration == author.registration for read in facts.reads)
    return Phase.AFTER_OWN_READ if own else Phase.BEFORE_OWN_READ


def visible_fields(policy: Policy, facts: CaseFacts, role: Role, author: Author) -> frozenset[Field]:
    """Fields this person may see now; whatever is not granted stays hidden.

    A reader who owes no read any more (not a reader of this case) is treated as before the own read.
    """
    return policy.visibility.get((role, phase_for(facts, author)), frozenset())


def is_blind(facts: CaseFacts, author: Author) -> bool:
    """Whether this person has been shown nothing that derives from another read or from AI."""
    revealing = {Field.OTHER_READS, Field.AI_SCORE, Field.AI_FLAG, Field.AI_MARKS, Field.OUTCOME}
    return not any(reader == author.reader and name in revealing for reader, name in facts.seen)
