"""Reading composed bundles in tests: decoded JSON with just enough typing to ask questions of it."""

from __future__ import annotations

import json

from fhir_gateway.fhir.checks.problem import mapping, members
from fhir_gateway.fhir.elements import Json, JsonObject
from fhir_gateway.fhir.report import FhirReportWriter
from screening.domain.report import StructuredReport


def composed(report: StructuredReport, previous: StructuredReport | None = None) -> JsonObject:
    """The bundle of a report, decoded."""
    return decode(FhirReportWriter().compose(report, previous).bundle)


def decode(data: bytes) -> JsonObject:
    """A JSON object from bytes."""
    value: Json = json.loads(data)
    assert isinstance(value, dict)
    return value


def entries(bundle: JsonObject, kind: str) -> list[JsonObject]:
    """Entries whose resource is of this type."""
    found = (mapping(entry) for entry in members(bundle["entry"]))
    return [entry for entry in found if mapping(entry["resource"])["resourceType"] == kind]


def resources(bundle: JsonObject, kind: str) -> list[JsonObject]:
    """Resources of this type."""
    return [mapping(entry["resource"]) for entry in entries(bundle, kind)]


def one(bundle: JsonObject, kind: str) -> JsonObject:
    """The only resource of this type."""
    (found,) = resources(bundle, kind)
    return found


def code_of(concept: Json) -> str:
    """First code of a CodeableConcept, empty without one."""
    codings = members(mapping(concept).get("coding"))
    return str(mapping(codings[0]).get("code")) if codings else ""


def observations(bundle: JsonObject, code: str) -> list[JsonObject]:
    """Observations whose question has this code."""
    return [found for found in resources(bundle, "Observation") if code_of(found["code"]) == code]
