"""Everything that can go wrong, one class per condition, each with a stable code.

Raised by any room; translated only at the borders (HTTP, CLI, DIMSE, OperationOutcome, HL7 ACK, jobs) by tables
that a test holds complete. Messages name conditions and internal ids, never a person.
"""

from __future__ import annotations

from typing import ClassVar


class SecondReadError(Exception):
    """Root of every error this service raises on purpose."""

    code: ClassVar[str] = "internal_error"


class InvalidInput(SecondReadError):
    """The input does not have the form its definition demands."""

    code = "invalid_input"


class IncompleteOpinion(InvalidInput):
    """An opinion lacks the breast, category, view or reason that its kind demands; it cannot be stored."""

    code = "incomplete_opinion"


class CategoryNotAllowed(InvalidInput):
    """The BI-RADS category is not one that the pinned policy uses for this opinion."""

    code = "category_not_allowed"


class InvalidPolicy(InvalidInput):
    """A policy document breaks the schema or a safety rule."""

    code = "invalid_policy"


class CalibrationInvalid(InvalidInput):
    """A calibration file, its out-of-distribution reference or a set of limits is not of the form they have."""

    code = "calibration_invalid"


class LabelsInvalid(InvalidInput):
    """The table of truth does not name every exam of the folder once, or says something other than 0 or 1."""

    code = "labels_invalid"


class NotFound(SecondReadError):
    """Nothing is stored under this id."""

    code = "not_found"


class CaseNotFound(NotFound):
    """No case has this id."""

    code = "case_not_found"


class PolicyNotFound(NotFound):
    """No policy has this id and version."""

    code = "policy_not_found"


class ModelNotFound(NotFound):
    """No AI model has this name."""

    code = "model_not_found"


class Conflict(SecondReadError):
    """The act contradicts what is already recorded."""

    code = "conflict"


class EventNotAllowed(Conflict):
    """The case is in a state in which this act has no place."""

    code = "event_not_allowed"


class ReaderNotIndependent(Conflict):
    """The same person has already read this case, under this or another account."""

    code = "reader_not_independent"


class CaseClaimed(Conflict):
    """Another reader holds the lease on this case."""

    code = "case_claimed"


class ReadFinal(Conflict):
    """The read is final; the correction window has closed."""

    code = "read_final"


class CaseHeld(Conflict):
    """A hold (deferral, priors, identity, quarantine) stands between this case and its outcome."""

    code = "case_held"


class DuplicateInstance(Conflict):
    """An instance with this SOP Instance UID but other bytes is already stored; the new one is quarantined."""

    code = "duplicate_instance"


class ConcurrentUpdate(Conflict):
    """Somebody else appended to this case first; read it again and retry."""

    code = "concurrent_update"


class Forbidden(SecondReadError):
    """The person or policy does not permit this act."""

    code = "forbidden"


class Blinded(Forbidden):
    """The policy hides this field from this role until the own read is stored."""

    code = "blinded"


class PolicyNotLicensed(Forbidden):
    """The policy lets AI stand for a human read but names no licence or protocol."""

    code = "policy_not_licensed"


class ObjectionStands(Forbidden):
    """The woman objected to this use of her data."""

    code = "objection_stands"


class UnusableImage(SecondReadError):
    """The stored object cannot be used as an image; its reason code says why."""

    code = "unusable_image"

    def __init__(self, reason: str, message: str = "") -> None:
        """Keep the reason code (a `ReasonCode` value) beside the message."""
        super().__init__(message or reason)
        self.reason = reason


class NotDicom(InvalidInput):
    """The file is empty or is not a DICOM object."""

    code = "not_dicom"


class StoreUnavailable(SecondReadError):
    """The database or the file store cannot be reached, or the disk is full."""

    code = "store_unavailable"


class PartnerUnreachable(SecondReadError):
    """A system we send to or ask cannot be reached, or broke off; trying again may help."""

    code = "partner_unreachable"


class PartnerRefused(SecondReadError):
    """A system we send to or ask answered, and would not do it."""

    code = "partner_refused"


class LedgerBroken(SecondReadError):
    """The hash chain of the ledger does not verify."""

    code = "ledger_broken"


class ModelUnusable(SecondReadError):
    """The AI model cannot be loaded exactly as its card says."""

    code = "model_unusable"


class CommissioningUntrusted(SecondReadError):
    """The signature or a hash of a commissioning record does not match, or its key is not one trusted here."""

    code = "commissioning_untrusted"


class ReportInvalid(SecondReadError):
    """The outgoing report fails its own validation; nothing is sent."""

    code = "report_invalid"


def all_errors() -> tuple[type[SecondReadError], ...]:
    """Every error class, root included, parents before children."""

    def walk(cls: type[SecondReadError]) -> list[type[SecondReadError]]:
        return [cls, *(found for sub in cls.__subclasses__() for found in walk(sub))]

    return tuple(dict.fromkeys(walk(SecondReadError)))
