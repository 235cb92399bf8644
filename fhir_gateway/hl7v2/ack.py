"""How an error is acknowledged in HL7 v2: MSA-1 in original and enhanced mode, and ERR-3, one row per error code.

Original mode follows the Dutch programme: AR for an unknown person, accession or case and for a status that does not
fit, AE for content that will fail again. Faults of our own are AR too, the standard's word for "send it again later"
(HL7 v2.5.1 2.9.3, table 0008). In enhanced mode a message that is safely kept is committed (CA) whatever becomes of
it; only what cannot be kept is CR and what cannot be read is CE. No error's own message is repeated.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from screening.domain.errors import SecondReadError


class Ack(StrEnum):
    """Acknowledgement code (table 0008)."""

    ACCEPT = "AA"
    ERROR = "AE"
    REJECT = "AR"
    COMMIT_ACCEPT = "CA"
    COMMIT_ERROR = "CE"
    COMMIT_REJECT = "CR"


class Condition(StrEnum):
    """Message error condition (table 0357) for ERR-3."""

    ACCEPTED = "0"
    REQUIRED_MISSING = "101"
    DATA_TYPE = "102"
    VALUE_NOT_FOUND = "103"
    UNKNOWN_KEY = "204"
    DUPLICATE_KEY = "205"
    LOCKED = "206"
    INTERNAL = "207"


@dataclass(frozen=True)
class Answer:
    """MSA-1 in original mode, MSA-1 of the commit in enhanced mode, ERR-3."""

    original: Ack
    commit: Ack
    condition: Condition


ACCEPTED = Answer(Ack.ACCEPT, Ack.COMMIT_ACCEPT, Condition.ACCEPTED)
"""The answer when nothing is wrong, also to a message that was already taken in (same MSH-3, MSH-4, MSH-10)."""

_KEPT = Ack.COMMIT_ACCEPT
ANSWERS: dict[str, Answer] = {
    "internal_error": Answer(Ack.REJECT, Ack.COMMIT_REJECT, Condition.INTERNAL),
    "partner_unreachable": Answer(Ack.REJECT, Ack.COMMIT_REJECT, Condition.INTERNAL),
    "partner_refused": Answer(Ack.REJECT, Ack.COMMIT_REJECT, Condition.INTERNAL),
    "store_unavailable": Answer(Ack.REJECT, Ack.COMMIT_REJECT, Condition.INTERNAL),
    "ledger_broken": Answer(Ack.REJECT, Ack.COMMIT_REJECT, Condition.INTERNAL),
    "invalid_input": Answer(Ack.ERROR, Ack.COMMIT_ERROR, Condition.DATA_TYPE),
    "not_dicom": Answer(Ack.ERROR, Ack.COMMIT_ERROR, Condition.DATA_TYPE),
    "incomplete_opinion": Answer(Ack.ERROR, _KEPT, Condition.REQUIRED_MISSING),
    "category_not_allowed": Answer(Ack.ERROR, _KEPT, Condition.VALUE_NOT_FOUND),
    "invalid_policy": Answer(Ack.ERROR, _KEPT, Condition.VALUE_NOT_FOUND),
    "calibration_invalid": Answer(Ack.ERROR, _KEPT, Condition.VALUE_NOT_FOUND),
    "labels_invalid": Answer(Ack.ERROR, _KEPT, Condition.VALUE_NOT_FOUND),
    "unusable_image": Answer(Ack.ERROR, _KEPT, Condition.DATA_TYPE),
    "not_found": Answer(Ack.REJECT, _KEPT, Condition.UNKNOWN_KEY),
    "case_not_found": Answer(Ack.REJECT, _KEPT, Condition.UNKNOWN_KEY),
    "policy_not_found": Answer(Ack.REJECT, _KEPT, Condition.UNKNOWN_KEY),
    "model_not_found": Answer(Ack.REJECT, _KEPT, Condition.UNKNOWN_KEY),
    "conflict": Answer(Ack.REJECT, _KEPT, Condition.INTERNAL),
    "event_not_allowed": Answer(Ack.REJECT, _KEPT, Condition.INTERNAL),
    "reader_not_independent": Answer(Ack.ERROR, _KEPT, Condition.INTERNAL),
    "case_claimed": Answer(Ack.REJECT, _KEPT, Condition.LOCKED),
    "read_final": Answer(Ack.REJECT, _KEPT, Condition.INTERNAL),
    "case_held": Answer(Ack.REJECT, _KEPT, Condition.LOCKED),
    "duplicate_instance": Answer(Ack.ERROR, _KEPT, Condition.DUPLICATE_KEY),
    "concurrent_update": Answer(Ack.REJECT, _KEPT, Condition.LOCKED),
    "forbidden": Answer(Ack.REJECT, _KEPT, Condition.INTERNAL),
    "blinded": Answer(Ack.REJECT, _KEPT, Condition.INTERNAL),
    "policy_not_licensed": Answer(Ack.REJECT, _KEPT, Condition.INTERNAL),
    "objection_stands": Answer(Ack.REJECT, _KEPT, Condition.INTERNAL),
    "model_unusable": Answer(Ack.REJECT, _KEPT, Condition.INTERNAL),
    "commissioning_untrusted": Answer(Ack.REJECT, _KEPT, Condition.INTERNAL),
    "report_invalid": Answer(Ack.REJECT, _KEPT, Condition.INTERNAL),
}
"""Answer by error code; complete over `all_errors()`."""


def answer_to(error: SecondReadError) -> Answer:
    """The acknowledgement for an error; a class added without a row is answered like its nearest parent.

    >>> from screening.domain.errors import CaseNotFound
    >>> answer_to(CaseNotFound()).original.value
    'AR'
    """
    lineage = (cls.code for cls in type(error).__mro__ if issubclass(cls, SecondReadError))
    return next(ANSWERS[code] for code in lineage if code in ANSWERS)
