"""Which failures of a job are worth another try, and which wait for a person: one table over every error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from screening.domain import errors


class OnFailure(StrEnum):
    """What happens to a job whose handler failed."""

    RETRY = "retry"
    PARK = "park"


_RETRY, _PARK = OnFailure.RETRY, OnFailure.PARK

RETRY_OR_PARK: Final[Mapping[type[errors.SecondReadError], OnFailure]] = {
    errors.SecondReadError: _PARK,
    errors.InvalidInput: _PARK,
    errors.IncompleteOpinion: _PARK,
    errors.CategoryNotAllowed: _PARK,
    errors.InvalidPolicy: _PARK,
    errors.CalibrationInvalid: _PARK,
    errors.LabelsInvalid: _PARK,
    errors.NotFound: _PARK,
    errors.CaseNotFound: _PARK,
    errors.PolicyNotFound: _PARK,
    errors.ModelNotFound: _PARK,
    errors.Conflict: _PARK,
    errors.EventNotAllowed: _PARK,
    errors.ReaderNotIndependent: _PARK,
    errors.CaseClaimed: _PARK,
    errors.ReadFinal: _PARK,
    errors.CaseHeld: _PARK,
    errors.DuplicateInstance: _PARK,
    errors.ConcurrentUpdate: _RETRY,
    errors.Forbidden: _PARK,
    errors.Blinded: _PARK,
    errors.PolicyNotLicensed: _PARK,
    errors.ObjectionStands: _PARK,
    errors.UnusableImage: _PARK,
    errors.NotDicom: _PARK,
    errors.StoreUnavailable: _RETRY,
    errors.PartnerUnreachable: _PARK,  # who asks a partner waits longer than a job may, and says so itself
    errors.PartnerRefused: _PARK,
    errors.LedgerBroken: _PARK,
    errors.ModelUnusable: _PARK,
    errors.CommissioningUntrusted: _PARK,
    errors.ReportInvalid: _PARK,
}
"""What passes by itself is tried again; everything else is a fact that a second try would meet again."""


@dataclass(frozen=True)
class Retries:
    """How often a passing failure is tried in all, and seconds before the second try; each wait doubles."""

    attempts: int = 7
    first_wait_s: float = 1.0


def on_failure(error: BaseException) -> OnFailure:
    """What to do about this error; unknown ones are parked."""
    known = next((cls for cls in type(error).__mro__ if cls in RETRY_OR_PARK), None)
    return RETRY_OR_PARK[known] if known is not None else OnFailure.PARK


def reason_code(error: BaseException) -> str:
    """The code a parked job shows; never the text of an error, which may name a woman."""
    return error.code if isinstance(error, errors.SecondReadError) else errors.SecondReadError.code
