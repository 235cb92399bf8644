"""Storage commitment: what a sender may delete because it lies here for good (PS3.4 Annex J), without any DICOM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from screening.domain.identifiers import SopInstanceUid


class FailureReason(IntEnum):
    """Why an instance is not committed (PS3.3 C.14)."""

    PROCESSING_FAILURE = 0x0110
    NO_SUCH_INSTANCE = 0x0112
    CLASS_CONFLICT = 0x0119


@dataclass(frozen=True)
class Reference:
    """One instance by class and UID."""

    sop_class_uid: str
    sop_instance_uid: SopInstanceUid


@dataclass(frozen=True)
class CommitmentRequest:
    """A transaction, the AE title that asks, and the instances whose safe keeping is asked for."""

    transaction_uid: str
    asked_by: str
    references: tuple[Reference, ...]


@dataclass(frozen=True)
class CommitmentResult:
    """What is safe and what is not, with the failure reason of each (a number of PS3.3 C.14)."""

    transaction_uid: str
    stored: tuple[Reference, ...]
    failed: tuple[tuple[Reference, int], ...]


def judge(request: CommitmentRequest, classes: Mapping[SopInstanceUid, str]) -> CommitmentResult:
    """The answer to a request, given the SOP class of every asked instance that is stored here.

    >>> asked = CommitmentRequest("1.2", "UNIT", (Reference("1.1", SopInstanceUid("9")),))
    >>> judge(asked, {}).failed[0][1] == FailureReason.NO_SUCH_INSTANCE
    True
    """
    stored, failed = list[Reference](), list[tuple[Reference, int]]()
    for reference in dict.fromkeys(request.references):
        found = classes.get(reference.sop_instance_uid)
        if found == reference.sop_class_uid:
            stored.append(reference)
        else:
            reason = FailureReason.NO_SUCH_INSTANCE if found is None else FailureReason.CLASS_CONFLICT
            failed.append((reference, reason))
    return CommitmentResult(request.transaction_uid, tuple(stored), tuple(failed))
