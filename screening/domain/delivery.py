"""When the result of an AI read may leave for a PACS, where to, and how patiently: pure rules.

A mark in the PACS is seen by whoever opens the exam there. Where the policy wants readers blind to AI, results leave
only once the outcome is released; nothing of a case that never concludes leaves at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from screening.domain.ai_role import usable_ai
from screening.domain.blinding import AI_OPINION
from screening.domain.events import Objection
from screening.domain.facts import CaseFacts
from screening.domain.identifiers import CaseId
from screening.domain.policy import Phase, Policy, Role
from screening.domain.results import ResultKind

WAITS: Final = (
    *(timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10)),
    *(timedelta(minutes=30),) * 3,
    *(timedelta(hours=1),) * 24,
)
"""Before each further try at a partner that cannot be reached: about a day in all, then a person is told."""

COMMITMENT_WAIT: Final = timedelta(hours=2)
"""How long an answer to our storage commitment may take before the objects are sent once more."""


@dataclass(frozen=True)
class Destination:
    """A PACS that results go to: by DIMSE (title, host, port) or by STOW-RS (url).

    `kinds` are the objects it wants. With `commitment` the delivery counts only when the PACS says that it keeps them.
    `units` limits it to exams of these screening units; none means all. `outside` is another organisation: a woman who
    objects to sharing keeps it from getting anything.
    """

    name: str
    title: str = ""
    host: str = ""
    port: int = 0
    url: str = ""
    kinds: tuple[ResultKind, ...] = (ResultKind.CAD_SR,)
    commitment: bool = False
    units: tuple[str, ...] = ()
    outside: bool = False

    def wants(self, unit: str) -> bool:
        """Whether it takes exams of this unit."""
        return not self.units or unit in self.units


class DeliveryState(StrEnum):
    """How far a delivery is."""

    WAITING = "waiting"
    SENT = "sent"
    COMMITTED = "committed"


@dataclass(frozen=True)
class Delivery:
    """The result of one AI run on its way to one destination.

    `attempt` counts the further tries, `transaction_uid` is our storage commitment of the latest one, and `reason` the
    code of what last went wrong, empty when nothing did.
    """

    run: str
    destination: str
    case: CaseId
    state: DeliveryState = DeliveryState.WAITING
    attempt: int = 0
    transaction_uid: str = ""
    reason: str = ""
    updated_at: datetime | None = None


def wait_before(attempt: int) -> timedelta | None:
    """How long to wait before this further try (1 is the second in all); None when a person is to be told.

    >>> wait_before(1), wait_before(1000)
    (datetime.timedelta(seconds=5), None)
    """
    return WAITS[attempt - 1] if attempt <= len(WAITS) else None


def may_leave(policy: Policy, facts: CaseFacts) -> bool:
    """Whether the AI read of a case may be seen in the PACS now.

    Before release only where every reader is shown AI's whole opinion before the own read, marks included, and AI's
    answer counts; never without an AI read, nor where the woman objected to AI.
    """
    if facts.ai is None or Objection.NO_AI in facts.objections:
        return False
    if facts.released is not None:
        return True
    ai = usable_ai(policy, facts)
    shown = policy.visibility.get((Role.READER, Phase.BEFORE_OWN_READ), frozenset())
    return ai is not None and shown >= AI_OPINION and ai.exam_score >= policy.ai.marks_from


def goes_to(destination: Destination, facts: CaseFacts, unit: str) -> bool:
    """Whether a destination gets the results of a case of this unit."""
    barred = destination.outside and Objection.NO_SHARING in facts.objections
    return destination.wants(unit) and not barred
