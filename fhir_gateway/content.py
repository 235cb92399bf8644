"""What every outgoing form of a report says, worked out once: categories per breast, destination, what may be shown.

Narrative, FHIR and HL7 v2 read the report through here so that they cannot disagree. Nothing here knows a wire form.
"""

from __future__ import annotations

import re
from enum import StrEnum

from screening.domain.ai_read import AiStatus
from screening.domain.errors import ReportInvalid
from screening.domain.opinion import RECALL_CATEGORIES, BiRads, BreastOpinion, worst
from screening.domain.outcome import OutcomeKind
from screening.domain.report import StructuredReport
from screening.domain.study import Laterality


class Recommendation(StrEnum):
    """What the receiver is asked to do."""

    ROUTINE = "routine"
    NO_RESULT = "no_result"
    REPEAT_VIEWS = "repeat_views"
    HOSPITAL_RADIOLOGY = "hospital_radiology"
    BREAST_CLINIC = "breast_clinic"


_WITHOUT_RECALL = {
    OutcomeKind.ROUTINE_RECALL: Recommendation.ROUTINE,
    OutcomeKind.TECHNICAL_RECALL: Recommendation.REPEAT_VIEWS,
    OutcomeKind.NO_RESULT: Recommendation.NO_RESULT,
}
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def plain(text: str) -> str:
    r"""Text on one line without the characters that FHIR strings and XML forbid; empty when nothing is left.

    >>> plain("two\nlines ")
    'two lines'
    """
    return " ".join(_UNPRINTABLE.sub(" ", text).split())


def breasts(report: StructuredReport) -> tuple[BreastOpinion, ...]:
    """Opinion per breast, right first; a plain normal outcome means category 1 on both sides.

    Raises ReportInvalid when the outcome and the report's own list name different categories for a side.
    """
    by_side: dict[Laterality, BreastOpinion] = {}
    for breast in (*report.breasts, *report.outcome.breasts):
        known = by_side.setdefault(breast.laterality, breast)
        if known.category is not breast.category:
            raise ReportInvalid(f"report {report.report_id} gives one breast two categories")
    if not by_side and report.outcome.kind is OutcomeKind.ROUTINE_RECALL:
        return tuple(BreastOpinion(side, BiRads.NEGATIVE) for side in Laterality)
    return tuple(by_side[side] for side in Laterality if side in by_side)


def recalled(report: StructuredReport) -> tuple[BreastOpinion, ...]:
    """The breasts a recall for assessment is about; empty for every other outcome."""
    if report.outcome.kind is not OutcomeKind.RECALL_FOR_ASSESSMENT:
        return ()
    return tuple(breast for breast in breasts(report) if breast.category in RECALL_CATEGORIES)


def worst_category(report: StructuredReport) -> BiRads | None:
    """Category of most concern, None when no breast has one."""
    categories = tuple(breast.category for breast in breasts(report))
    return worst(categories) if categories else None


def recommendation(report: StructuredReport) -> Recommendation:
    """Where the woman goes next: category 0 alone to radiology for more images, anything worse to the breast clinic."""
    if report.outcome.kind is not OutcomeKind.RECALL_FOR_ASSESSMENT:
        return _WITHOUT_RECALL[report.outcome.kind]
    categories = {breast.category for breast in recalled(report)}
    return Recommendation.HOSPITAL_RADIOLOGY if categories == {BiRads.INCOMPLETE} else Recommendation.BREAST_CLINIC


def ai_score(report: StructuredReport) -> int | None:
    """The AI exam score 1-10 where it may be shown: only of an ok read whose reader is named and labelled."""
    ai = report.ai
    named = ai.identity is not None and bool(plain(ai.identity.label)) and bool(ai.calibration_id)
    return ai.exam_score if ai.status is AiStatus.OK and named else None


def density_by_ai(report: StructuredReport) -> bool:
    """Whether the breast density has to be labelled as the AI reader's: whenever an ok AI read is in the report.

    The report does not say who gave the density; while AI may have, it must not pass for a reader's judgement.
    """
    return report.density is not None and report.ai.status is AiStatus.OK and report.ai.identity is not None
