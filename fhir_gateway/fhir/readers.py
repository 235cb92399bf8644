"""Organization and PractitionerRole: who reads, by role and never by person (blinding, staff privacy)."""

from __future__ import annotations

from fhir_gateway.codes import Code
from fhir_gateway.content import plain
from fhir_gateway.fhir.elements import JsonObject, concept, identifier
from fhir_gateway.fhir.frame import Entry, Frame
from fhir_gateway.narrative.words import role_word
from fhir_gateway.systems import ORGANISATION_ID, READER_ROLE, ROLE_ID
from screening.domain.errors import ReportInvalid
from screening.domain.report import Language


def organisation(frame: Frame) -> Entry:
    """R4 Organization of the screening programme. Raises ReportInvalid when the report names none."""
    name = plain(frame.report.organisation)
    if not name:
        raise ReportInvalid(f"report {frame.report.report_id} names no organisation")
    return frame.shared(
        "organisation", {"resourceType": "Organization", "name": name}, identifier(ORGANISATION_ID, name)
    )


def roles(frame: Frame) -> tuple[Entry, ...]:
    """One R4 PractitionerRole per distinct reader role, in the order they read."""
    names = dict.fromkeys(plain(reader.role) for reader in frame.report.readers)
    return tuple(_role(frame, name) for name in names if name)


def _role(frame: Frame, name: str) -> Entry:
    display = role_word(name, Language.ENGLISH)
    resource: JsonObject = {
        "resourceType": "PractitionerRole",
        "organization": frame.organisation,
        "code": [concept(Code(READER_ROLE, name.replace(" ", "-"), display), text=display)],
    }
    return frame.shared(f"role-{name}", resource, identifier(ROLE_ID, f"{plain(frame.report.organisation)}/{name}"))
