"""The AI reader as a Device, and its exam score as an Observation that is never without that device and its label.

A read that is not ok has no value but a reason; a score whose reader, label or calibration is missing is refused.
"""

from __future__ import annotations

from dataclasses import astuple

from fhir_gateway import content
from fhir_gateway.codes import Code
from fhir_gateway.content import plain
from fhir_gateway.fhir.elements import Json, JsonObject, compact, concept, identifier, note
from fhir_gateway.fhir.frame import Entry, Frame
from fhir_gateway.fhir.observations import by_ai, observation
from fhir_gateway.narrative.sections import ai_words
from fhir_gateway.systems import AI_NOT_OK, AI_RESULT, DEVICE_ID, DEVICE_PROPERTY
from screening.domain.ai_read import AiIdentity
from screening.domain.errors import ReportInvalid
from screening.domain.identifiers import stable_id
from screening.domain.report import Language

EXAM_SCORE = Code(AI_RESULT, "exam-score", "AI exam score on a scale of 1 to 10")
FLAG = Code(AI_RESULT, "flag", "Examination flagged by AI")


def device(frame: Frame) -> Entry | None:
    """R4 Device of the AI reader, None when none is named.

    Its identifier covers everything that can change a score, so two calibrations are two devices. Raises ReportInvalid
    when there is a score but no named, labelled and calibrated reader.
    """
    ai = frame.report.ai
    if ai.exam_score is not None and content.ai_score(frame.report) is None:
        raise ReportInvalid(f"report {frame.report.report_id} has an AI score without reader, label or calibration")
    if ai.identity is None:
        return None
    calibration = plain(ai.calibration_id or "")
    name = identifier(DEVICE_ID, stable_id("ai", *(plain(str(part)) for part in astuple(ai.identity)), calibration))
    return frame.shared("ai", _device(ai.identity, calibration), name)


def _device(identity: AiIdentity, calibration: str) -> JsonObject:
    model, version = plain(identity.model), plain(identity.version)
    return compact(
        {
            "resourceType": "Device",
            "deviceName": [{"name": model, "type": "model-name"}] if model else None,
            "type": {"text": "Software that reads mammograms (AI)"},
            "version": [{"value": version}] if version else None,
            "property": _properties(identity, calibration),
            "note": note(identity.label),
        }
    )


def _properties(identity: AiIdentity, calibration: str) -> list[Json]:
    values = {
        "calibration": calibration,
        "weights-sha256": identity.weights_sha256,
        "preprocessing": identity.preprocessing,
        "preprocessing-sha256": identity.preprocessing_sha256,
        "engine": identity.engine,
        "precision": identity.precision,
        "runtime": identity.runtime,
    }
    return [
        {"type": concept(Code(DEVICE_PROPERTY, name, name)), "valueCode": [{"text": plain(value)}]}
        for name, value in values.items()
        if plain(value)
    ]


def result(frame: Frame) -> Entry | None:
    """R4 Observation of the exam score, or of why there is none; None when no AI reader is named."""
    ai = frame.report.ai
    if ai.identity is None:
        return None
    score = content.ai_score(frame.report)
    members: JsonObject = {
        **by_ai(frame),
        "valueInteger": score,
        "dataAbsentReason": None if score else concept(AI_NOT_OK, text=ai_words(ai.status, Language.ENGLISH)),
        "component": [{"code": concept(FLAG), "valueBoolean": ai.flagged}] if score else None,
    }
    return observation(frame, "ai-exam-score", concept(EXAM_SCORE, text=EXAM_SCORE.display), members)
