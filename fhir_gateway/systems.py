"""Naming systems of this service and the few HL7 base codes it uses.

Our own identifier and code systems are arcs under the UID root of the service, so that no domain name is needed.
This module must not hold clinical codes (`codes`).
"""

from __future__ import annotations

import uuid

from fhir_gateway.codes import BSN, Code
from screening.domain.identifiers import UID_ROOT, PersonId

_ARC = f"urn:oid:{UID_ROOT}.1"
REPORT_ID = f"{_ARC}.1"
REPORT_VERSION = f"{_ARC}.2"
REPORT_PART = f"{_ARC}.3"
ORGANISATION_ID = f"{_ARC}.4"
ROLE_ID = f"{_ARC}.5"
DEVICE_ID = f"{_ARC}.6"
ACCESSION = f"{_ARC}.7"
READER_ROLE = f"{_ARC}.20"
LESION_ATTRIBUTE = f"{_ARC}.21"
AI_RESULT = f"{_ARC}.22"
DEVICE_PROPERTY = f"{_ARC}.23"
RECOMMENDATION = f"{_ARC}.24"
ERROR_CODE = f"{_ARC}.25"
POLICY = f"{_ARC}.30"
IMAGE_REGION = f"{_ARC}.40"
DICOM_UID = "urn:dicom:uid"
URI = "urn:ietf:rfc:3986"
UCUM = "http://unitsofmeasure.org"

_HL7 = "http://terminology.hl7.org/CodeSystem"
RADIOLOGY = Code(f"{_HL7}/v2-0074", "RAD", "Radiology")
IMAGING = Code(f"{_HL7}/observation-category", "imaging", "Imaging")
ACCESSION_TYPE = Code(f"{_HL7}/v2-0203", "ACSN", "Accession ID")
AUTHOR = Code(f"{_HL7}/provenance-participant-type", "author", "Author")
ASSEMBLER = Code(f"{_HL7}/provenance-participant-type", "assembler", "Assembler")
CREATE = Code(f"{_HL7}/v3-DataOperation", "CREATE", "create")
REVISE = Code(f"{_HL7}/v3-DataOperation", "UPDATE", "revise")
NULLIFY = Code(f"{_HL7}/v3-DataOperation", "NULLIFY", "nullify")
RESTRICTED = Code(f"{_HL7}/v3-Confidentiality", "R", "restricted")
NO_DISCLOSURE = Code(f"{_HL7}/v3-ActCode", "NODSCLCD", "no disclosure without consent directive")
AI_NOT_OK = Code(f"{_HL7}/data-absent-reason", "not-performed", "Not Performed")

HL7_BASE: frozenset[Code] = frozenset(
    {RADIOLOGY, IMAGING, ACCESSION_TYPE, AUTHOR, ASSEMBLER, CREATE, REVISE, NULLIFY}
    | {RESTRICTED, NO_DISCLOSURE, AI_NOT_OK}
)
"""HL7's own codes, checked against the R4 definitions by the slow tests."""

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_OID, UID_ROOT)
_KNOWN_ISSUERS = {"NLMINBIZA": BSN, "BSN": BSN}


def named_uuid(*parts: str) -> str:
    """`urn:uuid:` URI that depends on nothing but its parts (RFC 4122 version 5).

    >>> named_uuid("report", "1") == named_uuid("report", "1")
    True
    """
    name = chr(31).join(parts).encode("utf-8", "replace").decode("utf-8")
    return f"urn:uuid:{uuid.uuid5(_NAMESPACE, name)}"


def person_system(person: PersonId, organisation: str) -> str:
    """Identifier system of a woman's number: a known national one, the issuer's own URI or OID, else a derived URI.

    An identifier without an issuer is local to the screening organisation.

    >>> person_system(PersonId("NLMINBIZA", "1"), "unit")
    'http://fhir.nl/fhir/NamingSystem/bsn'
    """
    issuer = person.issuer.strip()
    if issuer in _KNOWN_ISSUERS:
        return _KNOWN_ISSUERS[issuer]
    if issuer.startswith(("http://", "https://", "urn:")) and not any(c.isspace() for c in issuer):
        return issuer
    if issuer and all(part.isdigit() for part in issuer.split(".")) and "." in issuer:
        return f"urn:oid:{issuer}"
    return named_uuid("issuer", issuer or organisation)
