"""How an error looks at the FHIR border: HTTP status and OperationOutcome issue, one row per error code.

The texts are ours and fixed; an error's own message never leaves here, so that no value of a request can.
"""

from __future__ import annotations

from dataclasses import dataclass
from inspect import getdoc

from fhir_gateway.fhir.bundle import canonical
from fhir_gateway.fhir.elements import JsonObject
from fhir_gateway.systems import ERROR_CODE
from screening.domain.errors import SecondReadError

MEDIA_TYPE = "application/fhir+json; fhirVersion=4.0"


@dataclass(frozen=True)
class Issue:
    """HTTP status, IssueSeverity and IssueType (R4 OperationOutcome.issue)."""

    status: int
    severity: str
    code: str


ISSUES: dict[str, Issue] = {
    "internal_error": Issue(500, "fatal", "exception"),
    "invalid_input": Issue(422, "error", "invalid"),
    "incomplete_opinion": Issue(422, "error", "required"),
    "category_not_allowed": Issue(422, "error", "business-rule"),
    "invalid_policy": Issue(422, "error", "business-rule"),
    "calibration_invalid": Issue(422, "error", "business-rule"),
    "labels_invalid": Issue(422, "error", "business-rule"),
    "not_dicom": Issue(422, "error", "structure"),
    "unusable_image": Issue(422, "error", "not-supported"),
    "not_found": Issue(404, "error", "not-found"),
    "case_not_found": Issue(404, "error", "not-found"),
    "policy_not_found": Issue(404, "error", "not-found"),
    "model_not_found": Issue(404, "error", "not-found"),
    "conflict": Issue(409, "error", "conflict"),
    "event_not_allowed": Issue(409, "error", "business-rule"),
    "reader_not_independent": Issue(409, "error", "business-rule"),
    "case_claimed": Issue(409, "error", "lock-error"),
    "read_final": Issue(409, "error", "business-rule"),
    "case_held": Issue(409, "error", "business-rule"),
    "duplicate_instance": Issue(409, "error", "duplicate"),
    "concurrent_update": Issue(409, "error", "conflict"),
    "forbidden": Issue(403, "error", "forbidden"),
    "blinded": Issue(403, "error", "suppressed"),
    "policy_not_licensed": Issue(403, "error", "business-rule"),
    "objection_stands": Issue(403, "error", "suppressed"),
    "partner_unreachable": Issue(502, "fatal", "transient"),
    "partner_refused": Issue(502, "fatal", "processing"),
    "store_unavailable": Issue(503, "fatal", "transient"),
    "ledger_broken": Issue(500, "fatal", "exception"),
    "model_unusable": Issue(503, "error", "exception"),
    "commissioning_untrusted": Issue(500, "error", "exception"),
    "report_invalid": Issue(500, "error", "processing"),
}
"""Answer by error code; complete over `all_errors()`."""


def issue_of(error: SecondReadError) -> Issue:
    """The row for an error; a class added without a row answers like its nearest parent."""
    return ISSUES[_known(type(error)).code]


def operation_outcome(error: SecondReadError) -> JsonObject:
    """R4 OperationOutcome with one issue: our stable code, and what the condition means."""
    issue, known = issue_of(error), _known(type(error))
    meaning = (getdoc(known) or known.code).partition("\n")[0]
    details: JsonObject = {"coding": [{"system": ERROR_CODE, "code": known.code.replace("_", "-")}], "text": meaning}
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": issue.severity, "code": issue.code, "details": details}],
    }


def outcome_bytes(error: SecondReadError) -> bytes:
    """The OperationOutcome as canonical JSON for a response body."""
    return canonical(operation_outcome(error))


def _known(kind: type[SecondReadError]) -> type[SecondReadError]:
    lineage = (cls for cls in kind.__mro__ if issubclass(cls, SecondReadError))
    return next(cls for cls in lineage if cls.code in ISSUES)
