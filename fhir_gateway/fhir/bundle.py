"""The transaction Bundle of one report, and its canonical bytes."""

from __future__ import annotations

import json

from fhir_gateway.fhir import ai
from fhir_gateway.fhir.diagnostic_report import diagnostic_report, disclosure
from fhir_gateway.fhir.elements import JsonObject, compact
from fhir_gateway.fhir.frame import Entry, Frame
from fhir_gateway.fhir.imaging import imaging_study
from fhir_gateway.fhir.observations import findings
from fhir_gateway.fhir.patient import patient
from fhir_gateway.fhir.provenance import provenance
from fhir_gateway.fhir.readers import organisation, roles
from fhir_gateway.fhir.recommendation import recommendation
from fhir_gateway.fhir.retraction import before, retracted
from screening.domain.report import StructuredReport


def transaction(report: StructuredReport, previous: StructuredReport | None = None) -> JsonObject:
    """R4 Bundle of type transaction, not yet validated.

    `previous` is the version a correction replaces: lesions it had and this one has not are marked entered in error.
    Raises ReportInvalid for a report that contradicts itself.
    """
    frame = Frame(report)
    security = disclosure(frame)
    bundle = {
        "resourceType": "Bundle",
        "meta": {"security": security} if security else None,
        "type": "transaction",
        "timestamp": frame.issued,
        "entry": [entry.as_json() for entry in _entries(frame, previous)],
    }
    return compact(bundle)


def _entries(frame: Frame, previous: StructuredReport | None) -> tuple[Entry, ...]:
    earlier = before(frame, previous) if previous is not None else None
    readers, reader_device = roles(frame), ai.device(frame) or (ai.device(earlier) if earlier else None)
    known = (patient(frame), organisation(frame), *readers, *_present(reader_device), imaging_study(frame))
    results = (*findings(frame), *_present(ai.result(frame)))
    gone = retracted(results, earlier) if earlier else ()
    owned = (*results, *gone, diagnostic_report(frame, results, readers), *_present(recommendation(frame)))
    return (*known, *owned, provenance(frame, owned, readers))


def _present(entry: Entry | None) -> tuple[Entry, ...]:
    return () if entry is None else (entry,)


def canonical(bundle: JsonObject) -> bytes:
    """Canonical R4 JSON: members in alphabetical order, no white space, UTF-8."""
    text = json.dumps(bundle, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8")
