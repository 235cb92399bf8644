"""A case loaded with its pinned policy, and the one way to append to it: through `admit`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from screening.domain import events as ev
from screening.domain.admission import admit
from screening.domain.case import CaseStatus, decide
from screening.domain.errors import PolicyNotFound
from screening.domain.facts import CaseFacts, fold
from screening.domain.identifiers import CaseId
from screening.domain.policy import Policy
from screening.workflow.ports import UnitOfWork


@dataclass(frozen=True)
class RecordedCase:
    """Events of one case and the policy pinned to it."""

    case: CaseId
    policy: Policy
    events: Sequence[ev.CaseEvent]

    @property
    def facts(self) -> CaseFacts:
        """The events folded."""
        return fold(self.events)

    def status(self, now: datetime) -> CaseStatus:
        """Where the case stands."""
        return decide(self.policy, self.events, now)


def load(uow: UnitOfWork, case: CaseId) -> RecordedCase:
    """Read a case. Raises CaseNotFound, or PolicyNotFound when its pinned policy is not stored."""
    events = uow.cases.events(case)
    pinned = fold(events).pinned
    if pinned is None:
        raise PolicyNotFound("the case has no pinned policy")
    return RecordedCase(case, uow.policies.get(pinned.policy_id, pinned.version), events)


def record(uow: UnitOfWork, recorded: RecordedCase, fact: ev.Fact, actor: str, at: datetime) -> RecordedCase:
    """Append one fact after the guards; returns the case with it. Raises what `admit` raises, or ConcurrentUpdate."""
    admit(recorded.policy, recorded.events, fact, at)
    appended = uow.cases.append(recorded.case, len(recorded.events), actor, at, [fact])
    return RecordedCase(recorded.case, recorded.policy, (*recorded.events, *appended))
