"""What an HTTP client is told: status and title for every error of the service, as problem+json (RFC 9457).

The title never varies; the detail is the message of the error, which names conditions and internal ids, never a
person. An error that is not ours must not pass through here: its text may hold anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from screening.domain import errors


@dataclass(frozen=True)
class ProblemType:
    """HTTP status and the unvarying title of one kind of problem."""

    status: HTTPStatus
    title: str


_INVALID, _MISSING, _CONFLICT = HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT
_FORBIDDEN, _OURS, _LATER = HTTPStatus.FORBIDDEN, HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE

PROBLEMS: Final[Mapping[type[errors.SecondReadError], ProblemType]] = {
    errors.SecondReadError: ProblemType(_OURS, "Internal error"),
    errors.InvalidInput: ProblemType(_INVALID, "Invalid input"),
    errors.IncompleteOpinion: ProblemType(_INVALID, "Opinion incomplete"),
    errors.CategoryNotAllowed: ProblemType(_INVALID, "Category not used by the policy"),
    errors.InvalidPolicy: ProblemType(_INVALID, "Policy document invalid"),
    errors.CalibrationInvalid: ProblemType(_INVALID, "Calibration invalid"),
    errors.LabelsInvalid: ProblemType(_INVALID, "Table of truth invalid"),
    errors.NotDicom: ProblemType(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Not a DICOM object"),
    errors.UnusableImage: ProblemType(_INVALID, "Image unusable"),
    errors.NotFound: ProblemType(_MISSING, "Not found"),
    errors.CaseNotFound: ProblemType(_MISSING, "Case not found"),
    errors.PolicyNotFound: ProblemType(_MISSING, "Policy not found"),
    errors.ModelNotFound: ProblemType(_MISSING, "AI model not found"),
    errors.Conflict: ProblemType(_CONFLICT, "Conflict with what is recorded"),
    errors.EventNotAllowed: ProblemType(_CONFLICT, "No place for this act in the state of the case"),
    errors.ReaderNotIndependent: ProblemType(_CONFLICT, "Reader not independent"),
    errors.CaseClaimed: ProblemType(HTTPStatus.LOCKED, "Case claimed by another reader"),
    errors.ReadFinal: ProblemType(_CONFLICT, "Read is final"),
    errors.CaseHeld: ProblemType(_CONFLICT, "Case on hold"),
    errors.DuplicateInstance: ProblemType(_CONFLICT, "Instance stored before with other content"),
    errors.ConcurrentUpdate: ProblemType(_CONFLICT, "Case changed meanwhile"),
    errors.Forbidden: ProblemType(_FORBIDDEN, "Not permitted"),
    errors.Blinded: ProblemType(_FORBIDDEN, "Hidden until the own read is stored"),
    errors.PolicyNotLicensed: ProblemType(_FORBIDDEN, "Policy names no licence or protocol"),
    errors.ObjectionStands: ProblemType(_FORBIDDEN, "The woman objected"),
    errors.StoreUnavailable: ProblemType(_LATER, "Store unavailable"),
    errors.PartnerUnreachable: ProblemType(HTTPStatus.BAD_GATEWAY, "Another system cannot be reached"),
    errors.PartnerRefused: ProblemType(HTTPStatus.BAD_GATEWAY, "Another system refused"),
    errors.LedgerBroken: ProblemType(_OURS, "Ledger broken"),
    errors.ModelUnusable: ProblemType(_LATER, "AI model unusable"),
    errors.CommissioningUntrusted: ProblemType(_OURS, "Commissioning record not trusted"),
    errors.ReportInvalid: ProblemType(_OURS, "Report invalid; nothing was sent"),
}
"""One row per error class; a test holds it complete."""


def problem_type(error: errors.SecondReadError) -> ProblemType:
    """Status and title of an error; an error class of another room answers like its nearest listed parent."""
    return next(PROBLEMS[cls] for cls in type(error).__mro__ if cls in PROBLEMS)


def problem(error: errors.SecondReadError) -> dict[str, object]:
    """The body of a problem+json answer; `code` is the stable part a client may test.

    >>> problem(errors.CaseNotFound("no case has the id case-1"))["status"]
    404
    """
    kind = problem_type(error)
    return {
        "type": f"urn:secondread:problem:{error.code}",
        "title": kind.title,
        "status": int(kind.status),
        "detail": str(error),
        "code": error.code,
    }
