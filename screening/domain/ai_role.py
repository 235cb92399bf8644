"""What AI may add to a case under its pinned policy. An AI read that may not count is never looked at again here."""

from __future__ import annotations

from datetime import datetime

from screening.domain.events import AiRefused, AiScored, Objection
from screening.domain.facts import CaseFacts
from screening.domain.policy import Policy


def usable_ai(policy: Policy, facts: CaseFacts) -> AiScored | None:
    """The AI score that may count: policy lets AI take part, status was ok, and the woman did not object."""
    if not policy.ai.takes_part or Objection.NO_AI in facts.objections:
        return None
    return facts.ai if isinstance(facts.ai, AiScored) else None


def ai_flags(policy: Policy, facts: CaseFacts) -> bool:
    """Whether AI flags the case: from the policy's score on, or by the operating point of the AI itself.

    Either is enough, because a flag only ever adds a look.
    """
    return flags(policy, usable_ai(policy, facts))


def flags(policy: Policy, ai: AiScored | AiRefused | None) -> bool:
    """Whether this AI fact alone is a flag under the policy; a refusal and an absent read are none."""
    return isinstance(ai, AiScored) and (ai.flagged or ai.exam_score >= policy.ai.flag_from)


def reads_by_triage(policy: Policy, facts: CaseFacts) -> int:
    """Human reads that the triage rules demand for the score, or those without AI.

    A score that comes after a refusal spares nobody: the case has already been promised two humans, and its first
    reader worked without the score.
    """
    ai = usable_ai(policy, facts)
    if ai is None:
        return policy.human_reads
    for rule in policy.ai.triage:
        if rule.lowest <= ai.exam_score <= rule.highest:
            return max(rule.human_reads, policy.human_reads) if facts.ai_refused else rule.human_reads
    return policy.human_reads


def ai_owed(policy: Policy, facts: CaseFacts) -> bool:
    """Whether the case still waits for AI to answer at all."""
    return policy.ai.takes_part and facts.ai is None and Objection.NO_AI not in facts.objections


def ai_overdue(policy: Policy, facts: CaseFacts, now: datetime) -> bool:
    """Whether AI has had its time since the images were complete and has not answered."""
    since = facts.images_complete_at
    if since is None or facts.withdrawal is not None:
        return False
    return ai_owed(policy, facts) and now - since > policy.ai.wait
