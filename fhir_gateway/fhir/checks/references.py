"""References: every target is an entry of the bundle or a logical identifier, and of a type R4 4.0.1 allows.

The targets are those of R4, not of R4B: the wider subjects of R4B must not leave.
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_gateway.fhir.checks.problem import Node, Problem, Scan, mapping, members
from fhir_gateway.fhir.elements import JsonObject

_READERS = "Practitioner PractitionerRole Organization CareTeam"
_AGENTS = "Practitioner PractitionerRole RelatedPerson Patient Device Organization"
_SUBJECTS = "Patient Group Device Location"
ANY = ""
TARGETS: dict[str, str] = {
    "PractitionerRole.organization": "Organization",
    "PractitionerRole.practitioner": "Practitioner",
    "ImagingStudy.subject": "Patient Device Group",
    "ImagingStudy.basedOn": "CarePlan ServiceRequest Appointment AppointmentResponse Task",
    "DiagnosticReport.subject": _SUBJECTS,
    "DiagnosticReport.basedOn": "CarePlan ImmunizationRecommendation MedicationRequest NutritionOrder ServiceRequest",
    "DiagnosticReport.performer": _READERS,
    "DiagnosticReport.resultsInterpreter": _READERS,
    "DiagnosticReport.result": "Observation",
    "DiagnosticReport.imagingStudy": "ImagingStudy",
    "DiagnosticReport.media.link": "Media",
    "Observation.subject": _SUBJECTS,
    "Observation.performer": f"{_READERS} Patient RelatedPerson",
    "Observation.device": "Device DeviceMetric",
    "Observation.hasMember": "Observation QuestionnaireResponse MolecularSequence",
    "Observation.derivedFrom": "DocumentReference ImagingStudy Media QuestionnaireResponse Observation "
    "MolecularSequence",
    "ServiceRequest.subject": "Patient Group Location Device",
    "ServiceRequest.requester": "Practitioner PractitionerRole Organization Patient RelatedPerson Device",
    "ServiceRequest.performer": f"{_READERS} HealthcareService Patient Device RelatedPerson",
    "ServiceRequest.reasonReference": "Condition Observation DiagnosticReport DocumentReference",
    "ServiceRequest.supportingInfo": ANY,
    "ServiceRequest.replaces": "ServiceRequest",
    "Provenance.target": ANY,
    "Provenance.agent.who": _AGENTS,
    "Provenance.agent.onBehalfOf": _AGENTS,
    "Provenance.entity.what": ANY,
}
"""Allowed target types by element (R4 4.0.1); an element that is not listed may hold no reference here."""


def references(scan: Scan) -> Iterator[Problem]:
    """References that lead nowhere, to a wrong type, or stand where none is expected."""
    known = _addresses(scan.bundle)
    for node in scan.nodes:
        target = mapping(node.value)
        if "reference" in target or ("identifier" in target and "type" in target and node.definition in TARGETS):
            yield from _check(node, target, known)


def _addresses(bundle: JsonObject) -> dict[str, str]:
    entries = [mapping(entry) for entry in members(bundle.get("entry"))]
    return {str(e.get("fullUrl")): str(mapping(e.get("resource")).get("resourceType")) for e in entries}


def _check(node: Node, target: JsonObject, known: dict[str, str]) -> Iterator[Problem]:
    if node.definition not in TARGETS:
        yield Problem("reference-unexpected", node.path)
        return
    address, stated = target.get("reference"), target.get("type")
    kind = known.get(str(address)) if address is not None else str(stated)
    if kind is None:
        yield Problem("reference-unresolved", node.path)
        return
    allowed = TARGETS[node.definition]
    if (allowed != ANY and kind not in allowed.split()) or (stated is not None and stated != kind):
        yield Problem("reference-type", node.path)
