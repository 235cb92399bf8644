"""Patient: who was screened, as received, found by her identifier and never overwritten at the receiver."""

from __future__ import annotations

from fhir_gateway.content import plain
from fhir_gateway.fhir.elements import JsonObject, compact, identifier, text_or_none
from fhir_gateway.fhir.frame import Entry, Frame
from fhir_gateway.systems import person_system
from screening.domain.errors import ReportInvalid

_GENDER = {"F": "female", "M": "male", "O": "other"}


def patient(frame: Frame) -> Entry:
    """R4 Patient. Raises ReportInvalid when the woman has no identifier, because no receiver could file the report."""
    woman = frame.report.participant
    if not plain(woman.person.value):
        raise ReportInvalid(f"report {frame.report.report_id} names nobody: the identifier is empty")
    number = identifier(
        person_system(woman.person, frame.report.organisation),
        woman.person.value,
        assigner=text_or_none(woman.person.issuer),
    )
    resource = compact(
        {
            "resourceType": "Patient",
            "name": [name] if (name := _name(woman.family, woman.given)) else None,
            "gender": _GENDER.get(woman.sex, "unknown"),
            "birthDate": woman.birth_date.strip() or None,
        }
    )
    return frame.shared("patient", resource, number)


def _name(family: str, given: str) -> JsonObject:
    parts = plain(given)
    return compact({"family": text_or_none(family), "given": [parts] if parts else None})
