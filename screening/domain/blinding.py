"""What a person may see of a case: the visibility matrix of the pinned policy, and nothing else (rule 2)."""

from __future__ import annotations

from screening.domain.ai_role import usable_ai
from screening.domain.case import required_reads, valid_reads
from screening.domain.events import Author
from screening.domain.facts import CaseFacts
from screening.domain.independence import may_read
from screening.domain.policy import AiFlagAction, Field, Phase, Policy, Role

AI_OPINION = frozenset({Field.AI_SCORE, Field.AI_FLAG, Field.AI_MARKS})
"""Fields that tell what AI thinks, as opposed to whether it answered."""

REVEALING = AI_OPINION | {Field.OTHER_READS, Field.OUTCOME}
"""Fields that derive from another read or from AI's opinion; who has seen one is not blind."""


def phase_for(facts: CaseFacts, author: Author) -> Phase:
    """The phase this person is in with this case."""
    if facts.released is not None:
        return Phase.CONCLUDED
    own = any(read.recorded.author.person == author.person for read in facts.reads)
    return Phase.AFTER_OWN_READ if own else Phase.BEFORE_OWN_READ


def visible_fields(policy: Policy, facts: CaseFacts, role: Role, author: Author) -> frozenset[Field]:
    """Fields this person may see now; whatever is not granted stays hidden.

    A reader who owes no read any more (not a reader of this case) is treated as before the own read. The role of
    arbiter opens nothing more than that of reader until every read the case owes is there and final. AI's opinion is
    shown only while it may count, its marks only from the score the policy states.
    """
    phase = phase_for(facts, author)
    if role is Role.ARBITER and phase is not Phase.CONCLUDED and not _reads_closed(policy, facts):
        role = Role.READER
    return policy.visibility.get((role, phase), frozenset()) - _nothing_to_show(policy, facts)


def is_blind(facts: CaseFacts, author: Author) -> bool:
    """Whether this person has been shown nothing that derives from another read or from AI."""
    return not facts.seen_by(author) & REVEALING


def told_to_read(policy: Policy, facts: CaseFacts, author: Author) -> bool:
    """Whether this person is told that the case wants a read, which is not always whether it owes one.

    That two others have read is no secret; what they or AI said is. Where the number of reads follows from something
    a reader may not know (an extra read after an AI-only flag, triage by a hidden score), a case that asked for one
    more would give it away. It then asks everybody who has not read it, until its outcome is out.
    """
    if facts.released is not None or facts.withdrawal is not None or not may_read(policy, facts, author):
        return False
    return _number_tells(policy) or len(valid_reads(facts)) < required_reads(policy, facts)


def _number_tells(policy: Policy) -> bool:
    """Whether the number of reads a case owes would tell a reader what the policy hides before the own read."""
    derived = {Field.AI_SCORE} if policy.ai.triage else set()
    if policy.ai.flag_action is AiFlagAction.EXTRA_READ:
        derived |= {Field.AI_FLAG, Field.OTHER_READS}
    granted = policy.visibility.get((Role.READER, Phase.BEFORE_OWN_READ), frozenset())
    return policy.ai.takes_part and not derived <= granted


def _reads_closed(policy: Policy, facts: CaseFacts) -> bool:
    reads = valid_reads(facts)
    return len(reads) >= required_reads(policy, facts) and all(read.final for read in reads)


def _nothing_to_show(policy: Policy, facts: CaseFacts) -> frozenset[Field]:
    ai = usable_ai(policy, facts)
    if ai is None:
        return AI_OPINION
    return frozenset({Field.AI_MARKS}) if ai.exam_score < policy.ai.marks_from else frozenset()
