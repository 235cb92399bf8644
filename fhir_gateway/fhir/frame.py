"""What every resource of one report shares: addresses of its neighbours, status words, the conditional requests.

Addresses are name-based (RFC 4122 version 5) on report id and version, so composing twice gives the same bytes.
Resources the receiver may already know (the woman, the organisation, the study) are created only if absent and never
overwritten; resources the report owns are updated by an identifier that stays the same across versions.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from fhir_gateway.fhir.elements import Json, JsonObject, identifier, instant, reference
from fhir_gateway.systems import REPORT_PART, named_uuid
from screening.domain.report import ReportStatus, StructuredReport
from screening.domain.study import Laterality

STATUS = {
    ReportStatus.FINAL: "final",
    ReportStatus.AMENDED: "amended",
    ReportStatus.ENTERED_IN_ERROR: "entered-in-error",
}
"""R4 DiagnosticReportStatus and ObservationStatus by report status."""


@dataclass(frozen=True)
class Entry:
    """One entry of the transaction: a resource, its address in the bundle, and how the receiver takes it in."""

    url: str
    resource: JsonObject
    request: JsonObject

    @property
    def kind(self) -> str:
        """Resource type."""
        return str(self.resource["resourceType"])

    @property
    def link(self) -> JsonObject:
        """Reference to this entry."""
        return reference(self.url, self.kind)

    def as_json(self) -> JsonObject:
        """R4 Bundle.entry."""
        return {"fullUrl": self.url, "resource": self.resource, "request": self.request}


@dataclass(frozen=True)
class Frame:
    """Addresses and common members for the resources of one report."""

    report: StructuredReport

    def url(self, key: str) -> str:
        """Address of the part `key` of this version."""
        return named_uuid(self.report.report_id, str(self.report.version), key)

    @property
    def status(self) -> str:
        """Status of the report and its observations."""
        return STATUS[self.report.status]

    @property
    def subject(self) -> JsonObject:
        """The woman."""
        return reference(self.url("patient"), "Patient")

    @property
    def organisation(self) -> JsonObject:
        """The screening organisation."""
        return reference(self.url("organisation"), "Organization")

    @property
    def study(self) -> JsonObject:
        """The imaging study."""
        return reference(self.url("study"), "ImagingStudy")

    @property
    def effective(self) -> str | None:
        """Date of the examination."""
        return self.report.study_date.isoformat() if self.report.study_date else None

    @property
    def issued(self) -> str:
        """Time of issue."""
        return instant(self.report.issued)

    def own_identifier(self, key: str) -> JsonObject:
        """Identifier of a part, the same in every version of the report."""
        return identifier(REPORT_PART, f"{self.report.report_id}/{key}")

    def owned(self, key: str, resource: JsonObject) -> Entry:
        """Entry for a resource the report owns: update by its own identifier, so sending again changes nothing."""
        return self.updated(key, resource, self.own_identifier(key))

    def updated(self, key: str, resource: JsonObject, name: JsonObject) -> Entry:
        """Entry for a resource the report owns, updated by the given identifier."""
        kind = str(resource["resourceType"])
        body = {**resource, "identifier": [name, *_listed(resource.get("identifier"))]}
        return Entry(self.url(key), body, {"method": "PUT", "url": f"{kind}?{search(name)}"})

    def shared(self, key: str, resource: JsonObject, name: JsonObject) -> Entry:
        """Entry for a resource the receiver may already hold: created only if no other has this identifier."""
        kind = str(resource["resourceType"])
        body = {**resource, "identifier": [name, *_listed(resource.get("identifier"))]}
        return Entry(self.url(key), body, {"method": "POST", "url": kind, "ifNoneExist": search(name)})


def search(name: JsonObject) -> str:
    r"""Query that finds exactly this identifier; token separators are escaped (R4 search 3.1.1.5.7).

    >>> search({"system": "urn:x", "value": "a|b"})
    'identifier=urn%3Ax%7Ca%5C%7Cb'
    """
    return f"identifier={quote(token(str(name['system'])) + '|' + token(str(name['value'])), safe='')}"


def token(text: str) -> str:
    """A search token with its separators escaped."""
    return "".join(f"\\{char}" if char in "\\,|$" else char for char in text)


def side_key(side: Laterality) -> str:
    """Word for a side inside identifiers."""
    return "right" if side is Laterality.RIGHT else "left"


def _listed(value: Json) -> tuple[Json, ...]:
    return tuple(value) if isinstance(value, list | tuple) else ()
