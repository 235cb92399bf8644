"""ServiceRequest: what the receiver is asked to do. A proposal, never an order; routine screening asks nothing.

One identifier per report, so a correction replaces or revokes what an earlier version asked for.
"""

from __future__ import annotations

from collections.abc import Mapping

from fhir_gateway import codes, content
from fhir_gateway.codes import Code
from fhir_gateway.content import Recommendation
from fhir_gateway.fhir.elements import Json, JsonObject, compact, concept, note, reference
from fhir_gateway.fhir.frame import Entry, Frame
from fhir_gateway.fhir.observations import category_concept, category_key
from fhir_gateway.narrative.phrases import Phrase, phrase
from fhir_gateway.narrative.words import word
from fhir_gateway.systems import RECOMMENDATION
from screening.domain.opinion import TechnicalFault
from screening.domain.report import Language, ReportStatus
from screening.domain.study import Laterality

KEY = "recommendation"
_ENGLISH = Language.ENGLISH
_PUBLISHED: Mapping[Recommendation, tuple[Code, ...]] = {
    Recommendation.HOSPITAL_RADIOLOGY: (codes.ADDITIONAL_PROJECTIONS,),
    Recommendation.BREAST_CLINIC: (),
    Recommendation.REPEAT_VIEWS: (),
}
_PERFORMER = {
    Recommendation.HOSPITAL_RADIOLOGY: "Hospital radiology department",
    Recommendation.BREAST_CLINIC: "Breast clinic",
    Recommendation.REPEAT_VIEWS: "Screening unit",
}


def recommendation(frame: Frame) -> Entry | None:
    """R4 ServiceRequest, None where nothing is asked.

    A corrected or withdrawn report that asks nothing revokes whatever an earlier version asked.
    """
    asked = content.recommendation(frame.report)
    if asked in _PUBLISHED:
        return frame.owned(KEY, _request(frame, asked))
    if frame.report.status is ReportStatus.FINAL and frame.report.supersedes is None:
        return None
    return frame.owned(KEY, _revoked(frame))


def _request(frame: Frame, asked: Recommendation) -> JsonObject:
    recalled = content.recalled(frame.report)
    sides = {breast.laterality for breast in recalled} | {f.slot.laterality for f in frame.report.outcome.technical}
    withdrawn = frame.report.status is ReportStatus.ENTERED_IN_ERROR
    return compact(
        {
            **_common(frame, "entered-in-error" if withdrawn else "active"),
            "code": concept(
                *_PUBLISHED[asked],
                Code(RECOMMENDATION, asked.value.replace("_", "-"), word(asked, _ENGLISH)),
                text=word(asked, _ENGLISH),
            ),
            "orderDetail": [_view(fault) for fault in frame.report.outcome.technical],
            "performerType": {"text": _PERFORMER[asked]},
            "reasonCode": [category_concept(category) for category in sorted({b.category for b in recalled})],
            "reasonReference": [reference(frame.url(category_key(b)), "Observation") for b in recalled],
            "bodySite": [concept(codes.BREAST[side]) for side in Laterality if side in sides],
            "note": _standing(frame),
        }
    )


def _common(frame: Frame, status: str) -> JsonObject:
    return {
        "resourceType": "ServiceRequest",
        "status": status,
        "intent": "proposal",
        "subject": frame.subject,
        "authoredOn": frame.issued,
        "requester": frame.organisation,
        "supportingInfo": [frame.study],
    }


def _revoked(frame: Frame) -> JsonObject:
    withdrawn = frame.report.status is ReportStatus.ENTERED_IN_ERROR
    text = phrase(Phrase.WITHDRAWN_REQUEST, _ENGLISH)
    return {**_common(frame, "entered-in-error" if withdrawn else "revoked"), "code": {"text": text}}


def _view(fault: TechnicalFault) -> JsonObject:
    text = phrase(Phrase.REPEAT, _ENGLISH, view=word(fault.slot, _ENGLISH), reason=word(fault.reason, _ENGLISH))
    return concept(codes.VIEW[fault.slot.view], text=text)


def _standing(frame: Frame) -> list[Json]:
    lines = [
        phrase(
            Phrase.STANDING,
            _ENGLISH,
            side=word(breast.laterality, _ENGLISH),
            category=breast.category.value,
            words=word(breast.category, _ENGLISH),
        )
        for breast in frame.report.outcome.standing_recall
    ]
    return [line for text in lines for line in note(text)]
