"""What a sender is told: the DIMSE status for every error of the service (PS3.4 B.2.3, PS3.7 Annex C).

0x0000 is for an instance that is on disk and registered, and for nothing else. An image that cannot be scored is still
stored, so its reason never becomes a status; a failure means the sender still owns the only copy. No text of an
exception goes out, only its code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from screening.domain import errors


@dataclass(frozen=True)
class DimseStatus:
    """A status of a response: 16-bit code, its standard meaning, and the clause that defines it."""

    code: int
    meaning: str
    clause: str


SUCCESS: Final = DimseStatus(0x0000, "Success", "PS3.4 B.2.3")
OUT_OF_RESOURCES: Final = DimseStatus(0xA700, "Refused: Out of Resources", "PS3.4 B.2.3")
SOP_CLASS_MISMATCH: Final = DimseStatus(0xA900, "Error: Data Set does not match SOP Class", "PS3.4 B.2.3")
"""For the receiver itself: SOP Class or Instance UID of the command differs from that of the data set."""
CANNOT_UNDERSTAND: Final = DimseStatus(0xC000, "Error: Cannot understand", "PS3.4 B.2.3")
PROCESSING_FAILURE: Final = DimseStatus(0x0110, "Processing failure", "PS3.7 Annex C")
DUPLICATE_INSTANCE: Final = DimseStatus(0x0111, "Duplicate SOP Instance", "PS3.7 Annex C")
INVALID_ARGUMENT: Final = DimseStatus(0x0115, "Invalid argument value", "PS3.7 Annex C")
SOP_CLASS_UNSUPPORTED: Final = DimseStatus(0x0122, "Refused: SOP Class not supported", "PS3.7 Annex C")
NO_SUCH_ACTION: Final = DimseStatus(0x0123, "No such action type", "PS3.7 Annex C")
NOT_AUTHORISED: Final = DimseStatus(0x0124, "Refused: Not authorized", "PS3.7 Annex C")

TRANSFER_SYNTAX_UNSUPPORTED: Final = DimseStatus(0xC122, "Transfer Syntax not supported", "PS3.18 I.2.2")
"""For an answer over HTTP only: a DIMSE association settles the syntax before anything is sent."""

STORE_STATUS: Final[dict[type[errors.SecondReadError], DimseStatus]] = {
    errors.SecondReadError: PROCESSING_FAILURE,
    # the data set itself is at fault: sending it again will not help
    errors.InvalidInput: CANNOT_UNDERSTAND,
    errors.NotDicom: CANNOT_UNDERSTAND,
    errors.UnusableImage: CANNOT_UNDERSTAND,
    errors.DuplicateInstance: DUPLICATE_INSTANCE,
    # we cannot keep it now: senders keep their copy and try again
    errors.StoreUnavailable: OUT_OF_RESOURCES,
    errors.ConcurrentUpdate: OUT_OF_RESOURCES,
    errors.Forbidden: NOT_AUTHORISED,
    errors.Blinded: NOT_AUTHORISED,
    errors.PolicyNotLicensed: NOT_AUTHORISED,
    errors.ObjectionStands: NOT_AUTHORISED,
    errors.PartnerUnreachable: PROCESSING_FAILURE,
    errors.PartnerRefused: PROCESSING_FAILURE,
    # no data set can cause these: if one escapes during a C-STORE, the fault is ours
    errors.IncompleteOpinion: PROCESSING_FAILURE,
    errors.CategoryNotAllowed: PROCESSING_FAILURE,
    errors.InvalidPolicy: PROCESSING_FAILURE,
    errors.CalibrationInvalid: PROCESSING_FAILURE,
    errors.LabelsInvalid: PROCESSING_FAILURE,
    errors.NotFound: PROCESSING_FAILURE,
    errors.CaseNotFound: PROCESSING_FAILURE,
    errors.PolicyNotFound: PROCESSING_FAILURE,
    errors.ModelNotFound: PROCESSING_FAILURE,
    errors.Conflict: PROCESSING_FAILURE,
    errors.EventNotAllowed: PROCESSING_FAILURE,
    errors.ReaderNotIndependent: PROCESSING_FAILURE,
    errors.CaseClaimed: PROCESSING_FAILURE,
    errors.ReadFinal: PROCESSING_FAILURE,
    errors.CaseHeld: PROCESSING_FAILURE,
    errors.LedgerBroken: PROCESSING_FAILURE,
    errors.ModelUnusable: PROCESSING_FAILURE,
    errors.CommissioningUntrusted: PROCESSING_FAILURE,
    errors.ReportInvalid: PROCESSING_FAILURE,
}
"""One row per error class; a test holds it complete."""


def store_status(error: errors.SecondReadError) -> DimseStatus:
    """The C-STORE status for an error; an error class of another room answers like its nearest listed parent.

    >>> hex(store_status(errors.StoreUnavailable("disk full")).code)
    '0xa700'
    """
    return next(STORE_STATUS[cls] for cls in type(error).__mro__ if cls in STORE_STATUS)
