"""Outcomes: what the programme tells the woman."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from screening.domain.opinion import BreastOpinion, TechnicalFault


class OutcomeKind(StrEnum):
    """The four possible outcomes of a case."""

    ROUTINE_RECALL = "routine_recall"
    TECHNICAL_RECALL = "technical_recall"
    RECALL_FOR_ASSESSMENT = "recall_for_assessment"
    NO_RESULT = "no_result"


class Flagger(StrEnum):
    """Who saw something: kept through outcome, assessment and interval cancer."""

    FIRST_READER = "R1"
    SECOND_READER = "R2"
    EXTRA_READER = "R3"
    AI = "AI"


@dataclass(frozen=True)
class Outcome:
    """Outcome of a case, per breast where recalled.

    `flagged_by` keeps the origin of suspicion, `arbitrated` whether a third decision made it; a recall flagged before
    arbitration and dismissed there belongs to the cohort that is followed for ever (`dismissed`).
    `standing_recall` lists breasts a reader recalled when the case ended in a technical recall.
    """

    kind: OutcomeKind
    breasts: tuple[BreastOpinion, ...] = ()
    technical: tuple[TechnicalFault, ...] = ()
    flagged_by: tuple[Flagger, ...] = ()
    arbitrated: bool = False
    standing_recall: tuple[BreastOpinion, ...] = ()
    reason: str = ""

    @property
    def dismissed(self) -> bool:
        """Flagged by someone, then called normal by arbitration."""
        return self.arbitrated and self.kind is OutcomeKind.ROUTINE_RECALL and bool(self.flagged_by)

    def tells_same(self, other: Outcome) -> bool:
        """Whether both tell the woman the same: kind, breasts with their categories, views to repeat."""
        return self._message() == other._message()

    def _message(self) -> tuple[object, ...]:
        breasts = frozenset((breast.laterality, breast.category) for breast in self.breasts)
        return self.kind, breasts, frozenset(fault.slot for fault in self.technical)

    @property
    def origin(self) -> str:
        """Who flagged, as one word for audits: `R1`, `R1+AI`, ... or `none`."""
        return "+".join(flagger.value for flagger in self.flagged_by) or "none"
