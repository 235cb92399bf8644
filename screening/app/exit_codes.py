"""What a script is told: the exit status of the command line for every error of the service.

0 is done, 1 is "nothing usable, or something parked", 2 is wrong usage or input. The numbers are an interface: they
are never given to another meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from screening.domain import errors


class ExitCode(IntEnum):
    """Exit statuses of `secondread`."""

    DONE = 0
    NOTHING_USABLE = 1
    INVALID = 2
    NOT_FOUND = 3
    CONFLICT = 4
    FORBIDDEN = 5
    UNUSABLE_IMAGE = 6
    STORE_UNAVAILABLE = 7
    LEDGER_BROKEN = 8
    MODEL_UNUSABLE = 9
    REPORT_INVALID = 10
    COMMISSIONING_UNTRUSTED = 11
    PARTNER_FAILED = 12
    INTERNAL = 70


MEANINGS: Final[Mapping[ExitCode, str]] = {
    ExitCode.DONE: "done",
    ExitCode.NOTHING_USABLE: "nothing usable, or something parked for a person",
    ExitCode.INVALID: "wrong usage or input",
    ExitCode.NOT_FOUND: "nothing is stored under this id",
    ExitCode.CONFLICT: "the act contradicts what is recorded",
    ExitCode.FORBIDDEN: "the person or the policy does not permit the act",
    ExitCode.UNUSABLE_IMAGE: "the image cannot be used; the reason code says why",
    ExitCode.STORE_UNAVAILABLE: "the store cannot be reached, or the disk is full; try again",
    ExitCode.LEDGER_BROKEN: "the hash chain of the ledger does not verify",
    ExitCode.MODEL_UNUSABLE: "the AI model cannot be loaded as its card says",
    ExitCode.REPORT_INVALID: "the report fails its own validation; nothing was sent",
    ExitCode.COMMISSIONING_UNTRUSTED: "signature or hashes of a commissioning record do not match",
    ExitCode.PARTNER_FAILED: "a system that was to be asked or sent to cannot be reached, or refused",
    ExitCode.INTERNAL: "internal error; only its kind is told, SECONDREAD_LOG_LEVEL=DEBUG shows the traceback",
}
"""One line per exit status, for people."""

EXIT_CODES: Final[Mapping[type[errors.SecondReadError], ExitCode]] = {
    errors.SecondReadError: ExitCode.INTERNAL,
    errors.InvalidInput: ExitCode.INVALID,
    errors.IncompleteOpinion: ExitCode.INVALID,
    errors.CategoryNotAllowed: ExitCode.INVALID,
    errors.InvalidPolicy: ExitCode.INVALID,
    errors.CalibrationInvalid: ExitCode.INVALID,
    errors.LabelsInvalid: ExitCode.INVALID,
    errors.NotDicom: ExitCode.INVALID,
    errors.NotFound: ExitCode.NOT_FOUND,
    errors.CaseNotFound: ExitCode.NOT_FOUND,
    errors.PolicyNotFound: ExitCode.NOT_FOUND,
    errors.ModelNotFound: ExitCode.NOT_FOUND,
    errors.Conflict: ExitCode.CONFLICT,
    errors.EventNotAllowed: ExitCode.CONFLICT,
    errors.ReaderNotIndependent: ExitCode.CONFLICT,
    errors.CaseClaimed: ExitCode.CONFLICT,
    errors.ReadFinal: ExitCode.CONFLICT,
    errors.CaseHeld: ExitCode.CONFLICT,
    errors.DuplicateInstance: ExitCode.CONFLICT,
    errors.ConcurrentUpdate: ExitCode.CONFLICT,
    errors.Forbidden: ExitCode.FORBIDDEN,
    errors.Blinded: ExitCode.FORBIDDEN,
    errors.PolicyNotLicensed: ExitCode.FORBIDDEN,
    errors.ObjectionStands: ExitCode.FORBIDDEN,
    errors.UnusableImage: ExitCode.UNUSABLE_IMAGE,
    errors.PartnerUnreachable: ExitCode.PARTNER_FAILED,
    errors.PartnerRefused: ExitCode.PARTNER_FAILED,
    errors.StoreUnavailable: ExitCode.STORE_UNAVAILABLE,
    errors.LedgerBroken: ExitCode.LEDGER_BROKEN,
    errors.ModelUnusable: ExitCode.MODEL_UNUSABLE,
    errors.CommissioningUntrusted: ExitCode.COMMISSIONING_UNTRUSTED,
    errors.ReportInvalid: ExitCode.REPORT_INVALID,
}
"""One row per error class; a test holds it complete."""


def exit_code(error: errors.SecondReadError) -> int:
    """The exit status for an error; an error class of another room ends like its nearest listed parent.

    >>> exit_code(errors.CaseClaimed("another reader is working on this case"))
    4
    """
    return int(next(EXIT_CODES[cls] for cls in type(error).__mro__ if cls in EXIT_CODES))
