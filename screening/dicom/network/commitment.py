"""Storage commitment as data sets (PS3.4 Annex J): a request, and the event that answers it."""

from __future__ import annotations

from typing import Final

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from screening.domain.commitment import CommitmentRequest, CommitmentResult, FailureReason, Reference
from screening.domain.errors import InvalidInput
from screening.domain.identifiers import SopInstanceUid

ALL_STORED: Final = 1
SOME_FAILED: Final = 2
"""Event Type IDs of the answer (PS3.4 Table J.3-2)."""

MOST: Final = 100_000
"""Instances one request may name: more is hostile."""


def request_of(information: Dataset, asked_by: str) -> CommitmentRequest:
    """Read a request. Raises InvalidInput when it names no transaction, no instance, or far too many."""
    transaction = str(information.get("TransactionUID", ""))
    items = information.get("ReferencedSOPSequence", ())
    if not transaction or not items or len(items) > MOST:
        raise InvalidInput("a storage commitment names a transaction and its instances")
    return CommitmentRequest(transaction, asked_by, tuple(map(_reference, items)))


def request_dataset(request: CommitmentRequest) -> Dataset:
    """A request of ours as action information."""
    information = Dataset()
    information.TransactionUID = request.transaction_uid
    information.ReferencedSOPSequence = DicomSequence(_item(reference) for reference in request.references)
    return information


def result_of(information: Dataset) -> CommitmentResult:
    """Read an answer. Raises InvalidInput without a transaction."""
    transaction = str(information.get("TransactionUID", ""))
    if not transaction:
        raise InvalidInput("a storage commitment answer names its transaction")
    failed = [(_reference(item), _reason(item)) for item in information.get("FailedSOPSequence", ())]
    stored = map(_reference, information.get("ReferencedSOPSequence", ()))
    return CommitmentResult(transaction, tuple(stored), tuple(failed))


def result_dataset(result: CommitmentResult) -> Dataset:
    """An answer of ours as event information; `event_type` goes with it."""
    information = Dataset()
    information.TransactionUID = result.transaction_uid
    if result.stored:
        information.ReferencedSOPSequence = DicomSequence(_item(reference) for reference in result.stored)
    if result.failed:
        information.FailedSOPSequence = DicomSequence(_item(reference, reason) for reference, reason in result.failed)
    return information


def event_type(result: CommitmentResult) -> int:
    """Event Type ID of an answer."""
    return SOME_FAILED if result.failed else ALL_STORED


def _reference(item: Dataset) -> Reference:
    uid = SopInstanceUid(str(item.get("ReferencedSOPInstanceUID", "")))
    return Reference(str(item.get("ReferencedSOPClassUID", "")), uid)


def _reason(item: Dataset) -> int:
    return int(item.get("FailureReason", FailureReason.PROCESSING_FAILURE))


def _item(reference: Reference, reason: int | None = None) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = reference.sop_class_uid
    item.ReferencedSOPInstanceUID = reference.sop_instance_uid
    if reason is not None:
        item.FailureReason = int(reason)
    return item
