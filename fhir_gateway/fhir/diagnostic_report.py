"""DiagnosticReport: the report itself, with everything else hanging from it (IHE RAD IMR transaction form)."""

from __future__ import annotations

import base64
import hashlib

from fhir_gateway import codes, content
from fhir_gateway.fhir.elements import Json, JsonObject, coding, compact, concept, identifier
from fhir_gateway.fhir.frame import Entry, Frame
from fhir_gateway.fhir.imaging import accession
from fhir_gateway.fhir.observations import category_concept
from fhir_gateway.fhir.provenance import version_name
from fhir_gateway.narrative.html import division, page
from fhir_gateway.narrative.phrases import Phrase, phrase
from fhir_gateway.narrative.sections import summary
from fhir_gateway.narrative.text import plain_text
from fhir_gateway.systems import NO_DISCLOSURE, RADIOLOGY, REPORT_ID, REPORT_VERSION, RESTRICTED
from screening.domain.report import Language

_LANGUAGES = (Language.ENGLISH, Language.DUTCH)


def diagnostic_report(frame: Frame, results: tuple[Entry, ...], roles: tuple[Entry, ...]) -> Entry:
    """R4 DiagnosticReport, updated by the report's own identifier, which stays the same through corrections."""
    report = frame.report
    order, worst = accession(frame), content.worst_category(report)
    resource = compact(
        {
            "resourceType": "DiagnosticReport",
            "meta": {"security": security} if (security := disclosure(frame)) else None,
            "language": Language.ENGLISH.value,
            "text": {"status": "generated", "div": division(report, Language.ENGLISH)},
            "identifier": [identifier(REPORT_VERSION, version_name(report.report_id, report.version))],
            "basedOn": [{"type": "ServiceRequest", "identifier": order}] if order else None,
            "status": frame.status,
            "category": [concept(RADIOLOGY)],
            "code": concept(codes.REPORT_DBT if report.modality_is_dbt else codes.REPORT_2D),
            "subject": frame.subject,
            "effectiveDateTime": frame.effective,
            "issued": frame.issued,
            "performer": [frame.organisation],
            "resultsInterpreter": [role.link for role in roles] or [frame.organisation],
            "result": [entry.link for entry in results],
            "imagingStudy": [frame.study],
            "conclusion": summary(report, Language.ENGLISH),
            "conclusionCode": [category_concept(worst)] if worst is not None else None,
            "presentedForm": [form for language in _LANGUAGES for form in _forms(frame, language)],
        }
    )
    return frame.updated("report", resource, identifier(REPORT_ID, report.report_id))


def disclosure(frame: Frame) -> list[Json]:
    """Security labels of a report whose woman objected to sharing, else empty."""
    return [coding(RESTRICTED), coding(NO_DISCLOSURE)] if frame.report.no_sharing else []


def _forms(frame: Frame, language: Language) -> tuple[JsonObject, JsonObject]:
    return (
        _attachment(frame, "text/html; charset=utf-8", page(frame.report, language), language),
        _attachment(frame, "text/plain; charset=utf-8", plain_text(frame.report, language), language),
    )


def _attachment(frame: Frame, content_type: str, text: str, language: Language) -> JsonObject:
    """R4 Attachment: size is that of the data before base64, hash its SHA-1 in base64."""
    data = text.encode("utf-8")
    return {
        "contentType": content_type,
        "language": language.value,
        "data": base64.b64encode(data).decode("ascii"),
        "size": len(data),
        "hash": base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode("ascii"),
        "title": phrase(Phrase.TITLE, language),
        "creation": frame.issued,
    }
