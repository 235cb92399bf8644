"""Required bindings of R4 4.0.1 for the elements used here, and the rule that only verified codes leave."""

from __future__ import annotations

from collections.abc import Iterator

from fhir_gateway import codes, systems
from fhir_gateway.fhir.checks.problem import Problem, Scan, mapping
from fhir_gateway.fhir.elements import JsonObject

_GENDER = "male female other unknown"
_DAYS = "mon tue wed thu fri sat sun"
REQUIRED: dict[str, frozenset[str]] = {
    path: frozenset(words.split())
    for path, words in {
        "Bundle.type": "document message transaction transaction-response batch batch-response history searchset "
        "collection",
        "Bundle.entry.request.method": "GET HEAD POST PUT DELETE PATCH",
        "Bundle.entry.search.mode": "match include outcome",
        "Patient.gender": _GENDER,
        "Patient.contact.gender": _GENDER,
        "Patient.link.type": "replaced-by replaces refer seealso",
        "PractitionerRole.availableTime.daysOfWeek": _DAYS,
        "Device.status": "active inactive entered-in-error unknown",
        "Device.deviceName.type": "udi-label-name user-friendly-name patient-reported-name manufacturer-name "
        "model-name other",
        "ImagingStudy.status": "registered available cancelled entered-in-error unknown",
        "DiagnosticReport.status": "registered partial preliminary final amended corrected appended cancelled "
        "entered-in-error unknown",
        "Observation.status": "registered preliminary final amended corrected cancelled entered-in-error unknown",
        "ServiceRequest.status": "draft active on-hold revoked completed entered-in-error unknown",
        "ServiceRequest.intent": "proposal plan directive order original-order reflex-order filler-order "
        "instance-order option",
        "ServiceRequest.priority": "routine urgent asap stat",
        "Provenance.entity.role": "derivation revision quotation source removal",
    }.items()
}
"""Codes allowed at each element path (R4 4.0.1, strength required)."""

ANYWHERE: dict[str, frozenset[str]] = {
    path: frozenset(words.split())
    for path, words in {
        "identifier.use": "usual official temp secondary old",
        "name.use": "usual official temp nickname anonymous old maiden",
        "text.status": "generated extensions additional empty",
        "valueQuantity.comparator": "< <= >= >",
        "telecom.system": "phone fax email pager url sms other",
        "telecom.use": "home work temp old mobile",
    }.items()
}
"""Codes allowed at the end of any path: bindings of datatypes."""

_CLINICAL = {codes.SCT, codes.LOINC, codes.DCM, codes.NCIT}
_HL7 = {code.system for code in systems.HL7_BASE}


def bindings(scan: Scan) -> Iterator[Problem]:
    """Codes outside a required value set, and clinical or HL7 codes that are not in this service's tables."""
    for node in scan.nodes:
        allowed = REQUIRED.get(node.definition) or ANYWHERE.get(".".join(node.definition.split(".")[-2:]))
        if allowed is not None and isinstance(node.value, str) and node.value not in allowed:
            yield Problem("required-binding", node.path)
        if _unverified(mapping(node.value)):
            yield Problem("code-not-verified", node.path)


def _unverified(coding: JsonObject) -> bool:
    system, code = coding.get("system"), coding.get("code")
    if not isinstance(code, str) or not isinstance(system, str):
        return False
    named = codes.Code(system, code, str(coding.get("display", "")))
    return (system in _CLINICAL and named not in codes.EMITTED) or (system in _HL7 and named not in systems.HL7_BASE)
